"""The panels of a batch of fits: bars of what became of them, and estimates in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.show.figures import panels, style, ticks
from bayescale.show.numbers import format_number

STATUS = {"ok": style.COLOURS[0], "flagged": style.COLOURS[5], "failed": style.COLOURS[1]}
# Ends of intervals beyond these quantiles do not set an axis.
OUTER = (0.01, 0.99)
# With more fits than this bars overlap.
CROWDED = 150


def draw_status(ax: Axes, data: pd.DataFrame) -> None:
    """Bars of fits by status and engine, under what they took."""
    rows = data[data["part"] == "status"].sort_values("count", ascending=False)
    time = data[data["part"] == "time"].iloc[0]
    engines = [f", {engine}" if engine else "" for engine in rows["engine"].fillna("")]
    labels = [f"{state}{engine}" for state, engine in zip(rows["status"], engines, strict=True)]
    _bars(ax, labels, rows["count"], [STATUS.get(str(state), style.GREY) for state in rows["status"]])
    count, seconds = int(time["count"]), float(time["seconds"])
    rate = f" ({format_number(count / seconds, digits=2)} a second)" if seconds > 0 else ""
    ax.set_title(
        f"{count:,} fits in {format_number(seconds, digits=2)} s{rate}", fontsize=style.SMALL + 0.5, loc="left"
    )


def draw_checks(ax: Axes, data: pd.DataFrame) -> None:
    """Bars of the fits that a check or a warning is about; checks that none fails are not there."""
    rows = data[(data["part"] == "check") & (data["count"] > 0)].sort_values("count", ascending=False)
    _bars(ax, list(rows["name"]), rows["count"], [STATUS["flagged"]] * len(rows))
    ax.set_title("beyond a limit, or warned of", fontsize=style.SMALL + 0.5, loc="left")
    if rows.empty:
        ax.set_axis_off()
        ax.set_xlabel("")
        ax.text(0.0, 0.5, "no check fails and nothing warns", fontsize=style.SMALL, transform=ax.transAxes)


def _bars(ax: Axes, labels: list[str], counts: pd.Series, colours: list[str]) -> None:
    """Horizontal bars with their numbers, the largest on top."""
    places = np.arange(len(labels))[::-1]
    ax.barh(places, counts, height=0.62, color=colours, zorder=2)
    for place, count in zip(places, counts, strict=True):
        at: Any = {"xytext": (3, 0), "textcoords": "offset points", "va": "center", "fontsize": style.SMALL}
        ax.annotate(f"{int(count):,}", (count, place), **at)
    ax.set_yticks(places, [style.plain(label) for label in labels], parse_math=False)
    ax.set_ylim(min(0, len(labels) - 3) - 0.8, len(labels) - 0.2)
    ax.margins(x=0.16)
    ax.set_xlim(left=0)
    style.set_axes(ax, "fits", "")
    ax.locator_params(axis="x", nbins=4, integer=True)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)


def draw_estimates(ax: Axes, rows: pd.DataFrame) -> None:
    """Medians in order with their intervals, in the colour of the fit's status."""
    ends = np.quantile(rows[["lower", "upper"]].to_numpy(float), OUTER)
    ends = np.array([min(ends[0], rows["median"].quantile(OUTER[0])), max(ends[1], rows["median"].quantile(OUTER[1]))])
    wide = panels.is_wide(ends)
    if wide:
        ax.set_yscale("log")
    for state, colour in STATUS.items():
        own, crowded = rows[rows["status"] == state], len(rows) > CROWDED
        # Among very many, intervals are pale, and those that stand out for their status are not.
        bars: Any = {"linewidth": 0.7 if crowded else 1.4, "alpha": 0.15 if crowded and state == "ok" else 0.4}
        ax.vlines(own["order"], own["lower"], own["upper"], color=colour, zorder=2, **bars)
        ax.plot(own["order"], own["median"], linestyle="none", marker="o", markersize=1.8, color=colour, zorder=3)
    place = np.log(ends) if wide else ends
    room = np.array([-0.04, 0.04]) * max(place[1] - place[0], 1e-9)
    ax.set_ylim(*(np.exp(place + room) if wide else place + room))
    first = rows.iloc[0]
    unit = f" ({first['unit']})" if first["unit"] == first["unit"] and first["unit"] else ""
    style.set_axes(ax, "fits, by median", "")
    ax.set_title(
        f"{first['name']}{unit}: {style.interval_label(rows['prob'])}",
        fontsize=style.SMALL,
        loc="left",
        parse_math=False,
    )
    ax.locator_params(axis="x", nbins=4, integer=True)
    if wide:
        ticks.number_axis(ax.yaxis, most=4)
