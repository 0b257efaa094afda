"""The point fit of one family: search from the starts, then from the optimum for every resample."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bayescale.data import Runs
from bayescale.inference.point.curve import Rows, constrain, padded_rows
from bayescale.inference.point.failures import not_converged, runs_off
from bayescale.inference.point.resamples import Resamples
from bayescale.inference.point.search import EXACT, Found, search
from bayescale.inference.point.settings import PointSettings
from bayescale.inference.point.starts import prior_moments, starting_points
from bayescale.inference.settings import seed_for
from bayescale.laws import Law
from bayescale.models.layout import design_anchors

# Starts whose objective is within this of the least have reached the same optimum. One that did not converge has
# found something lower only if it is lower by more.
SAME, LOWER = 1e-8, 1e-6
# The tip that resamples begin with, if larger than delta, in mean absolute residuals.
NEARBY = 0.2


class Part(NamedTuple):
    """One family's result.

    Args:
        law: at the optimum, in textbook form.
        draws: parameters in textbook form and derived quantities over resample.
        converged: over resample.
        report: how the search went, for :attr:`PointFit.search`.
    """

    law: Law
    draws: dict[str, np.ndarray]
    converged: np.ndarray
    report: dict[str, Any]


def fit_family(law: type[Law], runs: Runs, settings: PointSettings, seed: int, *, where: str) -> Part:
    """Fit one table; call inside ``computing()``.

    Args:
        law, runs, settings: what is fitted and how.
        seed: starts and resamples derive from it.
        where: what messages say of the family.

    Raises:
        FitError: no start converged, or one that did not got further down.
    """
    anchors = design_anchors(law, runs)
    rows = padded_rows(law, runs, anchors)
    draw = Resamples(runs, settings.resample, rows.mask.size, seed_for(seed, "resamples"))
    center, scale = prior_moments(law)
    run = partial(search, law, settings.loss, rows, center=center, scale=scale, delta=settings.delta)

    def every_row(count: int) -> np.ndarray:
        return np.broadcast_to(rows.mask.astype(np.float32), (count, rows.mask.size))

    starts = starting_points(law, anchors, settings.starts, seed_for(seed, "starts"))
    found = run(starts, every_row, iterations=settings.iterations)
    best = _best(law, settings, rows, found, where)
    astray = np.flatnonzero(~found.converged)
    if astray.size:
        # A start may have given up before its loss was as narrow as that of the others: its objective is taken anew.
        there = run(found.position[astray], every_row, widest=0.0, iterations=1)
        objective = np.where(np.isfinite(there.objective), there.objective, np.inf)
        lowest = int(objective.argmin())
        if objective[lowest] < found.objective[best] - LOWER * (found.objective[best] + EXACT):
            raise runs_off(law, found.position[astray[lowest]], objective[lowest], found.objective[best], where)

    again = np.broadcast_to(found.position[best], (settings.resamples, center.size))
    # Resamples begin near their optima: with a narrow tip at once, but not one so narrow that few rows are inside.
    boot = run(again, draw, widest=NEARBY * float(found.spread[best]), iterations=settings.iterations)
    level = found.objective[best] + SAME * (found.objective[best] + EXACT)
    report = {
        "rows": len(runs),
        "objective": found.objective[best],
        "starts": len(starts),
        "at_best": int((found.converged & (found.objective <= level)).sum()),
        "converged": int(found.converged.sum()),
        "resamples": settings.resamples,
        "resamples_converged": int(boot.converged.sum()),
    }
    at, many = (_law_at(law, position, anchors) for position in (found.position[best], boot.position.T))
    at = at.replace(**{name: float(value) for name, value in at.values.items()})
    draws = many.values | {d.name: getattr(many, d.name) for d in law.derived_quantities}
    return Part(at, {name: np.asarray(value, float) for name, value in draws.items()}, boot.converged, report)


def _best(law: type[Law], settings: PointSettings, rows: Rows, found: Found, where: str) -> int:
    """The start that converged at the least objective."""
    if not found.converged.any():
        raise not_converged(law, settings, rows, found, where)
    return int(np.where(found.converged, found.objective, np.inf).argmin())


def _law_at(law: type[Law], position: np.ndarray, anchors: dict[str, float]) -> Law:
    """The law in textbook form at one position (parameter), or at many (parameter x job)."""
    return law(**constrain(law, position), **anchors).textbook()
