"""The funnel of a run in flight: its checkpoints, where it may go from here, and its siblings."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from bayescale.decisions import Follow
from bayescale.decisions.follow.result import FROM
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS
from bayescale.show.figures import curves, style
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_number, format_prob

# Drawn from this part of what is seen on: what came before would take most of the axis.
BACK = 0.2
WITH, WITHOUT = FROM["loss"], FROM["without"]
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def follow_data(followed: Follow, *, prob: float = 0.9) -> pd.DataFrame:
    """Return the curves of a run in flight and of its siblings, and the forecast.

    Args:
        followed: from :func:`bayescale.follow`.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        columns role ("run", "sibling", or what a forecast is made from), run, share, median (the loss itself for
        checkpoints), lower, upper, prob (missing for checkpoints), target, reaches (missing without a target).

    Raises:
        SettingsError: nothing followed, or no such probability.
    """
    if not isinstance(followed, Follow):
        raise SettingsError(f"follow takes a Follow or its table, got {type(followed).__name__}.")
    known = followed.curves.rename(columns={"loss": "median"})[["role", "run", "share", "median"]]
    funnel = followed.funnel(prob=prob).rename(columns={"forecast": "role"})
    columns = ["role", "run", "share", "median", "lower", "upper", "prob"]
    # The forecast begins at the last checkpoint.
    last = known[known["role"] == "run"].iloc[[-1]]
    begins = last.assign(role=WITH, lower=last["median"], upper=last["median"], prob=float(prob))
    table = pd.concat([known, begins, funnel[columns]], ignore_index=True)
    reaches = float("nan") if followed.target is None else followed.reaches()
    return table.assign(target=float("nan") if followed.target is None else followed.target, reaches=reaches)


def follow(source: Follow | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw a run's checkpoints, the funnel of what it may still do, that without its checkpoints, and its siblings.

    Args:
        source: from :func:`bayescale.follow`, or its :func:`follow_data`, which then brings its own prob.
        ax: axes to draw on; by default a new figure outside pyplot.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        the axes, with shares of training along the horizontal one.

    Raises:
        SettingsError: neither of these.
    """
    needed = ("role", "run", "share", "median", "lower", "upper", "target", "reaches")
    data = table_of(source, follow_data, needed, prob=prob)
    (ax,) = style.new_axes() if ax is None else (ax,)
    ax.set_xscale("log")
    style.log_loss_axis(ax)
    run = data[data["role"] == "run"]
    begin = max(BACK * run["share"].iloc[-1], run["share"].iloc[0])
    shown = data[data["share"] >= begin]
    look, other = style.look(0), style.look(1)
    for _, rows in shown[shown["role"] == "sibling"].groupby("run", sort=False):
        ax.plot(rows["share"], rows["median"], color="0.75", linewidth=0.7, zorder=1)
    own = shown[shown["role"] == "run"]
    ax.plot(own["share"], own["median"], color=look.colour, linewidth=1.6, zorder=4)
    for role, colour in ((WITHOUT, other.colour), (WITH, look.colour)):
        rows = shown[shown["role"] == role]
        dashed = role == WITHOUT
        ax.fill_between(rows["share"], rows["lower"], rows["upper"], **curves.band(colour, dashed), zorder=2)
        ax.plot(rows["share"], rows["median"], color=colour, linewidth=1.3, linestyle=curves.DASHED, zorder=3)
    target = float(data["target"].iloc[0])
    if target == target:
        ax.axhline(target, color="black", linewidth=1.0, linestyle=":", zorder=3)
    _frame(ax, begin)
    style.legend(ax, _entries(data, look.colour, other.colour, target))
    return ax


def _entries(data: pd.DataFrame, colour: str, other: str, target: float) -> list[tuple[str, Any]]:
    """The legend."""
    prob = format_prob(data["prob"].dropna().iloc[0])
    name = style.plain(str(data[data["role"] == "run"]["run"].iloc[0]))
    entries: list[tuple[str, Any]] = [
        (f"checkpoints of {name}", Line2D([], [], color=colour)),
        (f"forecast, {prob} interval", Patch(**curves.band(colour, False))),
        (f"without its checkpoints,\n{prob} interval", Patch(**curves.band(other, True))),
        ("finished siblings", Line2D([], [], color="0.75", linewidth=0.7)),
    ]
    if target == target:
        reaches = f"{100 * float(data['reaches'].iloc[0]):.3g} %"
        words = f"target {format_number(target, digits=4)},\nreached with {reaches}"
        entries.append((words, Line2D([], [], color="black", linestyle=":")))
    return entries


def _frame(ax: Axes, begin: float) -> None:
    """Labels, and ticks in per cent of training."""
    style.set_axes(ax, "share of training", style.axis_label(LOSS))
    ax.set_xlim(begin, 1.0)
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if tick >= begin]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    ax.xaxis.set_minor_formatter(NullFormatter())
