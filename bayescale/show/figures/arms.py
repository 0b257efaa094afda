"""The probability that each arm is the best, against compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.decisions import Arms
from bayescale.decisions.extrapolation import is_beyond
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.sources import table_of


def arms_data(comparison: Arms) -> pd.DataFrame:
    """Return the arms at the budgets of a comparison.

    Args:
        comparison: from :func:`bayescale.compare_arms`, at some twenty budgets for a smooth curve.

    Returns:
        the columns of ``comparison.table()``.

    Raises:
        SettingsError: no comparison.
    """
    if not isinstance(comparison, Arms):
        raise SettingsError(f"arms takes Arms or their table, got {type(comparison).__name__}.")
    return comparison.table()


def arms(source: Arms | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the probability that each arm is the best against compute, dashed beyond the data.

    Args:
        source: a comparison, or its :func:`arms_data`.
        ax: axes to draw on; by default a new figure outside pyplot.

    Returns:
        the axes.

    Raises:
        SettingsError: neither a comparison nor its table.

    Examples:
        >>> from bayescale.decisions import compare_arms
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["besiroglu2024chinchilla"]
        >>> found = compare_arms({"a": law, "b": law.replace(alpha=0.36)}, compute=[1e18, 1e20, 1e22])
        >>> arms(found).get_ylabel()
        'probability of being the best'
    """
    data = table_of(source, arms_data, ("compute", "arm", "best", "extrapolation"))
    (ax,) = style.new_axes() if ax is None else (ax,)
    ax.set_xscale("log")
    entries: list[tuple[str, Any]] = []
    for index, (arm, rows) in enumerate(data.groupby("arm", sort=False)):
        rows, look = rows.sort_values("compute"), style.look(index)
        compute, best = rows["compute"].to_numpy(), rows["best"].to_numpy()
        # Solid up to the last budget inside the data; probabilities may be 0, which curves.split does not take.
        count = int((~is_beyond(rows["extrapolation"])).sum())
        inside, beyond = slice(0, count), slice(max(count - 1, 0), None)
        ax.plot(compute[inside], best[inside], color=look.colour, linewidth=1.4, zorder=3)
        ax.plot(compute[beyond], best[beyond], color=look.colour, linewidth=1.4, linestyle=curves.DASHED, zorder=3)
        ax.plot(compute, best, linestyle="none", zorder=4, **look.points)
        entries.append((str(arm), look.key()))
    if curves.extrapolates(data):
        entries.append((curves.BEYOND, curves.key_line(True)))
    ax.set_ylim(-0.02, 1.02)
    ax.set_yticks(np.linspace(0, 1, 5))
    ticks.count_axis(ax.xaxis)
    style.set_axes(ax, style.axis_label(COMPUTE), "probability of being the best")
    style.legend(ax, entries)
    return ax
