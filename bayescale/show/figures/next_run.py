"""What candidate runs are worth against what they cost."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayescale.decisions import NextRun
from bayescale.language.errors import SettingsError
from bayescale.show.figures import style
from bayescale.show.figures.sources import table_of

COLUMNS = ("rank", "goal", "cost", "price", "value", "value_error", "unit", "priced", "affordable", "chosen")


def next_run_data(found: NextRun) -> pd.DataFrame:
    """Return what every candidate costs and is worth.

    Args:
        found: the answer of :func:`bayescale.next_run`.

    Returns:
        the columns of ``found.table()``, with priced (whether values are in the unit of prices) and chosen: its place
        in ``found.batch()``, counted from 1, the first one where it comes twice; 0 where it is not in it.

    Raises:
        SettingsError: it is no such answer.
    """
    if not isinstance(found, NextRun):
        raise SettingsError(f"next_run takes a NextRun or its table, got {type(found).__name__}.")
    table, inputs = found.table(), list(found.problem.candidates.points)
    place = found.batch().drop_duplicates(inputs).set_index(inputs)["rank"].rename("chosen")
    data = table.join(place, on=inputs)
    return data.assign(chosen=data["chosen"].fillna(0).astype(int), priced=found.problem.aim.priced)


def next_run(source: NextRun | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the value of candidates against their cost, with the line above which they are worth their price.

    Args:
        source: the answer of :func:`bayescale.next_run`, or its :func:`next_run_data`.
        ax: where to draw; by default a new figure outside pyplot.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither an answer nor its table.
    """
    data = table_of(source, next_run_data, COLUMNS)
    ax = style.new_axes(width=8.0, height=4.2)[0] if ax is None else ax
    ax.set_xscale("log")
    entries: list[tuple[str, Line2D]] = []
    groups = (
        ("candidate, 2 standard errors", data["affordable"] & (data["chosen"] == 0), 0, True),
        ("beyond the budget", ~data["affordable"], 0, False),
        ("chosen, in order", data["chosen"] > 0, 1, True),
    )
    for words, mine, index, filled in groups:
        if mine.any():
            entries.append((words, _points(ax, data[mine], index, filled)))
    for row in data[data["chosen"] > 0].itertuples():
        ax.annotate(str(row.chosen), (row.cost, row.value), (5, 5), textcoords="offset points", fontsize=style.SMALL)
    if data["priced"].all():
        entries.append(("worth its price above", _price_line(ax, data)))
    style.set_axes(ax, "cost of the run (FLOP)", f"value ({data['unit'].iloc[0]})")
    ax.set_title(f"next run for {data['goal'].iloc[0]}", fontsize=style.MEDIUM)
    style.legend(ax, entries)
    return ax


def _points(ax: Axes, rows: pd.DataFrame, index: int, filled: bool) -> Line2D:
    """Values with their errors."""
    points = style.look(index).points
    if not filled:
        points |= {"markerfacecolor": "white", "markeredgecolor": points["color"], "markeredgewidth": 0.8}
    error = 2.0 * rows["value_error"]
    ax.errorbar(rows["cost"], rows["value"], yerr=error, linestyle="none", elinewidth=0.7, zorder=3 + index, **points)
    return Line2D([], [], linestyle="none", **points)


def _price_line(ax: Axes, data: pd.DataFrame) -> Line2D:
    """The price of runs against their cost; it leaves the limits of values as they are."""
    limits, by_cost = ax.get_ylim(), data.sort_values("cost")
    (line,) = ax.plot(by_cost["cost"], by_cost["price"], color=style.GREY, linewidth=1.0, linestyle="--", zorder=2)
    ax.set_ylim(min(limits[0], 0.0), limits[1])
    return line
