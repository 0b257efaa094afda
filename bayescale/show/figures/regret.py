"""What a plan wastes of its budget, by the size that is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.decisions import Plan
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_number

# How far to either side of the plan, as a factor of its size, and at how many sizes.
SPAN, COUNT = 4.0, 41


def regret_data(plan: Plan, *, prob: float = 0.9) -> pd.DataFrame:
    """Return the waste of compute at sizes around the plan, from a quarter to four times its own.

    Args:
        plan: of a fit or a law.
        prob: probability of the interval, in (0, 1).

    Returns:
        the columns of ``plan.regret()``, and ``is_plan``, whether the row is the plan itself.

    Raises:
        SettingsError: no plan, no such probability, or sizes that leave no tokens.
    """
    if not isinstance(plan, Plan):
        raise SettingsError(f"regret takes a Plan or its table, got {type(plan).__name__}.")
    action = plan.action[PARAMS.name].to_numpy()
    times = np.geomspace(1 / SPAN, SPAN, COUNT)
    rows = [plan.regret(params=action * factor, prob=prob) for factor in times]
    rows = [row.assign(is_plan=index == COUNT // 2) for index, row in enumerate(rows)]
    return pd.concat(rows, ignore_index=True).sort_values(["compute", PARAMS.name], ignore_index=True)


def regret(source: Plan | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw the compute that a plan wastes against the size chosen, one curve per budget, with the plan marked.

    Args:
        source: a plan, or its :func:`regret_data`, which then brings its own prob.
        ax: axes to draw on; by default a new figure outside pyplot.
        prob: probability of the interval, in (0, 1).

    Returns:
        the axes.

    Raises:
        SettingsError: neither a plan nor its table.
    """
    needed = ("compute", PARAMS.name, "prob", "percent", "percent_lower", "percent_upper", "is_plan")
    data = table_of(source, regret_data, needed, prob=prob)
    (ax,) = style.new_axes() if ax is None else (ax,)
    ax.set_xscale("log")
    entries: list[tuple[str, Any]] = []
    for index, (compute, rows) in enumerate(data.groupby("compute", sort=True)):
        look = style.look(index)
        ax.plot(rows[PARAMS.name], rows["percent"], color=look.colour, linewidth=1.4, zorder=3)
        ax.fill_between(
            rows[PARAMS.name],
            rows["percent_lower"],
            rows["percent_upper"],
            **curves.band(look.colour, False, 2),
            zorder=1.5,
        )
        own = rows[rows["is_plan"]]
        ax.plot(own[PARAMS.name], own["percent"], linestyle="none", zorder=4, **look.points)
        entries.append((f"{format_number(float(str(compute)))} FLOP, plan marked", look.key()))
    spread = not np.allclose(data["percent_lower"], data["percent_upper"], rtol=1e-9, atol=1e-9)
    if spread:
        entries.append((f"mean and {style.interval_label(data['prob'])}", (curves.key_band(), curves.key_line())))
    # Some draws waste a hundred times the budget where others waste a thousandth of it.
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set_ylim(bottom=0)
    ticks.count_axis(ax.xaxis)
    style.set_axes(ax, style.axis_label(PARAMS), "compute wasted against the best size (%)")
    style.legend(ax, entries)
    return ax
