"""Compute-optimal model size and tokens against compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bayescale.decisions import Plan
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS, TOKENS, Quantity
from bayescale.show.figures import curves, hover, style, ticks
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_estimate, format_number

PANELS = (PARAMS, TOKENS)
# How sizes and tokens are drawn that constraints do not allow.
FORBIDDEN: dict[str, Any] = {"facecolor": "0.8", "edgecolor": "none"}


def allocation_data(plan: Plan | Sequence[Plan], *, prob: float = 0.9) -> pd.DataFrame:
    """Return the rows of params and tokens of a plan, or of several plans for families side by side.

    Args:
        plan: a plan, or several.
        prob: probability of the interval, in (0, 1).

    Returns:
        the columns of ``plan.table()``.

    Raises:
        SettingsError: no plan, or no such probability.
    """
    plans = [plan] if isinstance(plan, Plan) else list(plan) if isinstance(plan, (list, tuple)) else []
    if not plans or not all(isinstance(one, Plan) for one in plans):
        raise SettingsError(f"allocation takes a Plan, several, or their table, got {type(plan).__name__}.")
    table = pd.concat([one.table(prob=prob) for one in plans], ignore_index=True)
    return table[table["quantity"].isin([q.name for q in PANELS])].reset_index(drop=True)


def allocation(
    source: Plan | Sequence[Plan] | pd.DataFrame, *, axes: Sequence[Axes] | None = None, prob: float = 0.9
) -> tuple[Axes, Axes]:
    """Draw compute-optimal model size and training tokens against compute, with ribbons.

    What the constraints of a single plan do not allow is shaded.

    Args:
        source: a plan, a list of plans, or their :func:`allocation_data`, which then brings its own prob.
        axes: two axes to draw on; by default a new figure outside pyplot.
        prob: probability of the interval, in (0, 1).

    Returns:
        the axes of params and of tokens; ``axes[0].figure.savefig(path)`` writes both.

    Raises:
        SettingsError: neither plans nor their table, or not two axes.

    Examples:
        >>> from bayescale.decisions import allocate
        >>> from bayescale.laws import Chinchilla
        >>> plan = allocate(Chinchilla.published["besiroglu2024chinchilla"], compute=[1e21, 1e23])
        >>> params, tokens = allocation(plan)
        >>> params.get_xlabel(), params.get_ylabel()
        ('training compute 6ND (FLOP)', 'compute-optimal model size (parameters)')
    """
    needed = ("group", "compute", "quantity", "prob", "median", "lower", "upper", "extrapolation")
    data = table_of(source, allocation_data, needed, prob=prob)
    names = list(dict.fromkeys(data["group"]))
    many = len(names) >= style.MANY
    axes = style.new_axes(2, width=10.0, height=4.6 if many else 3.6) if axes is None else tuple(axes)
    if len(axes) != len(PANELS):
        raise SettingsError(f"allocation draws two panels, so it needs two axes, got {len(axes)}.")
    costs = data["cost"].unique() if "cost" in data else []
    cost = costs[0] if len(costs) == 1 else None
    for ax, quantity in zip(axes, PANELS, strict=True):
        ax.set_xscale("log")
        ax.set_yscale("log")
        for index, name in enumerate(names):
            rows = data[(data["group"] == name) & (data["quantity"] == quantity.name)]
            look = style.look(index)
            curves.draw_curve(ax, rows, x="compute", colour=look.colour, among=len(names))
            if len(rows) <= 12:  # few budgets: show which were asked for
                (markers,) = ax.plot(rows["compute"], rows["median"], linestyle="none", zorder=4, **look.points)
                hover.say(markers, [_budget_words(name, quantity, row) for row in rows.to_dict("records")])
        _shade(ax, source, quantity)
        style.set_axes(ax, style.compute_label(cost), style.axis_label(quantity, f"compute-optimal {quantity.label}"))
        ticks.count_axis(ax.yaxis)
    held = [("not allowed", Patch(**FORBIDDEN))] if _limits(source) is not None else []
    style.legend(axes[-1], [*_entries(data, names), *held])
    return axes[0], axes[1]


def _budget_words(name: str, quantity: Quantity, row: Mapping[str, Any]) -> str:
    middle, ends = format_estimate(row["median"], row["lower"], row["upper"])
    interval = f" {ends}" if row["lower"] != row["upper"] else ""
    return f"{style.plain(name)}: {middle}{interval} {quantity.unit} at {format_number(row['compute'])} FLOP"


def _limits(source: Any) -> Any:
    """What constraints allow, of a single plan that has any."""
    return source.allowed if isinstance(source, Plan) and not source.allowed.is_free else None


def _shade(ax: Axes, source: Any, quantity: Quantity) -> None:
    """Shade what constraints do not allow; the fewest parameters leave the most tokens."""
    if (allowed := _limits(source)) is None:
        return
    compute = source.draws["compute"].to_numpy()
    order, (bottom, top) = np.argsort(compute), ax.get_ylim()
    low, high = allowed.low, allowed.high
    if quantity is TOKENS:
        with np.errstate(divide="ignore"):
            ends = np.where(np.isfinite(high), high, 1e30), np.where(low > 0, low, 1.0)
            fewest, most = (np.asarray(source.cost.tokens(end, compute), float) for end in ends)
        low, high = np.where(np.isfinite(high), fewest, 0.0), np.where(low > 0, most, np.inf)
    ax.fill_between(compute[order], bottom, np.clip(low, bottom, top)[order], **FORBIDDEN, zorder=1.2)
    ax.fill_between(compute[order], np.clip(high, bottom, top)[order], top, **FORBIDDEN, zorder=1.2)
    ax.set_ylim(bottom, top)


def _entries(data: pd.DataFrame, names: list[str]) -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = [(style.plain(name), style.look(index).key()) for index, name in enumerate(names)]
    if not np.allclose(data["lower"], data["upper"], rtol=1e-12, atol=0):
        entries.append((f"median and {style.interval_label(data['prob'])}", (curves.key_band(), curves.key_line())))
    if curves.extrapolates(data):
        entries.append((curves.BEYOND, (curves.key_band(True), curves.key_line(True))))
    return entries
