"""A decision under every law and choice of analysis, and under their mixture."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, TOKENS, TOKENS_PER_PARAM
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.discrepancies import beyond_names, discrepancy_words
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_prob
from bayescale.validation import Comparison
from bayescale.validation.compare.decision import ORDER, STACKED

NEEDED = (
    "choice",
    "weight",
    "compute",
    "quantity",
    "unit",
    "prob",
    "median",
    "lower",
    "upper",
    "extrapolation",
    "discrepancy",
)
LOGARITHMIC = {PARAMS.name, TOKENS.name, TOKENS_PER_PARAM.name}
WORDS = {q.name: f"compute-optimal {q.label}" for q in (PARAMS, TOKENS, TOKENS_PER_PARAM)}
WORDS |= {"a": "exponent a of compute-optimal size, N* ∝ Cᵃ", "loss": "loss at the compute-optimal split"}


def multiverse_data(
    comparison: Comparison,
    *,
    quantity: str = PARAMS.name,
    compute: float | None = None,
    group: str | None = None,
    prob: float = 0.9,
) -> pd.DataFrame:
    """Return one quantity of the plan under every choice, the mixture first, then from the largest median down.

    Args:
        comparison: of :func:`bayescale.compare`, with compute.
        quantity: params, tokens, tokens_per_param, a or loss.
        compute: one of its budgets; by default the first.
        group: a family; None is the only one.
        prob: probability of the interval.

    Returns:
        columns of :meth:`bayescale.Comparison.decision_table`.

    Raises:
        SettingsError: no comparison, or no such quantity, budget, family or probability.
        LawError: no law has a plan.
    """
    if not isinstance(comparison, Comparison):
        raise SettingsError(f"multiverse_data takes a Comparison or its table, got {type(comparison).__name__}.")
    if quantity not in WORDS:
        raise SettingsError(f"quantity must be one of {', '.join(q.name for q in ORDER)}, got {quantity!r}.")
    table = comparison.decision_table(prob=prob)
    budgets = table["compute"].unique().tolist()
    chosen = budgets[0] if compute is None else float(compute)
    if chosen not in budgets:
        raise SettingsError(f"The comparison has no budget {compute!r}; it has {', '.join(map(str, budgets))}.")
    own = (table["group"] == comparison.family(group)) & (table["compute"] == chosen) & (table["quantity"] == quantity)
    first = table["choice"] == STACKED
    order = table[own].assign(first=first).sort_values(["first", "median"], ascending=False, kind="stable")
    return order.drop(columns="first").reset_index(drop=True)


def multiverse(
    source: Comparison | pd.DataFrame,
    *,
    ax: Axes | None = None,
    quantity: str = PARAMS.name,
    compute: float | None = None,
    group: str | None = None,
    prob: float = 0.9,
) -> Axes:
    """Draw the interval of one decision under every law and choice, the mixture on top of all.

    Where intervals lie apart, the choice matters more than all uncertainty within it. Choices with more weight are
    drawn darker.

    Args:
        source: a comparison with compute, or :func:`multiverse_data` of one, which then brings all that follows.
        ax: where to draw; by default a new figure outside pyplot, as high as the choices need.
        quantity: params, tokens, tokens_per_param, a or loss.
        compute: one of the budgets; by default the first.
        group: a family; None is the only one.
        prob: probability of the interval.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a comparison nor such a table, or no such quantity, budget or family.
        LawError: no law has a plan.
    """
    data = table_of(
        source, multiverse_data, NEEDED, quantity=quantity, compute=compute, group=group, prob=prob
    ).reset_index(drop=True)
    if data[["quantity", "compute"]].drop_duplicates().shape[0] > 1:
        raise SettingsError("The table has several quantities or budgets; make it with multiverse_data.")
    count = len(data)
    ax = style.new_axes(width=7.0, height=1.3 + (0.36 if count <= 16 else 0.24) * count)[0] if ax is None else ax
    places = [count - 1 - i for i in range(count)]
    for place, row in zip(places, data.to_dict("records"), strict=True):
        _interval(ax, place, row)
    _label(ax, data, places)
    return ax


def _interval(ax: Axes, place: int, row: dict[str, Any]) -> None:
    """One choice: its interval and median, the fainter the less it weighs; the mixture with its band over all."""
    mixed = row["choice"] == STACKED
    colour = style.COLOURS[1] if mixed else style.COLOURS[0]
    # A choice without weight must still be seen. Mixed with white: a transparent line would show through its marker.
    strength = 1.0 if mixed else 0.35 + 0.65 * float(row["weight"]) ** 0.5
    shade = tuple(1.0 - strength * (1.0 - part) for part in to_rgb(colour))
    if mixed:
        ax.axvspan(row["lower"], row["upper"], facecolor=(colour, 0.10), edgecolor="none", zorder=1)
    ends = [row["lower"], row["upper"]]
    ax.plot(ends, [place, place], color=shade, linewidth=3.2 if mixed else 2.2, solid_capstyle="butt")
    ax.plot([row["median"]], [place], marker="D" if mixed else "o", markersize=5.5, color=shade)


def _label(ax: Axes, data: pd.DataFrame, places: list[int]) -> None:
    """Names and weights beside the rows, and what the axis shows."""
    first = data.iloc[0]
    unit = f" ({first['unit']})" if first["unit"] else ""
    budget = f"at {style.power_text(float(first['compute']))} {COMPUTE.unit}"
    # A discrepancy is one of compute: it moves the loss of a budget and not its split.
    shown = first["quantity"] == LOSS.name and curves.extrapolates(data)
    added = f",\n{discrepancy_words(beyond_names(data))}" if shown else ""
    what = f"{WORDS[first['quantity']]}{unit} {budget}\n(median, {style.interval_label(data['prob'])}{added})"
    style.set_axes(ax, what, "")
    if first["quantity"] in LOGARITHMIC:
        ax.set_xscale("log")
        ticks.count_axis(ax.xaxis)
    ax.grid(False, axis="y")
    ax.set_ylim(-0.6, len(data) - 0.4)
    names = ["stacked mixture" if name == STACKED else str(name) for name in data["choice"]]
    ax.set_yticks(places, names, parse_math=False)
    ax.tick_params(axis="y", length=0)
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "xytext": (6, 0), "textcoords": "offset points"}
    words: dict[str, Any] = {"va": "center", "fontsize": style.SMALL, "color": "0.35", "annotation_clip": False}
    for place, row in zip(places, data.to_dict("records"), strict=True):
        text = "weight" if row["choice"] == STACKED else _percent(float(row["weight"]))
        ax.annotate(text, (1.0, place), **beside, **words)


def _percent(weight: float) -> str:
    """A weight in words; below half a percent it is not zero.

    >>> _percent(0.25), _percent(1e-6)
    ('25%', '<1%')
    """
    return format_prob(round(weight, 2)) if weight >= 0.005 else "<1%"
