"""``bayescale compare``: words after its lists are values, formats agree, and errors are lines."""

from __future__ import annotations

import io

import pandas as pd
import pytest

LAWS = ("--laws", "chinchilla", "kaplan-nd", "--ratios", "4")


def test_a_comparison_prints_scores_and_the_decision_in_every_format(bayescale, runs_csv, tmp_path):
    words = ("compare", runs_csv, *LAWS, "--compute", "1e22")
    drawn = tmp_path / "multiverse.png"
    records = bayescale(*words, "--format", "json", "--figure", drawn).records
    assert drawn.stat().st_size > 0
    assert {row["choice"] for row in records["scores"]} == {"chinchilla", "kaplan-nd"}
    assert sum(row["weight"] for row in records["scores"]) == pytest.approx(1.0)
    csv = pd.read_csv(io.StringIO(bayescale(*words, "--format", "csv", "--part", "decision").out))
    assert csv["median"].tolist() == pytest.approx([row["median"] for row in records["decision"]])
    printed = bayescale(*words)
    assert printed.code == 0
    assert "in range: PSIS-LOO" in printed.out and "(stacked)" in printed.out and "fineweb-edu" in printed.out


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
