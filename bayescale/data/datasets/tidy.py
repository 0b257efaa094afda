"""From a table with canonical columns to runs that remember what was left out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from bayescale.data.read import read_quietly
from bayescale.data.runs import LEFT_OUT, Runs
from bayescale.language.errors import DataWarning


def tidied(
    table: pd.DataFrame, name: str, *, left_out: Iterable[tuple[int, str]] = (), params_convention: str = "total"
) -> Runs:
    """Read a table of a data set.

    Args:
        table: canonical columns only.
        name: of the data set and its variant, which becomes the source of the runs.
        left_out: how many rows of the file are not in the table, each with the reason; zeros are not said.
        params_convention: how the source counts parameters.

    Returns:
        the runs; what was left out is the first of their warnings.
    """
    runs = replace(read_quietly(table, params_convention=params_convention), source=f"data set {name}")
    said = [f"{count:,} {reason}" for count, reason in left_out if count]
    if not said:
        return runs
    warning = DataWarning(LEFT_OUT, f"rows of the file that are not in this table: {'; '.join(said)}.")
    return replace(runs, warnings=(warning, *runs.warnings))
