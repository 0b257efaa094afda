"""IsoFLOP curves: loss against model size at fixed compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from bayescale.decisions import allocate, predict
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.draws import group_label
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS, PARAMS
from bayescale.models.discrepancy import Discrepancy
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.budgets import ASSIGNED, assign, find_budgets
from bayescale.show.figures.sources import COST, check_fit, own_runs, table_of

POINTS = 41
COLUMNS = (
    "group",
    "part",
    "budget",
    "params",
    "params_lower",
    "params_upper",
    "prob",
    "median",
    "lower",
    "upper",
    "loss",
    "extrapolation",
    "discrepancy",
)


def isoflop_data(
    fit: Fit,
    *,
    group: str | None = None,
    compute: Sequence[float] | float | None = None,
    prob: float = 0.9,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> pd.DataFrame:
    """Return loss against model size at fixed compute for one family, with its runs.

    Args:
        fit: the fit.
        group: the family; it can be left out where there is only one.
        compute: budgets in FLOP (6ND); by default those that the table's ``budget`` column or its runs themselves
            show, or else whole powers of ten within the data.
        prob: probability of the interval.
        discrepancy: what losses beyond the data have added, as for :func:`bayescale.predict`.

    Returns:
        columns group, part, budget (FLOP), params, params_lower, params_upper, prob, median, lower, upper, loss,
        extrapolation, discrepancy (the name of what an interval of loss has added). Rows of part ``"curve"`` have the
        interval of the law's loss, rows of part ``"run"`` the measured loss, rows of part ``"optimum"`` the interval of
        the compute-optimal size and of the loss there.

    Raises:
        SettingsError: no fit, several families and none named, budgets that are not positive, or no such probability.
        LawError: the law has no compute-optimal size at a budget.
    """
    fit = check_fit(fit, "isoflop_data")
    check_prob(prob)
    if group is None and len(fit.groups) > 1:
        raise SettingsError(f"isoflop draws one family; name it with group=, one of {', '.join(fit.groups)}.")
    label = group_label(fit, group)
    runs = own_runs(fit, group)
    budgets, shown = find_budgets(runs) if compute is None else assign(runs, compute)
    plan = allocate(fit, compute=budgets, group=group, cost=COST, discrepancy=discrepancy)
    optimum = _optimum(plan.table(prob=prob), budgets)
    grids = [_sizes(shown.loc[shown["budget"] == best.budget, "params"], best) for best in optimum.itertuples()]
    params, budget = np.concatenate(grids), np.repeat(budgets, POINTS)
    points = {"params": params, "tokens": COST.tokens(params, budget)}
    made = predict(fit, **points, group=group, kind="law", discrepancy=discrepancy)
    curve = made.table(prob=prob).assign(part="curve", budget=budget)
    measured = shown.assign(part="run", extrapolation=shown["own_compute"] / runs["own_compute"].max())
    table = pd.concat([curve, measured, optimum.assign(part="optimum")], ignore_index=True).assign(group=label)
    return table.reindex(columns=list(COLUMNS))


def isoflop(
    source: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    prob: float = 0.9,
    group: str | None = None,
    compute: Sequence[float] | float | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> Axes:
    """Draw IsoFLOP curves of one family with bands, runs and the compute-optimal sizes.

    Args:
        source: a fit, or :func:`isoflop_data` of one, which then brings all that follows.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the interval.
        group: the family; it can be left out where there is only one.
        compute: budgets in FLOP; see :func:`isoflop_data`.
        discrepancy: what losses beyond the data have added, as for :func:`bayescale.predict`.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a fit nor such a table, or what :func:`isoflop_data` refuses.

    References:
        hoffmann2022training
    """
    asked = {"prob": prob, "group": group, "compute": compute, "discrepancy": discrepancy}
    data = table_of(source, isoflop_data, COLUMNS, **asked)
    budgets = np.sort(data["budget"].unique())
    ax = style.new_axes(width=7.8, height=4.6)[0] if ax is None else ax
    ax.set_xscale("log")
    style.log_loss_axis(ax)
    entries = []
    for index, budget in reversed(list(enumerate(budgets))):
        rows, look = data[data["budget"] == budget], _look(index, len(budgets))
        curves.draw_curve(ax, rows[rows["part"] == "curve"], x="params", colour=look.colour, among=2)
        runs = rows[rows["part"] == "run"]
        ax.plot(runs["params"], runs["loss"], linestyle="none", zorder=4, **look.points)
        _draw_optimum(ax, rows[rows["part"] == "optimum"], look.colour)
        entries.append((style.power_text(budget) + " FLOP", look.key()))
    style.set_axes(ax, style.axis_label(PARAMS), style.axis_label(LOSS))
    ticks.count_axis(ax.xaxis)
    ax.set_title(
        f"{style.plain(data['group'].iloc[0])}, fixed compute {COST.name}", fontsize=style.MEDIUM, parse_math=False
    )
    style.legend(ax, entries + _key(data))
    return ax


def _key(data: pd.DataFrame) -> list[tuple[str, Any]]:
    interval = style.interval_label(data["prob"].dropna())
    key: list[tuple[str, Any]] = [(f"law, median and\n{interval}", (curves.key_band(), curves.key_line()))]
    lines = data[data["part"] == "curve"]
    if curves.extrapolates(lines):
        key.append((curves.beyond_words(lines), (curves.key_band(True), curves.key_line(True))))
    if (data["part"] == "run").any():
        key.append(
            (f"runs within {100 * (ASSIGNED - 1):.0f}% of the compute", style.Look(style.GREY, "o").key(line=False))
        )
    diamond: dict[str, Any] = {"marker": "d", "markersize": 6, "markerfacecolor": "white"}
    key.append(
        (f"compute-optimal size,\nmedian and {interval}", Line2D([], [], color=style.GREY, linewidth=1.2, **diamond))
    )
    return key


def _draw_optimum(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    for row in rows.itertuples():
        ax.plot([row.params_lower, row.params_upper], [row.median] * 2, color=colour, linewidth=1.2, zorder=4.5)
        ax.plot([row.params], [row.median], marker="d", markersize=6, markerfacecolor="white", color=colour, zorder=5)


def _look(index: int, count: int) -> style.Look:
    """A colour between dark and light by compute, since budgets are ordered."""
    shade = 0.05 + 0.8 * index / max(1, count - 1)
    return style.Look(to_hex(matplotlib.colormaps["viridis"](shade)), style.MARKERS[index % len(style.MARKERS)])


def _optimum(plan: pd.DataFrame, budgets: np.ndarray) -> pd.DataFrame:
    size, loss = (plan[plan["quantity"] == name].reset_index(drop=True) for name in ("params", "loss"))
    sizes = {"params": size["median"], "params_lower": size["lower"], "params_upper": size["upper"]}
    losses = loss[["prob", "median", "lower", "upper", "extrapolation", "discrepancy"]]
    return pd.DataFrame({"budget": budgets, **sizes}).join(losses)


def _sizes(measured: pd.Series, best: Any) -> np.ndarray:
    """Sizes of a curve: past its runs, its optimum, and that one's interval unless it is very wide."""
    low = min(max(best.params_lower, best.params / 10), best.params / 3)
    high = max(min(best.params_upper, best.params * 10), best.params * 3)
    if len(measured):
        low, high = min(low, measured.min()), max(high, measured.max())
    return np.geomspace(low / 1.4, high * 1.4, POINTS)
