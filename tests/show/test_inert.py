"""No text of a table is a formula in a spreadsheet."""

from __future__ import annotations

import pandas as pd
import pytest

from bayescale.show.inert import inert

FORMULAS = ("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "  =1", "\u3000=1", "\uff1d1")
# After what separates cells or rows for some readers there is another beginning.
INSIDE = {"\t=1": "'\t'=1", "\r=1": "'\r'=1", "a;=1": "a;'=1", "a\n+1": "a\n'+1", "a;\uff1d1": "a;'\uff1d1"}


@pytest.mark.parametrize(("text", "plain"), [*((text, f"'{text}") for text in FORMULAS), *INSIDE.items()])
def test_a_formula_is_text(text, plain):
    table = inert(pd.DataFrame({"family": [text], text: [1]}))
    assert table.iloc[0, 0] == plain and table.columns[1] == plain


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
