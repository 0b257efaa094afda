"""Coverage of the intervals of a backtest, beside what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.language.errors import SettingsError
from bayescale.show.figures import style
from bayescale.show.figures.discrepancies import discrepancy_entry
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_prob
from bayescale.validation.backtest import Backtest
from bayescale.validation.backtest.scores import PROBS

COLUMNS = ("ratio", "hold_out", "families", "runs", "prob", "coverage", "discrepancy")
# What a ratio is of, by what was held out.
RATIOS = {"compute": "largest compute of a family over the cut", "future": "end of a run over the cut"}


def backtest_coverage_data(backtest: Backtest) -> pd.DataFrame:
    """Return the share of held-out runs inside their intervals, by ratio.

    Args:
        backtest: the backtest; each family counts the same.

    Returns:
        columns ratio, hold_out (``"compute"``: ratios are of the largest compute over the cut, ``"future"``: of the end
        of a run over the cut), families, runs, prob (of the interval), coverage, discrepancy.

    Raises:
        SettingsError: no backtest, or one of whole families, which has no ratios.
    """
    table = check_backtest(backtest, "backtest_coverage_data").table().assign(hold_out=backtest.hold_out)
    table = table[np.isfinite(table["ratio"])]
    if table.empty:
        raise SettingsError("Coverage is drawn by ratio, and whole families are held out at none; see .table().")
    parts = [table.assign(prob=prob, coverage=table[f"coverage_{prob:g}"]) for prob in PROBS]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def backtest_coverage(source: Backtest | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw coverage against the ratio to the cut, with the nominal probability as a line.

    Args:
        source: a backtest, or :func:`backtest_coverage_data` of one.
        ax: where to draw; by default a new figure outside pyplot.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a backtest nor such a table.
    """
    data = table_of(source, backtest_coverage_data, COLUMNS)
    ax = style.new_axes(width=7.6, height=4.0)[0] if ax is None else ax
    entries = []
    for index, prob in enumerate(sorted(data["prob"].unique(), reverse=True)):
        look, rows = style.look(index), data[data["prob"] == prob].sort_values("ratio")
        ax.axhline(100 * prob, color=look.colour, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
        ax.plot(rows["ratio"], 100 * rows["coverage"], linewidth=1.4, zorder=3, **look.points)
        entries.append((f"{format_prob(prob)} equal-tailed interval", look.key()))
    ax.set_xscale("log")
    ratios = sorted(data["ratio"].unique())
    ax.set_xticks(ratios, [f"{ratio:g}x" for ratio in ratios])
    ax.minorticks_off()
    ax.set_ylim(0, 103)
    style.set_axes(ax, RATIOS[data["hold_out"].iloc[0]], "held-out runs inside (%)")
    promised = style.Look(style.GREY, "o").key()
    promised.set(marker="", linestyle=(0, (4, 2)))
    added = discrepancy_entry(data["discrepancy"])
    style.legend(ax, [*entries, ("what the interval promises", promised), added])
    return ax


def check_backtest(source: object, caller: str) -> Backtest:
    """Return the backtest.

    Raises:
        SettingsError: something else.
    """
    if not isinstance(source, Backtest):
        raise SettingsError(f"{caller} takes a Backtest or its table, got {type(source).__name__}.")
    return source
