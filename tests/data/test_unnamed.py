"""Text columns that nothing uses and that split a table into families are told of; other columns are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data import read_runs
from bayescale.data.read import read_quietly
from bayescale.data.unnamed import MOST_GROUPS
from bayescale.language.errors import DataWarning

SIZES, TOKENS = np.geomspace(1e8, 3e9, 6), np.geomspace(4e9, 6e10, 4)


def table(**columns) -> pd.DataFrame:
    """Twenty-four runs."""
    N, D = (axis.ravel() for axis in np.meshgrid(SIZES, TOKENS))
    frame = pd.DataFrame({"params": N, "tokens": D, "loss": 1.8 + 400 / N**0.35 + 400 / D**0.3})
    return frame.assign(**columns)


def codes(frame, *args, **settings) -> list[str]:
    runs = read_quietly(frame, *args, **settings)
    return [warning.code for warning in runs.warnings]


CORPUS = ["web", "books", "code"] * 8


def test_a_column_of_families_that_is_not_used_is_named_with_its_groups(tmp_path):
    said = (
        r"families-unnamed\] column 'corpus' splits the table into 3 groups \('web' \(8\), 'books' \(8\), 'code' "
        r"\(8\)\), and no family is named: .* columns=\{'family': 'corpus'\}, .* columns=\{'family': None\}\."
    )
    with pytest.warns(DataWarning, match=said):
        read_runs(table(corpus=CORPUS))
    table(corpus=CORPUS).to_csv(tmp_path / "runs.csv", index=False)
    with pytest.warns(DataWarning, match=said):
        read_runs(tmp_path / "runs.csv")


def test_naming_the_families_or_declining_them_ends_the_warning():
    frame = table(corpus=CORPUS)
    assert codes(frame, group="corpus") == codes(frame, {"family": None}) == []


@pytest.mark.parametrize(
    "column",
    {
        "one value": ["web"] * 24,
        "a name for every row": [f"run {i}" for i in range(24)],
        "numbers": [f"{i % 3}" for i in range(24)],
        "cells are missing": ["web", None, "code"] * 8,
        "it names sizes": [f"{size:.0f}M" for size in table()["params"] / 1e6],
    }.items(),
    ids=lambda item: item[0],
)
def test_other_columns_are_no_families(column):
    assert codes(table(label=column[1])) == []


def test_many_groups_are_no_families():
    frame = pd.concat([table(label=f"group {i}") for i in range(MOST_GROUPS + 1)])
    assert codes(frame) == ["duplicate-rows"]
