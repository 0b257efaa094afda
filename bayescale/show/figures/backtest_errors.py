"""Errors of held-out runs against their distance from the data: a funnel that should hold nine in ten."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayescale.decisions.extrapolation import decades_beyond
from bayescale.language.errors import SettingsError
from bayescale.show.figures import style
from bayescale.show.figures.backtest_coverage import check_backtest
from bayescale.show.figures.discrepancies import discrepancy_entry
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_prob
from bayescale.validation.backtest import Backtest
from bayescale.validation.backtest.scores import PROBS

COLUMNS = ("family", "ratio", "decades", "error", "prob", "half_width", "outside", "discrepancy")


def backtest_errors_data(backtest: Backtest, *, prob: float = 0.9) -> pd.DataFrame:
    """Return how far every held-out run lies from its prediction, and from the data.

    Args:
        backtest: the backtest.
        prob: probability of the interval: 0.5, 0.8, 0.9 or 0.95.

    Returns:
        columns family, ratio, decades (of compute beyond the largest that was fitted), error (observed over median,
        less 1), prob, half_width (half the width of the interval over the median), outside (whether the run lies
        outside its interval), discrepancy (what was added, ``"none"`` inside the data).

    Raises:
        SettingsError: no backtest, or a probability whose interval it does not have.
    """
    runs = check_backtest(backtest, "backtest_errors_data").runs
    if prob not in PROBS:
        raise SettingsError(f"A backtest has intervals of {', '.join(f'{p:g}' for p in PROBS)}, got {prob!r}.")
    lower, upper, seen = runs[f"lower_{prob:g}"], runs[f"upper_{prob:g}"], runs["observed"]
    return pd.DataFrame(
        {
            "family": runs["family"],
            "ratio": runs["ratio"],
            "decades": decades_beyond(runs["extrapolation"]),
            "error": seen / runs["median"] - 1.0,
            "prob": float(prob),
            "half_width": (upper - lower) / (2.0 * runs["median"]),
            "outside": (seen < lower) | (seen > upper),
            "discrepancy": runs["discrepancy"],
        }
    )


def backtest_errors(source: Backtest | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw errors of held-out runs against decades of compute beyond the data, and the half-width of their intervals.

    Args:
        source: a backtest, or :func:`backtest_errors_data` of one, which then brings its own prob.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the interval: 0.5, 0.8, 0.9 or 0.95.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a backtest nor such a table, or what :func:`backtest_errors_data` refuses.
    """
    data = table_of(source, backtest_errors_data, COLUMNS, prob=prob)
    names = list(dict.fromkeys(data["family"]))
    ax = style.new_axes(width=8.4, height=5.0 if len(names) >= style.MANY else 4.2)[0] if ax is None else ax
    ax.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    entries = []
    for index, name in enumerate(names):
        look, rows = style.look(index), data[data["family"] == name]
        ax.plot(rows["decades"], 100 * rows["error"], linestyle="none", zorder=4, **look.points)
        for side in (-1.0, 1.0):
            ends = 100 * side * rows["half_width"]
            ax.plot(rows["decades"], ends, linestyle="none", marker="_", markersize=5, color=look.colour, alpha=0.45)
        entries.append((style.plain(name), look.key(line=False)))
    furthest = np.nanmax(np.abs([*data["error"], *data["half_width"]]))
    ax.set_ylim(-108 * furthest, 108 * furthest)
    style.set_axes(ax, "decades of compute beyond the data", "observed over predicted, less 1 (%)")
    dash = Line2D([], [], linestyle="none", marker="_", markersize=7, color=style.GREY)
    inside = f"{(~data['outside']).sum()} of {len(data)} runs inside"
    share = format_prob(float(data["prob"].iloc[0]))
    added = discrepancy_entry(data.loc[data["decades"] > 0, "discrepancy"])
    style.legend(ax, [*entries, (f"half-width of the {share}\nequal-tailed interval,\n{inside}", dash), added])
    return ax
