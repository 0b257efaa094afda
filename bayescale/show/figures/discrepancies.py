"""How figures name the discrepancy that is in their intervals."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from bayescale.decisions.extrapolation import is_beyond

NONE = "none"
# Columns of a legend.
WIDTH = 32


def discrepancy_words(names: pd.Series) -> str:
    """Return what was added beyond the data, in lines that a legend can hold.

    Args:
        names: of the discrepancy of each row beyond the data; none at all where no row lies there.

    >>> discrepancy_words(pd.Series(["learnt, 25 families", "learnt, 25 families"]))
    'discrepancy: learnt, 25 families'
    >>> discrepancy_words(pd.Series(["none"]))
    'no discrepancy'
    """
    found = list(dict.fromkeys(names.dropna()))
    if not [name for name in found if name != NONE]:
        return "no discrepancy"
    text = f"discrepancy: {found[0]}" if len(found) == 1 else f"discrepancy: {len(found)} of them"
    return "\n".join(textwrap.wrap(text, WIDTH, break_on_hyphens=False))


def discrepancy_entry(names: pd.Series) -> tuple[str, Any]:
    """Return an entry of a legend that is words alone."""
    return discrepancy_words(names), Line2D([], [], linestyle="none")


def beyond_names(rows: pd.DataFrame) -> pd.Series:
    """Return the discrepancies of the rows beyond the largest training compute."""
    return rows.loc[is_beyond(rows["extrapolation"]), "discrepancy"]
