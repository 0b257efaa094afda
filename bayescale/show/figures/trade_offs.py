"""Loss against the cost of serving, one front per training budget."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from bayescale.decisions import Pareto
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_number


def trade_offs_data(front: Pareto) -> pd.DataFrame:
    """Return the plans of a front.

    Args:
        front: from :func:`bayescale.pareto`.

    Returns:
        the columns of ``front.table()``.

    Raises:
        SettingsError: no front.
    """
    if not isinstance(front, Pareto):
        raise SettingsError(f"trade_offs takes a Pareto or its table, got {type(front).__name__}.")
    return front.table()


def trade_offs(source: Pareto | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw expected loss against the cost of serving for each training budget, with intervals of the loss.

    Args:
        source: a front, or its :func:`trade_offs_data`.
        ax: axes to draw on; by default a new figure outside pyplot.

    Returns:
        the axes.

    Raises:
        SettingsError: neither a front nor its table.

    Examples:
        >>> from bayescale.decisions import pareto
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["besiroglu2024chinchilla"]
        >>> axes = trade_offs(pareto(law, served=1e12, compute=[1e22, 1e23], count=5))
        >>> axes.get_xlabel(), axes.get_ylabel()
        ('serving (FLOP)', 'expected loss (nats/token)')
    """
    needed = ("compute", "serving", "expected_loss", "prob", "lower", "upper", "extrapolation")
    data = table_of(source, trade_offs_data, needed)
    (ax,) = style.new_axes() if ax is None else (ax,)
    ax.set_xscale("log")
    entries: list[tuple[str, Any]] = []
    budgets = sorted(data["compute"].unique())
    for index, compute in enumerate(budgets):
        rows = data[data["compute"] == compute].sort_values("serving")
        look, beyond = style.look(index), curves.extrapolates(rows)
        dashes = curves.DASHED if beyond else "-"
        ax.plot(rows["serving"], rows["expected_loss"], color=look.colour, linewidth=1.4, linestyle=dashes, zorder=3)
        ax.plot(rows["serving"], rows["expected_loss"], linestyle="none", zorder=4, **look.points)
        if not (rows["lower"] == rows["upper"]).all():
            filled = curves.band(look.colour, beyond, len(budgets))
            ax.fill_between(rows["serving"], rows["lower"], rows["upper"], **filled, zorder=1.5)
        entries.append((f"training {format_number(float(compute))} FLOP", look.key()))
    if not (data["lower"] == data["upper"]).all():
        words = f"mean and {style.interval_label(data['prob'])}"
        entries.append((words, (curves.key_band(), curves.key_line())))
    if curves.extrapolates(data):
        entries.append((curves.BEYOND, (curves.key_band(True), curves.key_line(True))))
    ticks.count_axis(ax.xaxis)
    style.set_axes(ax, "serving (FLOP)", style.axis_label(LOSS, "expected loss"))
    style.legend(ax, entries)
    return ax
