"""Tables for papers, scripts and terminals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS
from bayescale.show.escape import escape
from bayescale.show.latex import to_latex
from bayescale.show.macros import to_macros
from bayescale.show.markdown import to_markdown
from bayescale.show.numbers import format_estimate, format_number

__all__ = [
    "escape",
    "format_estimate",
    "format_number",
    "to_latex",
    "to_macros",
    "to_markdown",
    "to_records",
    "wide_plan",
]


def to_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as records for JSON: Python's own types only; None for what is missing or not finite.

    >>> to_records(pd.DataFrame({"group": ["dense"], "median": [1.5], "extrapolation": [float("nan")]}))
    [{'group': 'dense', 'median': 1.5, 'extrapolation': None}]
    """
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def wide_plan(table: pd.DataFrame) -> pd.DataFrame:
    """Return a plan's table with one row per group and budget.

    Args:
        table: from ``plan.table()``.

    Returns:
        columns group, compute, prob, extrapolation, cost, then for each quantity its median under its own name and the
        interval as ``{quantity}_lower`` and ``{quantity}_upper``, and discrepancy, the name of what the loss has added.
        ``attrs["note"]`` is that of the plan.

    Raises:
        SettingsError: not the table of a plan.
    """
    keys = ["group", "compute", "prob", "extrapolation"]
    if missing := sorted({*keys, "quantity", "median", "lower", "upper"} - set(table)):
        raise SettingsError(f"wide_plan takes the table of a plan; this one lacks {', '.join(missing)}.")
    keys += [name for name in ("cost",) if name in table]
    # A budget that was asked for twice stays two rows.
    repeat = table.groupby([*keys, "quantity"], dropna=False, sort=False).cumcount()
    wide = table[keys].assign(_repeat=repeat).drop_duplicates().reset_index(drop=True)
    for quantity, rows in table.assign(_repeat=repeat).groupby("quantity", sort=False):
        names = {"median": quantity, "lower": f"{quantity}_lower", "upper": f"{quantity}_upper"}
        part = rows[[*keys, "_repeat", *names]].rename(columns=names)
        wide = wide.merge(part, on=[*keys, "_repeat"], how="left")
    if "discrepancy" in table:
        loss = table.assign(_repeat=repeat)[table["quantity"] == LOSS.name]
        wide = wide.merge(loss[[*keys, "_repeat", "discrepancy"]], on=[*keys, "_repeat"], how="left")
    wide.attrs |= {name: value for name, value in table.attrs.items() if name != "notes"}  # those are of its rows
    return wide.drop(columns="_repeat")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, bool, int, float)) else str(value)
