"""Recipes compared by their scores on the command line, as in Python."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

AT = ("--params", "7e9", "7e10", "--tokens", "1e12")
PLAN = {"params": [7e9, 7e10], "tokens": 1e12}


@pytest.fixture(scope="module")
def recipes(frame, tmp_path_factory):
    """A folder with fits of loss and of error for two recipes of their own, measured at common scales."""
    folder = tmp_path_factory.mktemp("recipes")
    for name, better in (("web", 0.0), ("code", 0.05)):
        table = frame[frame["family"] == "fineweb-edu"][["params", "tokens", "loss"]]
        error = 0.8 - (0.2 + better) * np.exp(2.0 - table["loss"])
        bs.fit("chinchilla", bs.read_runs(table), seed=0).save(folder / f"{name}-loss.nc")
        runs = bs.read_runs(table.assign(error=error * np.tile([1.002, 0.998, 1, 1, 1], 5)), law="downstream-error")
        bs.fit("downstream-error", runs, seed=0).save(folder / f"{name}-error.nc")
    return folder


def same(records, table):
    made = pd.DataFrame(records)[list(table.columns)].replace({None: np.nan})
    pd.testing.assert_frame_equal(made, table, check_dtype=False, rtol=1e-9)
    assert pd.DataFrame(records)["note"].tolist() == list(table.attrs["notes"])


def test_families_of_a_chain_are_the_recipes(bayescale, fit_nc, error_nc):
    found = bs.compare_scores(bs.chain(bs.load(fit_nc), bs.load(error_nc)), **PLAN)
    words = ("scores", fit_nc, error_nc, *AT)
    same(bayescale(*words, "--format", "json").records, found.table())
    printed = pd.read_csv(io.StringIO(bayescale(*words, "--format", "csv").out))
    np.testing.assert_allclose(printed["best"], found.table()["best"])
    assert printed["note"].str.startswith("Stage 1: Extrapolated").all() and printed["note"].nunique() == 2
    shown = bayescale(*words).out
    assert shown.startswith("Recipes by error, one new run of each, median and 90% equal-tailed interval")
    assert "starcoder" in shown and "no common small scale" in shown


def test_families_that_a_stage_lacks_are_named(bayescale, frame, fit_nc, tmp_path):
    """And nobody knows how far the plan lies beyond a table without sizes."""
    more = frame[frame["family"] == "starcoder"].assign(family="mix")
    table = pd.concat([frame, more]).assign(error=lambda one: 0.8 - 0.2 * np.exp(2.0 - one["loss"]))
    table["error"] *= np.resize([1.002, 0.998, 1.0], len(table))
    runs = bs.read_runs(table[["family", "loss", "error"]], law="downstream-error", group="family")
    bs.fit("downstream-error", runs, seed=0, chains=2, warmup=100, draws=100).save(tmp_path / "more.nc")
    said = bayescale("scores", fit_nc, tmp_path / "more.nc", *AT).err
    assert "note: left out, since not every stage has it: mix." in said
    assert "how far these sizes and tokens lie beyond the data is not known" in said


def test_recipes_with_fits_of_their_own_are_named(bayescale, recipes):
    words = [word for name in ("web", "code") for word in ("--recipe", files_of(recipes, name))]
    chains = {
        name: bs.chain(*(bs.load(recipes / f"{name}-{stage}.nc") for stage in ("loss", "error")))
        for name in ("web", "code")
    }
    asked, half = ("--kind", "law", "--seed", "3", "--discrepancy", "none"), ("--prob", "0.5")
    found = bs.compare_scores(chains, **PLAN, kind="law", seed=3, discrepancy=None)
    same(bayescale("scores", *words, *AT, *asked, *half, "--format", "json").records, found.table(prob=0.5))
    shown = bayescale("scores", *words, *AT, *asked, *half).out
    assert "small scale: 3e9 parameters, 5e10 tokens" in shown
    pairs = bayescale("scores", *words, *AT, *asked, "--answer", "pairs", "--format", "json").records
    assert [pair["wins"] for pair in pairs] == pytest.approx(found.pairs()["wins"].tolist())
    # Of one loss the recipe with the larger gain has fewer errors, at small scale and beyond.
    assert [pair["ranking"] for pair in pairs] == [0.0, 0.0]
    assert all(pair["wins"] < 0.5 for pair in pairs)
    assert "second" in bayescale("scores", *words, *AT, *asked, "--answer", "pairs").out


def files_of(folder, name):
    return f"{name}={folder / f'{name}-loss.nc'},{folder / f'{name}-error.nc'}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "scores takes fits whose families are the recipes, or --recipe NAME=FIT.nc,FIT.nc; got neither."),
        (
            ("fit.nc", "--recipe", "a=b.nc,c.nc"),
            "scores takes fits whose families are the recipes, or --recipe NAME=FIT.nc,FIT.nc; got both.",
        ),
        (("fit.nc", "--recipe", "a"), "--recipe takes NAME=FIT.nc,FIT.nc, got 'a'."),
        (
            ("fit.nc",),
            "scores takes a fit of every stage, such as that of the loss and that of an error, bayescale scores "
            "LOSS.nc ERROR.nc; got fit.nc alone.",
        ),
        (
            ("a.nc", "b.nc", "--answer", "pairs", "--prob", "0.5"),
            "--prob is of --answer recipes; leave it out of --answer pairs.",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(bayescale, words, message):
    result = bayescale("scores", *words, *AT)
    assert (result.code, result.out, result.err) == (2, "", f"error: {message}\n")


def test_a_comparison_without_a_size_is_refused(bayescale, fit_nc, error_nc):
    result = bayescale("scores", fit_nc, error_nc, "--params", "7e9")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: Scores are compared at given sizes and tokens; give --tokens.\n"
