"""``bayescale compare``: words after its lists are values, formats agree, and errors are lines."""

from __future__ import annotations

import io

import pandas as pd
import pytest

import bayescale as bs

LAWS = ("--laws", "chinchilla", "chinchilla-tied")


@pytest.fixture(scope="module")
def found(runs_csv) -> bs.Comparison:
    """A comparison of the instant engine, which is quick."""
    runs = bs.read_runs(runs_csv)
    laws = ["chinchilla", "chinchilla-tied"]
    return bs.compare(laws, runs, ratios=[4], compute=[1e22], draws=250, engine="instant")


@pytest.fixture
def given(found, monkeypatch) -> dict:
    """What the command asks the library for, which answers with the quick comparison."""
    asked: dict = {}

    def compare(laws, runs, **options):
        asked.update(laws=laws, runs=len(runs), **options)
        return found

    monkeypatch.setattr(bs, "compare", compare)
    return asked


def test_lists_of_words_and_numbers_reach_the_library(bayescale, runs_csv, given):
    words = ("--noises", "student-t", "laplace", "--drops", "none", "tokens_per_param < 2", "--ratios", "2", "4")
    done = bayescale("compare", runs_csv, *LAWS, *words, "--model-errors", "0", "0.04", "--compute", "1e22", "1e23")
    assert done.code == 0
    assert given == {
        "laws": ["chinchilla", "chinchilla-tied"],
        "runs": 50,
        "noises": ["student-t", "laplace"],
        "drops": [None, "tokens_per_param < 2"],
        "ratios": [2.0, 4.0],
        "model_errors": [0.0, 0.04],
        "compute": [1e22, 1e23],
        "pooling": "none",
        "seed": 0,
    }


def test_formats_print_the_tables_of_the_comparison(bayescale, runs_csv, given, found, tmp_path):
    words, drawn = ("compare", runs_csv, *LAWS, "--compute", "1e22"), tmp_path / "multiverse.png"
    decision, scores = found.decision_table(), found.table()
    records = bayescale(*words, "--format", "json", "--figure", drawn).records
    assert drawn.stat().st_size > 0
    assert [row["median"] for row in records["decision"]] == decision["median"].tolist()
    assert [row["weight"] for row in records["scores"]] == scores["weight"].tolist()
    for part, table in (("scores", scores), ("decision", decision)):
        printed = pd.read_csv(io.StringIO(bayescale(*words, "--format", "csv", "--part", part).out))
        assert printed["weight"].tolist() == pytest.approx(table["weight"].tolist())
        assert printed.columns.tolist() == table.columns.tolist()
    printed = bayescale(*words)
    for text in ("in range: PSIS-LOO", "(stacked)", "starcoder: chinchilla-tied", "held-out larger runs, 2 families"):
        assert text in printed.out
    assert "rest on 2 families: they are surer than they should be" in " ".join(printed.err.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--laws", "chinchilla"), "at least two laws"),
        (("--laws", "chinchilla", "chinchila"), "chinchila"),
        ((*LAWS, "--drops", "none", "small"), "NAME < NUMBER"),
        ((*LAWS, "--part", "decision"), "give its budget with --compute"),
        ((*LAWS, "--figure", "x.png"), "give its budget with --compute"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_exit_code_2(bayescale, runs_csv, words, message):
    done = bayescale("compare", runs_csv, *words)
    assert done.code == 2 and done.out == ""
    assert message in done.err and "Traceback" not in done.err
