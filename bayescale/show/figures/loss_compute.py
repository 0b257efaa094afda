"""Loss against compute: the law's frontier per family, with the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.decisions import allocate
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.draws import group_label
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS
from bayescale.models.discrepancy import Discrepancy
from bayescale.show.figures import curves, hover, style
from bayescale.show.figures.sources import COST, check_fit, own_groups, own_runs, table_of
from bayescale.show.numbers import format_number

# Points per curve up to the largest training compute, and beyond it.
POINTS_INSIDE, POINTS_BEYOND = 33, 17
COLUMNS = ("group", "part", "compute", "prob", "median", "lower", "upper", "loss", "extrapolation", "discrepancy")


def loss_compute_data(
    fit: Fit,
    *,
    prob: float = 0.9,
    groups: Sequence[str] | str | None = None,
    beyond: float = 10.0,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> pd.DataFrame:
    """Return the loss at the compute-optimal split per family, and the runs.

    Args:
        fit: the fit.
        prob: probability of the interval.
        groups: the families; all by default.
        beyond: how far curves go past the family's largest training compute, as a factor of at least 1.
        discrepancy: what losses beyond the data have added, as for :func:`bayescale.predict`.

    Returns:
        columns group, part, compute (FLOP, 6ND), prob, median, lower, upper, loss, extrapolation, discrepancy. Rows of
        part ``"curve"`` have the interval of the law's loss at the compute-optimal split and the name of what it has
        added, rows of part ``"run"`` the loss that was measured, at whatever split the run had.

    Raises:
        SettingsError: no fit, no such family, a factor below 1, or no such probability.
        LawError: the law has no compute-optimal size at a budget.
    """
    fit = check_fit(fit, "loss_compute_data")
    check_prob(prob)
    if not np.isfinite(beyond) or beyond < 1:
        raise SettingsError(f"beyond must be a factor of at least 1, got {beyond!r}; 10 goes a decade further.")
    parts = []
    for group in own_groups(fit, groups):
        runs = own_runs(fit, group)
        lowest, largest = runs["own_compute"].min(), runs["own_compute"].max()
        inside = np.geomspace(lowest, largest, POINTS_INSIDE) if largest > lowest else np.array([largest])
        further = np.geomspace(largest, beyond * largest, POINTS_BEYOND)[1:] if beyond > 1 else np.array([])
        budgets = np.concatenate([inside, further])
        plan = allocate(fit, compute=budgets, group=group, cost=COST, discrepancy=discrepancy).table(prob=prob)
        parts.append(plan[plan["quantity"] == LOSS.name].assign(part="curve"))
        measured = {
            "compute": runs["own_compute"],
            "loss": runs["loss"],
            "extrapolation": runs["own_compute"] / largest,
        }
        parts.append(pd.DataFrame({"group": group_label(fit, group), "part": "run", **measured}))
    table = pd.concat(parts, ignore_index=True)
    return table[list(COLUMNS)]


def loss_compute(
    source: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    prob: float = 0.9,
    groups: Sequence[str] | str | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> Axes:
    """Draw loss against training compute, one curve with its band per family, runs as points.

    Args:
        source: a fit, or :func:`loss_compute_data` of one, which then brings all that follows.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the interval.
        groups: the families; all by default.
        discrepancy: what losses beyond the data have added, as for :func:`bayescale.predict`.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a fit nor such a table, or what :func:`loss_compute_data` refuses.
    """
    data = table_of(source, loss_compute_data, COLUMNS, prob=prob, groups=groups, discrepancy=discrepancy)
    names = list(dict.fromkeys(data["group"]))
    many = len(names) >= style.MANY
    ax = style.new_axes(width=9.6 if many else 8.4, height=5.0 if many else 4.2)[0] if ax is None else ax
    ax.set_xscale("log")
    style.log_loss_axis(ax)
    entries = []
    for index, name in enumerate(names):
        look, rows = style.look(index), data[data["group"] == name]
        curve, runs = rows[rows["part"] == "curve"], rows[rows["part"] == "run"]
        curves.draw_curve(ax, curve, x="compute", colour=look.colour, among=len(names))
        (markers,) = ax.plot(runs["compute"], runs["loss"], linestyle="none", zorder=4, **look.points)
        hover.say(markers, [_run_words(name, run) for run in runs.to_dict("records")])
        entries.append((style.plain(name), look.key()))
    style.set_axes(ax, style.compute_label(COST.name), style.axis_label(LOSS))
    style.legend(ax, entries + _key(data))
    return ax


def _run_words(name: str, run: Mapping[str, Any]) -> str:
    loss, compute = format_number(run["loss"], digits=4), format_number(run["compute"])
    return f"{style.plain(name)}: loss {loss} at {compute} FLOP"


def _key(data: pd.DataFrame) -> list[tuple[str, Any]]:
    lines = data[data["part"] == "curve"]
    law = f"law at the compute-optimal split,\nmedian and {style.interval_label(lines['prob'])}"
    key: list[tuple[str, Any]] = [(law, (curves.key_band(), curves.key_line()))]
    if curves.extrapolates(lines):
        key.append((curves.beyond_words(lines), (curves.key_band(True), curves.key_line(True))))
    key.append(("runs, at the split they were trained", style.Look(style.GREY, "o").key(line=False)))
    return key
