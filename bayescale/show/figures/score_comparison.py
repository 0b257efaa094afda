"""Recipes by the score that they are forecast to reach, beside their ranking at a small scale."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayescale.decisions import ScoreComparison
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import QUANTITIES
from bayescale.show.figures import curves, style
from bayescale.show.figures.sources import table_of
from bayescale.show.figures.ticks import counted
from bayescale.show.numbers import format_prob

NEEDED = (
    "recipe", "params", "tokens", "response", "prob", "median", "lower", "upper", "best", "ranked", "measured",
    "ranked_params", "ranked_tokens", "extrapolation",
)  # fmt: skip
# Room for one line of text, in inches, and the least that a recipe takes.
LINE, ROOM = 0.2, 0.34
# Two columns of words beside the axes, in points.
ROOM_FOR_WORDS = 80.0


def score_comparison_data(found: ScoreComparison, *, prob: float = 0.9) -> pd.DataFrame:
    """Return the recipes' forecasts and their ranking at a small scale.

    Args:
        found: from :func:`bayescale.compare_scores`.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        the columns of ``found.table()``.

    Raises:
        SettingsError: no comparison of scores, or no such probability.
    """
    if not isinstance(found, ScoreComparison):
        raise SettingsError(f"score_comparison takes a ScoreComparison or its table, got {type(found).__name__}.")
    return found.table(prob=prob)


def score_comparison(source: ScoreComparison | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw each recipe's forecast with its interval, its probability of being the best, and its place in the ranking.

    Args:
        source: a comparison of scores, or its :func:`score_comparison_data`, which then brings its own prob.
        ax: where to draw; by default a new figure outside pyplot, as high as the recipes need.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a comparison of scores nor its table.
    """
    data = table_of(source, score_comparison_data, NEEDED, prob=prob)
    recipes = list(dict.fromkeys(data["recipe"]))
    points = list(dict.fromkeys(zip(data["params"], data["tokens"], strict=True)))
    height = 1.5 + len(recipes) * max(ROOM, LINE * len(points) + 0.1)
    ax = style.new_axes(width=8.0, height=height)[0] if ax is None else ax
    step = 0.72 / len(points)
    for row, recipe in enumerate(reversed(recipes)):
        own = data[data["recipe"] == recipe]
        for index, point in enumerate(points):
            rows = own[(own["params"] == point[0]) & (own["tokens"] == point[1])]
            _forecast(ax, rows.iloc[0], row + step * ((len(points) - 1) / 2 - index), style.look(index))
        _ranked(ax, own.iloc[0], row)
    _frame(ax, data, recipes)
    style.legend(ax, _entries(data, points), room=ROOM_FOR_WORDS)
    return ax


def _forecast(ax: Axes, row: pd.Series, place: float, look: style.Look) -> None:
    beyond = curves.extrapolates(row.to_frame().T)
    dashes = curves.DASHED if beyond else "-"
    line: Any = {"color": look.colour, "linewidth": 1.3 if beyond else 2.0, "linestyle": dashes, "zorder": 3}
    ax.plot([row["lower"], row["upper"]], [place, place], solid_capstyle="butt", **line)
    ax.plot([row["median"]], [place], linestyle="none", zorder=4, **look.points)
    _words(ax, format_prob(round(float(row["best"]), 2)), 0, place, look.colour)


def _ranked(ax: Axes, row: pd.Series, place: float) -> None:
    """The measured score at the small scale, and the place there."""
    there = row["measured"] == row["measured"]
    if there:
        ax.plot([row["measured"]], [place], zorder=3, **_hollow())
    _words(ax, f"{row['ranked']:.0f}" if there else "–", 1, place, "0.25")


def _words(ax: Axes, text: str, column: int, place: float, colour: str) -> None:
    """Words beside the axes, in one of two columns."""
    at: Any = {"xycoords": ("axes fraction", "data"), "xytext": (8 + 36 * column, 0), "textcoords": "offset points"}
    ax.annotate(text, (1.0, place), **at, fontsize=style.SMALL, va="center", color=colour, annotation_clip=False)


def _hollow() -> dict[str, Any]:
    return {"marker": "D", "markersize": 5, "markerfacecolor": "none", "markeredgecolor": "0.25", "linestyle": "none"}


def _frame(ax: Axes, data: pd.DataFrame, recipes: list[str]) -> None:
    response = QUANTITIES[str(data["response"].iloc[0])]
    style.set_axes(ax, style.axis_label(response), "")
    ax.grid(False, axis="y")
    ax.set_ylim(-0.6, len(recipes) - 0.4)
    ax.set_yticks(range(len(recipes)), [style.plain(name) for name in reversed(recipes)], parse_math=False)
    ax.tick_params(axis="y", length=0)
    head: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": style.SMALL, "va": "bottom"}
    ax.annotate("P(best)", (1.0, 1.0), xytext=(4, 2), **head)
    ax.annotate("ranked", (1.0, 1.0), xytext=(42, 2), **head)


def _entries(data: pd.DataFrame, points: list[tuple[float, float]]) -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = [
        (f"forecast at {counted(params)} parameters,\n{counted(tokens)} tokens", style.look(index).key())
        for index, (params, tokens) in enumerate(points)
    ]
    kinds = {"run": "of a new run", "law": "of the law's curve"}
    kind = kinds.get(str(data["kind"].iloc[0]), "") if "kind" in data else ""
    words = style.interval_label(data["prob"])
    entries.append((f"median and {words}\n{kind}".rstrip(), Line2D([], [], linestyle="none")))
    if curves.extrapolates(data):
        entries.append((curves.BEYOND, curves.key_line(True)))
    first = data.iloc[0]
    if first["ranked_params"] == first["ranked_params"]:
        size, tokens = counted(first["ranked_params"]), counted(first["ranked_tokens"])
        scale = f"measured, and ranked, at {size}\nparameters, {tokens} tokens"
        entries.append((scale, Line2D([], [], **_hollow())))
    return entries
