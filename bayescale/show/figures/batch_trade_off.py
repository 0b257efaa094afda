"""Steps or time against compute over batch sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.decisions import BatchTradeOff
from bayescale.language.errors import SettingsError
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_number


def batch_trade_off_data(trade_off: BatchTradeOff, *, prob: float = 0.9) -> pd.DataFrame:
    """Return what each batch size takes.

    Args:
        trade_off: from :func:`bayescale.batch_trade_off`.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        the columns of ``trade_off.table()``.

    Raises:
        SettingsError: no such trade-off, or no such probability.
    """
    if not isinstance(trade_off, BatchTradeOff):
        raise SettingsError(f"batch_trade_off takes a BatchTradeOff or its table, got {type(trade_off).__name__}.")
    return trade_off.table(prob=prob)


def batch_trade_off(source: BatchTradeOff | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw training time, or steps where it is not known, against compute, one point per batch size.

    Args:
        source: a trade-off, or its :func:`batch_trade_off_data`, which then brings its own prob.
        ax: axes to draw on; by default a new figure outside pyplot.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        the axes.

    Raises:
        SettingsError: neither a trade-off nor its table.

    Examples:
        >>> from bayescale.decisions import batch_trade_off as trade_off
        >>> axes = batch_trade_off(trade_off(2e6, params=7e9, tokens=1.4e12))
        >>> axes.get_xlabel(), axes.get_ylabel()
        ('training compute 6ND (FLOP)', 'optimiser steps')
    """
    data = table_of(
        source, batch_trade_off_data, ("batch_tokens", "cost", "prob", "ratio", "compute", "step"), prob=prob
    )
    (ax,) = style.new_axes() if ax is None else (ax,)
    name, words = ("hours", "training time (hours)") if "hours" in data else ("step", "optimiser steps")
    rows, look = data.sort_values("batch_tokens"), style.look(0)
    ax.set(xscale="log", yscale="log")
    ax.plot(rows["compute"], rows[name], color=look.colour, linewidth=1.4, zorder=3)
    ax.plot(rows["compute"], rows[name], linestyle="none", zorder=4, **look.points)
    entries = [("a batch size, median", look.key())]
    if not (rows["compute_lower"] == rows["compute_upper"]).all():
        sides = [[rows[x] - rows[f"{x}_lower"], rows[f"{x}_upper"] - rows[x]] for x in ("compute", name)]
        faint: dict[str, Any] = {
            "color": look.colour,
            "alpha": 0.45,
            "linewidth": 1.0,
            "linestyle": "none",
            "elinewidth": 1.0,
        }
        ax.errorbar(rows["compute"], rows[name], xerr=np.abs(sides[0]), yerr=np.abs(sides[1]), zorder=2, **faint)
        entries.append((style.interval_label(data["prob"]), curves.key_line()))
    for row in rows.to_dict("records"):
        text = f"{format_number(row['batch_tokens'], digits=2)} ({format_number(row['ratio'], digits=2)}x)"
        place: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points", "fontsize": style.SMALL}
        ax.annotate(text, (row["compute"], row[name]), **place)
    entries.append(("numbers: batch in tokens\n(over the critical batch)", style.look(0).key(line=False)))
    style.set_axes(ax, style.compute_label(str(data["cost"].iloc[0])), words)
    ax.margins(x=0.14, y=0.1)
    ticks.count_axis(ax.xaxis)
    ticks.number_axis(ax.yaxis)
    style.legend(ax, entries)
    return ax
