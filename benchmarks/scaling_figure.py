"""The figure of the scaling curves: CPU seconds against rows, families and fits, with their exponents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator
from scaling_curves import Curve

from bayescale.show.figures.style import COLOURS, SMALL, set_axes

FILE = Path(__file__).with_name("scaling.png")
WIDTH, PANEL = 3.5, 2.35
MARKERS = ("o", "s")


def draw_scaling(rows: Curve, families: Curve, fits: Curve) -> Figure:
    """Three panels, one below the other, as wide as a column of a paper (3.5 inches)."""
    figure = Figure(figsize=(WIDTH, 3 * PANEL), dpi=300, layout="constrained")
    axes = figure.subplots(3, 1)
    draw_curve(axes[0], rows, "cpu", "one fit", 0)
    draw_curve(axes[1], families, "cpu", "one fit", 0)
    draw_curve(axes[1], families, "per_1000", "1,000 gradients", 1)
    draw_curve(axes[2], fits, "cpu", "all fits", 0)
    names = ("rows of one table", "families of about 50 rows", "tables fitted together")
    engines = ("instant engine", "hierarchical NUTS", "fit_many")
    for ax, curve, name, engine in zip(axes, (rows, families, fits), names, engines, strict=True):
        finish(ax, curve.sizes, name, engine)
    return figure


def draw_curve(ax: Axes, curve: Curve, name: str, label: str, index: int) -> None:
    """Medians with the range of the repeats, and the fitted line over the sizes that it was fitted to."""
    sizes, medians, law = curve.sizes, np.array(curve.medians(name)), curve.law(name)
    ranges = np.abs([(medians[i] - min(found), max(found) - medians[i]) for i, found in enumerate(curve.all(name))]).T
    ax.errorbar(
        sizes, medians, ranges, fmt=MARKERS[index], color=COLOURS[index], markersize=4, elinewidth=0.9, capsize=2
    )
    ends = np.array([law.least, law.most])
    ax.plot(ends, law(ends), color=COLOURS[index], linewidth=1.2, label=f"{label}: exponent {law}")
    ax.set_xscale("log")
    ax.set_yscale("log")


def finish(ax: Axes, sizes: Sequence[int], x: str, engine: str) -> None:
    """Label the axes, with ticks at the sizes and numbers as people write them."""
    set_axes(ax, x, "CPU time (s)")
    ax.set_title(engine, fontsize=SMALL + 1, loc="left")
    least, most = ax.get_ylim()
    ax.set_ylim(least, most * (most / least) ** 0.25)  # room for the legend
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(numticks=12))
    ax.yaxis.set_minor_formatter(NullFormatter())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    ax.tick_params(labelsize=SMALL - 0.5)
    made = ax.legend(fontsize=SMALL - 0.5, loc="upper left", handlelength=1.6, borderaxespad=0.1, framealpha=0.9)
    made.get_frame().set_linewidth(0)
