"""Curves with bands, drawn differently where they extrapolate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayescale.decisions.extrapolation import is_beyond
from bayescale.show.figures.discrepancies import beyond_names, discrepancy_words
from bayescale.show.figures.style import GREY

BEYOND = "extrapolation beyond the\nlargest training compute"
DASHED = (0, (4, 2))


def extrapolates(rows: pd.DataFrame) -> bool:
    """Return whether some rows lie beyond the largest training compute."""
    return bool(is_beyond(rows["extrapolation"]).any())


def beyond_words(rows: pd.DataFrame) -> str:
    """Return what a legend says of rows beyond the largest training compute, with the discrepancy that is in them."""
    return f"{BEYOND},\n{discrepancy_words(beyond_names(rows))}"


def split(extrapolation: Any, *columns: Any) -> list[tuple[bool, tuple[np.ndarray, ...]]]:
    """Cut a curve where extrapolation begins; the point at the border belongs to both parts.

    Between two points the border is found on logarithmic scales, which is where the line between them is straight.

    Args:
        extrapolation: compute over the largest in the data, increasing; NaN counts as inside.
        columns: positive coordinates of the curve.

    Returns:
        pairs of (extrapolated, columns), at most two, each of two points or more (one point stays one).
    """
    ratio = np.nan_to_num(np.asarray(extrapolation, float), nan=0.0)
    arrays = [np.asarray(column, float) for column in columns]
    inside = ~is_beyond(ratio)
    if inside.all() or not inside.any():
        return [(not bool(inside.all()), tuple(arrays))]
    count = int(inside.sum())
    if ratio[count - 1] < 1.0 - 1e-9:
        logs = np.log(ratio[count - 1 : count + 1])
        share = -logs[0] / (logs[1] - logs[0])
        border = [np.exp((1 - share) * np.log(a[count - 1]) + share * np.log(a[count])) for a in arrays]
        arrays = [np.insert(a, count, value) for a, value in zip(arrays, border, strict=True)]
        count += 1
    return [(False, tuple(a[:count] for a in arrays)), (True, tuple(a[count - 1 :] for a in arrays))]


def draw_curve(ax: Axes, rows: pd.DataFrame, *, x: str, colour: str, among: int = 1) -> None:
    """Draw a median with its band, fainter among many; what is extrapolated is dashed, its band hatched.

    Args:
        ax: where.
        rows: columns ``x``, median, lower, upper, extrapolation.
        x: the column on the horizontal axis.
        colour: of line and band.
        among: how many curves share the axes.
    """
    rows = rows.sort_values(x)
    columns = (rows[name] for name in (x, "median", "lower", "upper"))
    for extrapolated, (xs, middle, low, high) in split(rows["extrapolation"], *columns):
        ax.plot(xs, middle, color=colour, linewidth=1.4, linestyle=DASHED if extrapolated else "-", zorder=3)
        if not np.all(low == high):
            ax.fill_between(xs, low, high, **band(colour, extrapolated, among), zorder=1.5)


def band(colour: str, extrapolated: bool, among: int = 1) -> dict[str, Any]:
    """Return how a band is filled; bands that lie over many others let them through."""
    strength = among**-0.4
    if extrapolated:
        return {
            "facecolor": (colour, 0.07 * strength),
            "edgecolor": (colour, 0.35 * strength),
            "hatch": "////",
            "linewidth": 0.0,
        }
    return {"facecolor": (colour, 0.22 * strength), "edgecolor": "none"}


def key_line(extrapolated: bool = False) -> Line2D:
    """Return a grey line for a legend."""
    return Line2D([], [], color=GREY, linewidth=1.4, linestyle=DASHED if extrapolated else "-")


def key_band(extrapolated: bool = False) -> Patch:
    """Return a grey band for a legend."""
    return Patch(**band(GREY, extrapolated))
