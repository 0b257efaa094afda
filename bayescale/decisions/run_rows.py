"""The rows of a family, or of one run, of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayescale.data import Runs
from bayescale.data.checkpoints import run_codes
from bayescale.language.errors import SettingsError


def rows_of_group(runs: Runs, group: str | None) -> pd.DataFrame:
    """Return the rows of a family; all of them for None, and of a table without families."""
    table = runs.table
    return table if group is None or not runs.families else table[table["family"] == group]


def rows_of_run(runs: Runs, run: str, group: str | None, params: Any = None) -> np.ndarray:
    """Return the rows of the run of this name.

    Args:
        runs: the table.
        run: its name in the column ``run``.
        group: its family, where families share that name.
        params: its size, where sizes share it; several do not choose.

    Raises:
        SettingsError: the table names no runs, or there is no such run, or several.
    """
    table = runs.table
    if "run" not in table:
        raise SettingsError("The table has no column that names the run of each row; map it with columns={'run': ...}.")
    chosen = (table["run"] == run).to_numpy()
    if group is not None:
        chosen = chosen & ((table["family"] == group).to_numpy() if runs.families else False)
    if "params" in table and params is not None and np.ndim(params) == 0:
        chosen = chosen & (table["params"].to_numpy() == params)
    found = np.unique(run_codes(runs)[chosen])
    if found.size != 1:
        names = list(dict.fromkeys(table["run"]))
        have = f"it has {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
        many = f"{found.size} runs have the name {run!r}: give group or params" if found.size else have
        raise SettingsError(f"The table must have one run {run!r}; {many}.")
    return np.flatnonzero(chosen)
