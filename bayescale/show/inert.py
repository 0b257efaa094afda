"""Tables for spreadsheets, which take some texts for formulas."""

from __future__ import annotations

import pandas as pd

# What a spreadsheet begins a formula with, or skips before one.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, names of columns too, no spreadsheet runs as formulas: an apostrophe stands before.

    Numbers stay as they are.

    >>> inert(pd.DataFrame({"family": ["=1+1", "dense"], "median": [-1.5, 2.0]})).values.tolist()
    [["'=1+1", -1.5], ['dense', 2.0]]
    """
    changed = table.rename(columns=_plain)
    for place, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            changed.isetitem(place, [_plain(value) for value in table.iloc[:, place]])
    return changed


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_BEGINNINGS) else value
