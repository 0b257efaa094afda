"""Ranks of simulated truths against uniform ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayescale.language.errors import SettingsError
from bayescale.show.figures import style
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_prob
from bayescale.validation import Calibration
from bayescale.validation.uniformity import GRID, band

COLUMNS = ("quantity", "at", "difference", "lower", "upper", "outside", "fits", "failed", "false_alarm")


def calibration_data(found: Calibration) -> pd.DataFrame:
    """Return how the distribution of every quantity's ranks differs from a uniform one, and the band of ``check()``.

    Args:
        found: from :func:`bayescale.calibrate`.

    Returns:
        columns quantity, at (a rank as a part of 1), difference (the share of truths ranked below it, less ``at``),
        lower, upper (of the difference, in the exact band that uniform ranks of all quantities leave together with the
        probability false_alarm at most), outside, fits, failed (fits that have no
        ranks), false_alarm. At 0 and 1 all differences are 0.

    Raises:
        SettingsError: no calibration.

    References:
        sailynoja2022graphical
    """
    if not isinstance(found, Calibration):
        raise SettingsError(f"calibration takes a Calibration or its table, got {type(found).__name__}.")
    ranks = found.ranks.dropna("fit")
    count = ranks.sizes["fit"]
    low, high = band(count, found.false_alarm / len(found.quantities))
    at = np.array([0, *GRID, 100])
    parts = []
    for name in found.quantities:
        below = (ranks.sel(quantity=name).to_numpy()[:, None] < at).sum(axis=0)
        ends = [np.array([0, *end, count]) / count - at / 100.0 for end in (low, high)]
        columns = {"at": at / 100.0, "difference": below / count - at / 100.0, "lower": ends[0], "upper": ends[1]}
        outside = np.array([False, *((below[1:-1] < low) | (below[1:-1] > high)), False])
        parts.append(pd.DataFrame({"quantity": name, **columns, "outside": outside}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(fits=count, failed=len(found) - count, false_alarm=found.false_alarm)[list(COLUMNS)]


def calibration(source: Calibration | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the differences between the ranks' distributions and a uniform one, with the band that all stay in.

    A posterior that is too narrow rises at first and falls at last, one that is too wide does the opposite, and a
    shifted one lies on one side. Quantities that leave the band are coloured and named; others are grey.

    Args:
        source: a calibration, or :func:`calibration_data` of one.
        ax: where to draw; by default a new figure outside pyplot.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a calibration nor such a table.

    References:
        sailynoja2022graphical
    """
    data = table_of(source, calibration_data, COLUMNS)
    ax = style.new_axes(width=7.2, height=3.8)[0] if ax is None else ax
    names = list(dict.fromkeys(data["quantity"]))
    bad = [name for name in names if data.loc[data["quantity"] == name, "outside"].any()]
    rows = data[data["quantity"] == names[0]]
    ax.fill_between(rows["at"], rows["lower"], rows["upper"], facecolor="0.88", edgecolor="none", zorder=1)
    ax.axhline(0.0, color="0.35", linewidth=0.8, zorder=1.5)
    entries: list[tuple[str, Any]] = []
    for name in names:
        rows = data[data["quantity"] == name]
        if name in bad:
            look = style.look(bad.index(name) + 1)
            ax.plot(rows["at"], rows["difference"], linewidth=1.4, zorder=4, **look.points)
            entries.append((style.plain(name), look.key()))
        else:
            ax.plot(rows["at"], rows["difference"], color="0.45", linewidth=0.9, alpha=0.8, zorder=3)
    if inside := len(names) - len(bad):
        words = f"{'all ' if not bad else ''}{inside} {'others ' if bad else 'quantities '}inside the band"
        entries.append((words, Line2D([], [], color="0.45", linewidth=0.9)))
    share = format_prob(1.0 - float(data["false_alarm"].iloc[0]))
    entries.append((f"uniform ranks: all quantities\nstay inside with {share}", Patch(facecolor="0.88")))
    failed = int(data["failed"].iloc[0])
    words = f"{int(data['fits'].iloc[0]):,} simulated truths"
    words += f",\nwithout {failed:,} whose fit failed" if failed else ""
    entries.append((words, Line2D([], [], linestyle="none")))
    ax.set_xlim(0, 1)
    style.set_axes(ax, "rank of the truth among posterior draws", "distribution of ranks,\nless a uniform one")
    style.legend(ax, entries)
    return ax
