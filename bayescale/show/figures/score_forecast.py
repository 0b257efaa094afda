"""Forecast of a score against compute, at the split that is best for it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from bayescale.data.model_error import compute_of_rows, has_compute
from bayescale.decisions import ScorePlan
from bayescale.decisions.run_rows import rows_of_group
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import QUANTITIES
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.sources import table_of
from bayescale.show.numbers import format_number

PARTS = ("forecast", "run")


def score_forecast_data(plan: ScorePlan, *, prob: float = 0.9) -> pd.DataFrame:
    """Return the score of the best split at each budget, and the runs of the last stage's table.

    Args:
        plan: from :func:`bayescale.allocate_score`, at some ten budgets for a smooth curve.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        columns part (``"forecast"``, or ``"run"`` for a run that was measured, where its compute is known), compute,
        response, cost, prob, median (the expected score, or the one measured), lower, upper (of a new run; missing for
        measured ones), target (missing where there is none), extrapolation, discrepancy.

    Raises:
        SettingsError: no plan for a score, or no such probability.
    """
    if not isinstance(plan, ScorePlan):
        raise SettingsError(f"score_forecast takes a ScorePlan or its table, got {type(plan).__name__}.")
    table = plan.action_table(prob=prob)
    kept = table[["compute", "response", "cost", "prob", "expected", "run_lower", "run_upper", "extrapolation"]]
    names = {"expected": "median", "run_lower": "lower", "run_upper": "upper"}
    found = kept.rename(columns=names).assign(part=PARTS[0], target=plan.target, discrepancy=table["discrepancy"])
    runs = rows_of_group(plan.chain.fits[-1].runs, plan.asked["group"])
    if not has_compute(runs):
        return found
    measured = pd.DataFrame({"compute": compute_of_rows(runs, plan.plan.cost), "median": runs[plan.response]})
    return pd.concat([found, measured.assign(part=PARTS[1], response=plan.response)], ignore_index=True)


def score_forecast(source: ScorePlan | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw the expected score of the best split against compute with the interval of a new run, and measured runs.

    Args:
        source: a plan for a score, or its :func:`score_forecast_data`, which then brings its own prob.
        ax: axes to draw on; by default a new figure outside pyplot.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        the axes.

    Raises:
        SettingsError: neither a plan for a score nor its table.
    """
    needed = ("part", "compute", "response", "median", "lower", "upper", "target", "extrapolation")
    data = table_of(source, score_forecast_data, needed, prob=prob)
    (ax,) = style.new_axes() if ax is None else (ax,)
    ax.set_xscale("log")
    look, runs = style.look(0), data[data["part"] == PARTS[1]]
    rows = data[data["part"] == PARTS[0]]
    curves.draw_curve(ax, rows, x="compute", colour=look.colour)
    words = f"expected, and {style.interval_label(rows['prob'])}\nof a new run"
    entries: list[tuple[str, Any]] = [(words, (curves.key_band(), curves.key_line()))]
    if len(runs):
        ax.plot(runs["compute"], runs["median"], linestyle="none", zorder=4, **look.points)
        entries.append(("run of the table", look.key(line=False)))
    if curves.extrapolates(rows):
        entries.append((curves.beyond_words(rows), (curves.key_band(True), curves.key_line(True))))
    target = rows["target"].iloc[0]
    if target is not None and target == target:
        line = ax.axhline(float(target), color=style.GREY, linewidth=1.0, linestyle=":")
        entries.append((f"target {format_number(float(target))}", line))
    ticks.count_axis(ax.xaxis)
    response = QUANTITIES[str(rows["response"].iloc[0])]
    style.set_axes(ax, style.compute_label(str(rows["cost"].iloc[0])), style.axis_label(response))
    style.legend(ax, entries)
    return ax
