"""The best size at a budget, draw by draw, and what missing it costs in compute."""

from __future__ import annotations

import numpy as np

from bayescale.decisions.allocate import allocate
from bayescale.decisions.differences import STEP, bend, slope
from bayescale.decisions.next_run.situation import Situation
from bayescale.language.errors import LawError


def size_and_rate(situation: Situation, compute: float) -> tuple[np.ndarray, float]:
    """Log of the compute-optimal size at a budget over draws, and what missing it costs, of the law alone.

    That is the share of the compute that is wasted per square of the distance from this log, mean over draws: half the
    curvature of log loss in log size at the budget over the fall of the best log loss with log compute; for Chinchilla
    half of alpha + beta.

    Raises:
        LawError: the best loss does not fall with compute.
    """
    steps = np.exp(STEP * np.array([-2, -1, 0, 1, 2]))
    plan = allocate(
        situation.fit,
        compute=compute * steps,
        cost=situation.cost,
        group=situation.group,
        seed=situation.seed,
        discrepancy=None,
    )
    best = np.log(plan.draws["loss"].to_numpy().reshape(-1, steps.size))
    fall = -slope(*best[:, [0, 1, 3, 4]].T)
    here = plan.problem.part(np.array([2]))
    curvature = bend(*(np.log(here.curves(here.best * step)[:, 0]) for step in steps))
    # Both have a step in their denominators, the curvature one more.
    rate = 0.5 * curvature / fall / STEP
    if not (np.isfinite(rate) & (fall > 0)).all():
        raise LawError(
            f"The best loss of the law {situation.fit.law.name!r} does not fall with compute at {compute:.3g} FLOP in "
            "every draw, so that a worse plan has no equivalent in compute; choose Forecast or Parameters as goal."
        )
    return np.log(here.best[:, 0]), float(rate.mean())
