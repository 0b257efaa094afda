"""Tables for spreadsheets, which take some texts for formulas."""

from __future__ import annotations

import re

import pandas as pd

# What a spreadsheet begins a formula with, also in the wide forms of East Asian ones, or skips before one.
_BEGINNING = r"[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]"
_AT_START = re.compile(rf"[ \u00a0\u3000\ufeff]*{_BEGINNING}")
# After what separates cells where the comma is a decimal mark, and in tables that are pasted.
_INSIDE = re.compile(rf"([;\t\r\n]\s*)(?={_BEGINNING})")


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
    if not isinstance(value, str):
        return value
    inside = _INSIDE.sub(r"\1'", value)
    return f"'{inside}" if _AT_START.match(inside) else inside
