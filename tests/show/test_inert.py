"""No text of a table is a formula in a spreadsheet."""

from __future__ import annotations

import pandas as pd
import pytest

from bayescale.show.inert import inert

FORMULAS = ("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "  =1")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text):
    table = inert(pd.DataFrame({"family": [text], text: [1]}))
    assert table.iloc[0, 0] == f"'{text}" and table.columns[1] == f"'{text}"


def test_numbers_and_other_texts_stay_as_they_are():
    table = pd.DataFrame({"family": ["dense", "a=b", None], "median": [-1.5, float("nan"), 2.0], "n": [1, -2, 3]})
    pd.testing.assert_frame_equal(inert(table), table)


def test_commands_print_inert_csv(bayescale_csv):
    assert bayescale_csv.startswith("family\n'=1+1\n")


@pytest.fixture
def bayescale_csv(capsys) -> str:
    from bayescale.cli.output import emit

    emit(pd.DataFrame({"family": ["=1+1"]}), "csv", print)
    return capsys.readouterr().out
