"""``bayescale backtest`` and what is added beyond the data on the command line."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.model_error import model_error_of
from bayescale.show.tables import to_records

FAR = ("--params", "1e11", "--tokens", "1e12", "--group", "starcoder")


@pytest.fixture(scope="module")
def tried(runs_csv) -> bs.Backtest:
    """What the command should find."""
    return bs.backtest("chinchilla", bs.read_runs(runs_csv, group="family"), ratios=[4, 1e5], draws=250)


@pytest.fixture
def words(runs_csv) -> tuple:
    return ("backtest", runs_csv, "--group", "family", "--ratios", "4", "1e5", "--draws", "250")


def test_json_and_csv_are_the_table_of_the_library(bayescale, words, tried):
    table = tried.table()
    done = bayescale(*words, "--format", "json")
    assert done.code == 0
    assert done.records == to_records(table)
    assert done.records[0]["discrepancy"] == tried.added != "none"
    printed = pd.read_csv(io.StringIO(bayescale(*words, "--format", "csv", "--by", "family").out))
    expected = tried.table(by="family")
    assert printed.columns.tolist() == expected.columns.tolist()
    assert printed["crps"].tolist() == pytest.approx(expected["crps"].tolist())


def test_a_table_for_people_says_what_was_tried_and_skipped_splits_are_noted(bayescale, words, tried, tmp_path):
    out = tmp_path / "held_out.csv"
    done = bayescale(*words, "--runs-out", out)
    assert "Backtest of chinchilla, compute held out:" in done.out and "2 skipped" in done.out
    assert f"discrepancy {tried.added}" in " ".join(done.out.split())
    assert "Per cent of the response, families counting the same" in done.out
    assert "starcoder at 100000x was skipped: 0 run(s) lie below the cut" in " ".join(done.err.split())
    written = pd.read_csv(out)
    assert written.columns.tolist() == tried.runs.columns.tolist()
    np.testing.assert_allclose(written["upper_0.9"], tried.runs["upper_0.9"])


def test_settings_reach_the_library(bayescale, runs_csv, tried, monkeypatch):
    asked: dict = {}

    def backtest(law, runs, **options):
        asked.update(law=law.name, runs=len(runs), **options)
        return tried

    monkeypatch.setattr(bs, "backtest", backtest)
    done = bayescale(
        "backtest", runs_csv, "--law", "kaplan-nd", "--hold-out", "future", "--pooling", "complete",
        "--noise", "normal", "--model-error", "0.04", "--discrepancy", "none", "--fewest", "5", "--seed", "3",
        "--largest",
    )  # fmt: skip
    assert done.code == 0
    expected = {"law": "kaplan-nd", "runs": 50, "hold_out": "future", "noise": "normal", "model_error": 0.04}
    expected |= {"discrepancy": None, "fewest": 5, "seed": 3, "pooling": "complete"}
    assert asked == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--hold-out", "past"), "hold_out must be one of compute, future, family"),
        (("--ratios", "0.5"), "ratios must be finite numbers above 1"),
        (("--discrepancy", "some"), "--discrepancy takes learnt, none or a number such as 0.02, got 'some'"),
        (("--discrepancy", "-1"), "The scale of a discrepancy must be positive"),
        (("--law", "chinchila"), "chinchila"),
        (("--ratios", "1e9"), "No family can be backtested"),
        (("--runs-out", "no/such/folder.csv"), "is no place for a file"),
        (("--model-error", "-1"), "model_error must be at least 0"),
    ],
)
def test_what_cannot_be_backtested_is_one_line_and_exit_code_2(bayescale, runs_csv, given, message):
    done = bayescale("backtest", runs_csv, "--group", "family", *given)
    assert done.code == 2 and done.out == ""
    assert message in " ".join(done.err.split()) and "Traceback" not in done.err


def test_the_table_of_runs_is_not_written_over(bayescale, runs_csv):
    before = runs_csv.read_bytes()
    done = bayescale("backtest", runs_csv, "--runs-out", runs_csv)
    assert done.code == 2 and "is the table of runs itself" in " ".join(done.err.split())
    assert runs_csv.read_bytes() == before


@pytest.mark.parametrize(
    ("word", "choice"), [("learnt", "learnt"), ("none", None), ("0.05", bs.Discrepancy.brownian(0.05))]
)
def test_predictions_and_plans_have_the_discrepancy_that_was_asked_for(bayescale, fit_nc, word, choice):
    fit = bs.load(fit_nc)
    made = bs.predict(fit, params=1e11, tokens=1e12, group="starcoder", discrepancy=choice)
    (row,) = bayescale("predict", fit_nc, *FAR, "--discrepancy", word, "--format", "json").records
    expected = made.table().iloc[0]
    assert (row["upper"], row["discrepancy"]) == (pytest.approx(expected["upper"]), expected["discrepancy"])
    assert row["note"] == made.note != ""
    plan = bs.allocate(fit, compute=1e24, group="starcoder", discrepancy=choice)
    asked = ("allocate", fit_nc, "--compute", "1e24", "--group", "starcoder", "--discrepancy", word)
    rows = {row["quantity"]: row for row in bayescale(*asked, "--format", "json").records}
    own = plan.table().set_index("quantity")
    assert rows["loss"]["upper"] == pytest.approx(own.loc["loss", "upper"])
    assert rows["loss"]["discrepancy"] == own.loc["loss", "discrepancy"]
    assert rows["params"]["discrepancy"] == "none" and rows["loss"]["note"] == plan.note
    assert plan.note.split(";")[0].split(" without")[0] in " ".join(bayescale(*asked).out.split())


@pytest.mark.parametrize("verb", [("predict", *FAR), ("allocate", "--compute", "1e24")])
def test_a_discrepancy_that_is_none_is_refused(bayescale, fit_nc, verb):
    done = bayescale(verb[0], fit_nc, *verb[1:], "--discrepancy", "0")
    assert done.code == 2 and "The scale of a discrepancy must be positive" in " ".join(done.err.split())


def test_a_model_error_is_fitted_saved_and_said(bayescale, frame, tmp_path):
    """It is the column of the runs, which a saved fit has, and the fit is that of the library."""
    table, out = tmp_path / "one.csv", tmp_path / "fit.nc"
    one = frame[frame["family"] == "starcoder"][["params", "tokens", "loss"]]
    one.to_csv(table, index=False)
    done = bayescale("fit", table, "--model-error", "0.04", "--out", out, "--draws", "250")
    assert done.code == 0, done.err
    assert "the law's own error is 0.04 a decade below the largest run" in done.out
    fit = bs.load(out)
    assert model_error_of(fit.runs) == pytest.approx(0.04)
    compute = 6 * one["params"] * one["tokens"]
    expected = 0.04 * np.sqrt(np.log10(compute.max() / compute))
    np.testing.assert_allclose(fit.runs.table["model_error"], expected, atol=1e-12)
    own = bs.fit("chinchilla", bs.read_runs(table), model_error=0.04, draws=250)
    np.testing.assert_allclose(fit.posterior["E"], own.posterior["E"])
    # Largest runs count more than with the plain likelihood: the error is in the density, row by row.
    plain = bs.fit("chinchilla", bs.read_runs(table), draws=250)
    assert float(own.log_likelihood["loss"].mean()) < float(plain.log_likelihood["loss"].mean())


def test_an_impossible_model_error_is_refused(bayescale, runs_csv, tmp_path):
    done = bayescale("fit", runs_csv, "--model-error", "-1", "--out", tmp_path / "fit.nc")
    assert done.code == 2 and "model_error must be at least 0" in " ".join(done.err.split())
