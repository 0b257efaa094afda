"""Several laws side by side: how well they describe the same runs, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from bayescale.inference.fit import Fit
from bayescale.inference.monte_carlo import ERRORS
from bayescale.show import cells
from bayescale.show.cells import Cell, words
from bayescale.show.grid import Grid, grid
from bayescale.show.numbers import format_prob
from bayescale.show.report.blocks import Block, Prose, Section, Table, omitted
from bayescale.show.report.subject import Subject
from bayescale.validation.compare.in_range import HIGH_K, pointwise


def comparison(subject: Subject) -> Section:
    """Return the section that compares the fits."""
    if subject.is_single:
        reason = "a comparison of laws needs several fits of the same runs."
        return Section("comparison", "Comparison of laws", (omitted(reason),))
    blocks = (*_in_range(subject.fits), *_answers(subject))
    return Section("comparison", "Comparison of laws", blocks)


def why_not(fits: Mapping[str, Fit]) -> str:
    """Why scores of fits cannot be held against each other; empty where they can."""
    if len({fit.runs.sha256 for fit in fits.values()}) > 1:
        return "scores of the fits, which are of different runs."
    if len({fit.law.response.name for fit in fits.values()}) > 1:
        return "scores of the fits, whose laws predict different things."
    if any(fit.model.residuals is not None for fit in fits.values()):
        return "leave-one-out scores, since rows of one run depend on each other."
    return ""


def _in_range(fits: Mapping[str, Fit]) -> Iterator[Block]:
    if reason := why_not(fits):
        yield omitted(reason)
        return
    yield Prose(
        "Expected log density of a run that is left out (PSIS-LOO), in the range of the data. It says how well a law "
        "fills the gaps between the runs, and nothing of runs beyond them: that is what bs.compare scores by backtests."
    )
    yield Table("comparison", "Laws by leave-one-out, the best first.", scores_grid(scores(fits)))


def scores(fits: Mapping[str, Fit]) -> pd.DataFrame:
    """Leave-one-out scores of fits of the same runs, the best first.

    Returns:
        columns fit, elpd, difference (from the best), difference_se, k_high (share of runs with a Pareto k above 0.7).

    References:
        vehtari2017practical
    """
    found = {name: pointwise(fit) for name, fit in fits.items()}
    total = {name: float(own["elpd"].sum()) for name, own in found.items()}
    best = max(total, key=lambda name: total[name])
    rows = []
    for name, own in found.items():
        apart = own["elpd"] - found[best]["elpd"]
        error = float(np.sqrt(len(apart)) * apart.std(ddof=1)) if name != best else float("nan")
        row = {"fit": name, "elpd": total[name], "difference": float(apart.sum()), "difference_se": error}
        rows.append(row | {"k_high": float((own["k"] > HIGH_K).mean())})
    return pd.DataFrame(rows).sort_values("elpd", ascending=False, ignore_index=True, kind="stable")


def scores_grid(table: pd.DataFrame) -> Grid:
    """One row per fit."""
    rows = [
        [
            words(row["fit"]),
            cells.number(row["elpd"], digits=5),
            cells.number(row["difference"]),
            cells.number(row["difference_se"], digits=2),
            words(f"{100 * row['k_high']:.2g}%"),
        ]
        for row in table.to_dict("records")
    ]
    headers = ["fit", "elpd", "difference", "standard error", "runs with k > 0.7"]
    return grid(headers, rows, right=headers[1:])


def _answers(subject: Subject) -> Iterator[Block]:
    """What the fits answer, side by side."""
    predicted = {n: pair[0] for n, pair in subject.predictions.items() if not isinstance(pair, str)}
    if len(predicted) > 1 and len({one.response for one in predicted.values()}) == 1:
        table = pd.concat([one.table(prob=subject.prob, mcse=True).assign(fit=n) for n, one in predicted.items()])
        response = next(iter(predicted.values())).response
        yield Table("compared-predictions", f"Predicted {response} of one new run.", _side_by_side(table, subject.prob))
    planned = {n: plan for n, plan in subject.plans.items() if not isinstance(plan, str)}
    if len(planned) > 1:
        table = pd.concat([plan.table(prob=subject.prob, mcse=True).assign(fit=n) for n, plan in planned.items()])
        sizes = table[table["quantity"] == "params"]
        yield Table("compared-plans", "Compute-optimal model size, in parameters.", _side_by_side(sizes, subject.prob))


def _side_by_side(table: pd.DataFrame, prob: float) -> Grid:
    inputs = ["compute"] if "quantity" in table else [n for n in table if n in ("params", "tokens", "compute")]
    rows: list[list[Cell]] = []
    for row in table.sort_values(inputs, kind="stable").to_dict("records"):
        errors = [row[name] for name in ERRORS]
        numbers = cells.estimate(row["median"], row["lower"], row["upper"], errors=errors)
        rows.append([*(cells.number(row[name]) for name in inputs), words(row["fit"]), *numbers])
    headers = [*inputs, "fit", "median", f"{format_prob(prob)} interval"]
    return grid(headers, rows, right=[name for name in headers if name != "fit"])
