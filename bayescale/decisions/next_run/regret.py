"""The best size at a budget, draw by draw, and what missing it costs in compute."""

from __future__ import annotations

import numpy as np

from bayescale.decisions.allocate import allocate
from bayescale.decisions.differences import bend, slope
from bayescale.decisions.draws import family_draws, law_of
from bayescale.decisions.next_run.situation import Situation
from bayescale.inference.evaluate import curve
from bayescale.inference.precision import computing
from bayescale.language.errors import LawError

# Half the span of the differences, in log compute and in log size: fourth-order ones, which leave eight digits.
STEP = 0.05


def best_log_size(situation: Situation, compute: float) -> np.ndarray:
    """Log of the compute-optimal size at a budget, over draws."""
    return np.log(_plans(situation, np.array([compute]), "params")[:, 0])


def regret_rate(situation: Situation, compute: float) -> float:
    """Share of the compute that is wasted per square of the distance from the log of the best size; mean over draws.

    It is half the curvature of log loss in log size at the budget over the fall of the best log loss with log compute;
    for Chinchilla half of alpha + beta.

    Raises:
        LawError: the best loss does not fall with compute.
    """
    steps = np.exp(STEP * np.array([-2, -1, 0, 1, 2]))
    best = np.log(_plans(situation, compute * steps, "loss"))
    fall = -slope(*best[:, [0, 1, 3, 4]].T)
    size = np.exp(best_log_size(situation, compute))[:, None] * steps
    curvature = bend(*np.log(_losses(situation, size, compute)).T)
    # Both have a step in their denominators, the curvature one more.
    rate = 0.5 * curvature / fall / STEP
    if not (np.isfinite(rate) & (fall > 0)).all():
        raise LawError(
            f"The best loss of the law {situation.fit.law.name!r} does not fall with compute at {compute:.3g} FLOP in "
            "every draw, so that a worse plan has no equivalent in compute; choose Forecast or Parameters as goal."
        )
    return float(rate.mean())


def _plans(situation: Situation, budgets: np.ndarray, name: str) -> np.ndarray:
    """Compute-optimal plans of the law alone, draw x budget."""
    plan = allocate(
        situation.fit,
        compute=budgets,
        cost=situation.cost,
        group=situation.group,
        seed=situation.seed,
        discrepancy=None,
    )
    return plan.draws[name].to_numpy().reshape(-1, budgets.size)


def _losses(situation: Situation, params: np.ndarray, compute: float) -> np.ndarray:
    """The law's loss at sizes of every draw, whose tokens are what a budget leaves, draw x size."""
    tokens = np.asarray(situation.cost.tokens(params, compute), float)
    with computing():
        law = law_of(situation.fit, family_draws(situation.fit, situation.group, situation.seed)[0])
        return curve(law, {"params": params, "tokens": tokens})
