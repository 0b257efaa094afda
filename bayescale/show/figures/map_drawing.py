"""The parts of a map of the loss, one after the other."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from bayescale.show.figures import curves, style
from bayescale.show.numbers import format_number, format_prob

LEVELS = 14
# Light where the loss is low, which is where everything else is drawn; without the darkest, on which lines vanish.
COLOURS = LinearSegmentedColormap.from_list("losses", matplotlib.colormaps["Blues"](np.linspace(0.04, 0.8, 64)))
# The height of a density, as a factor of compute, and what its splits are filled with.
HEIGHT = 3.0
OPTIMUM = "#D55E00"
# Of a density, what is lower than this part of its peak is not drawn.
LEAST = 0.01
HALO: list[Any] = [withStroke(linewidth=2.2, foreground="white")]


def draw(ax: Axes, data: pd.DataFrame) -> list[tuple[str, Any]]:
    """Draw a table of :func:`bayescale.show.figures.loss_map_data` and return the entries of its legend."""
    parts = {name: data[data["part"] == name] for name in ("map", "run", "frontier", "optimum")}
    norm = _surface(ax, parts["map"])
    runs = parts["run"]
    drawn: Any = {"s": 22, "cmap": COLOURS, "norm": norm, "edgecolors": "black", "linewidths": 0.6, "zorder": 4}
    ax.scatter(runs["params"], runs["tokens"], c=runs["loss"], **drawn)
    largest = _largest(data)
    _beyond(ax, largest)
    for budget, rows in parts["optimum"].groupby("budget"):
        _budget(ax, float(str(budget)), rows, float(str(budget)) > largest * (1 + 1e-9))
    _frontier(ax, parts["frontier"])
    return _entries(data)


def _surface(ax: Axes, surface: pd.DataFrame) -> Any:
    """Filled contours at round losses, closer together where the loss is low and the law flat."""
    wide = surface.pivot(index="tokens", columns="params", values="loss")
    loss, values = wide.to_numpy(), surface["loss"].to_numpy()
    norm = LogNorm(values.min(), np.quantile(values, 0.98))
    floor = values.min() - 0.03 * (np.median(values) - values.min())
    above = np.geomspace(values.min() - floor, np.quantile(values, 0.98) - floor, LEVELS) + floor
    levels = np.unique([float(f"{level:.2g}") for level in above])
    ax.contourf(
        wide.columns,
        wide.index,
        loss,
        [values.min() * 0.999, *levels[1:], values.max() * 1.001],
        cmap=COLOURS,
        norm=norm,
        zorder=0.5,
    )
    lines = ax.contour(wide.columns, wide.index, loss, levels[1:], colors="0.25", linewidths=0.6, zorder=1)
    for label in ax.clabel(lines, fmt=format_number, fontsize=style.SMALL - 0.5, inline_spacing=2):
        label.set_path_effects(HALO)
    return norm


def _largest(data: pd.DataFrame) -> float:
    """The largest compute of a run: that of any row over how far beyond the data the row is."""
    first = data[data["part"] == "optimum"].iloc[0]
    return float(first["budget"] / first["extrapolation"])


def _line(ax: Axes, compute: float) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.geomspace(*ax.get_xlim(), 200)
    return sizes, compute / (6.0 * sizes)


def _beyond(ax: Axes, largest: float) -> None:
    """Hatch what lies beyond the largest training compute."""
    sizes, tokens = _line(ax, largest)
    top = ax.get_ylim()[1]
    hatched: Any = {"facecolor": "none", "edgecolor": (0, 0, 0, 0.16), "hatch": "////", "linewidth": 0.0}
    ax.fill_between(sizes, np.minimum(tokens, top), top, **hatched, zorder=1.2)


def _budget(ax: Axes, budget: float, rows: pd.DataFrame, beyond: bool) -> None:
    """A budget line with its name, and on it the density of the best split; up is more of both, so more compute."""
    sizes, tokens = _line(ax, budget)
    ax.plot(sizes, tokens, color="black", linewidth=0.9, linestyle=curves.DASHED if beyond else "-", zorder=2)
    low, high = ax.get_ylim()
    shown = np.flatnonzero((tokens > low) & (tokens < high))
    if shown.size:
        place = shown[min(shown.size - 1, 6)]
        text: Any = {"fontsize": style.SMALL, "va": "center", "ha": "left", "clip_on": True, "zorder": 6}
        ax.text(sizes[place], tokens[place], style.power_text(budget), **text, path_effects=HALO)
    rows = rows[rows["density"] > LEAST].sort_values("params")
    lift = HEIGHT ** (rows["density"].to_numpy() / 2.0)
    raised = (rows["params"].to_numpy() * lift, rows["tokens"].to_numpy() * lift)
    ax.plot(*raised, color=OPTIMUM, linewidth=1.1, zorder=5)
    held = rows["inside"].to_numpy(bool)
    outline = [
        np.concatenate([up[held], flat.to_numpy()[held][::-1]])
        for up, flat in zip(raised, (rows["params"], rows["tokens"]), strict=True)
    ]
    ax.plot(rows["params"][held], rows["tokens"][held], color=OPTIMUM, linewidth=2.4, solid_capstyle="butt", zorder=4.9)
    ax.fill(*outline, facecolor=(OPTIMUM, 0.55), edgecolor="none", zorder=4.8)


def _frontier(ax: Axes, rows: pd.DataFrame) -> None:
    rows = rows.sort_values("budget")
    for beyond, (sizes, tokens) in curves.split(rows["extrapolation"], rows["params"], rows["tokens"]):
        line: Any = {"color": OPTIMUM, "linewidth": 1.6, "linestyle": curves.DASHED if beyond else "-", "zorder": 4.5}
        ax.plot(sizes, tokens, **line, path_effects=HALO)


def _entries(data: pd.DataFrame) -> list[tuple[str, Any]]:
    share = format_prob(float(data["prob"].iloc[0]))
    shade = COLOURS(0.5)
    run = Line2D([], [], linestyle="none", marker="o", markersize=5, markerfacecolor=shade, markeredgecolor="black")
    split = f"best split of a budget: density,\nand {share} highest-density\ninterval of log size"
    entries: list[tuple[str, Any]] = [
        ("loss of the law, posterior\nmedian (nats/token)", Line2D([], [], color="0.25", linewidth=0.8)),
        ("runs, in the colour\nof their loss", run),
        ("budget of compute (FLOP)", Line2D([], [], color="black", linewidth=0.9)),
        ("compute-optimal frontier,\nmedian", Line2D([], [], color=OPTIMUM, linewidth=1.6)),
        (split, Patch(facecolor=(OPTIMUM, 0.55), edgecolor=OPTIMUM)),
    ]
    if (data["extrapolation"] > 1 + 1e-9).any():
        hatched = Patch(facecolor="none", edgecolor=(0, 0, 0, 0.3), hatch="////", linewidth=0)
        entries.append(
            (curves.BEYOND, (hatched, Line2D([], [], color="black", linewidth=0.9, linestyle=curves.DASHED)))
        )
    return entries
