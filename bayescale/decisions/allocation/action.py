"""The one size per budget that is best over all draws: the Bayes action and its relatives."""

from __future__ import annotations

import numpy as np

from bayescale.decisions.allocation.feasible import Feasible
from bayescale.decisions.allocation.objectives import Mean, Objective
from bayescale.decisions.allocation.problem import Problem
from bayescale.decisions.along import root_of_slope
from bayescale.decisions.nodes import between_nodes, node_budgets

# Sizes compared at a time, first and then in ever narrower ranges: the last are within 1e-5 of each other in log size.
WIDE, NARROW, ZOOMS = 65, 17, 4
# Draws that are enough to tell in which valley of the expected loss to look.
FEW = 200


def best_action(problem: Problem, objective: Objective, allowed: Feasible) -> np.ndarray:
    """Return the size at every budget that makes an objective least, within the constraints.

    Each draw's loss falls up to its own best size and rises from there. An objective that does not fall where all
    draws' losses rise is therefore least between the smallest and the largest of these, or, where constraints keep
    away from that range, at the limit nearest to it.

    Args:
        problem: draws and budgets.
        objective: what is to be least.
        allowed: what constraints allow.
    """
    if allowed.sizes is not None:
        return _best_of(problem, objective, allowed)
    low, high = np.log(problem.best.min(axis=0)), np.log(problem.best.max(axis=0))
    if not isinstance(objective, Mean):
        return np.exp(_zoomed(problem, objective, *_inside(allowed, low, high)))
    free = _stationary(problem, low, high)
    with np.errstate(divide="ignore"):
        found = np.clip(free, np.log(allowed.low), np.log(allowed.high))
    held = np.flatnonzero(found != free)
    if held.size:
        # A second valley may lie within the limits if the slope there leads inwards.
        steep, _ = problem.part(held).mean_slopes(found[held])
        again = held[np.where(found[held] > free[held], steep < 0, steep > 0)]
        if again.size:
            ends = _inside(allowed.part(again), low[again], high[again])
            found[again] = _zoomed(problem.part(again), objective, *ends)
    return np.exp(found)


def _inside(allowed: Feasible, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of a range of log sizes, moved into the limits."""
    with np.errstate(divide="ignore"):
        least, most = np.log(allowed.low), np.log(allowed.high)
    return np.clip(low, least, most), np.clip(high, least, most)


def _stationary(problem: Problem, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Log of the size at which the expected loss is least without constraints; of many budgets, most start between."""
    nodes = node_budgets(problem.budgets)
    some = problem.part(nodes)
    start = _zoomed(some.thinned(FEW), Mean(), low[nodes], high[nodes], zooms=0)
    found = _root(some, start, low[nodes], high[nodes])
    if nodes.size == problem.budgets.size:
        all_found = np.empty_like(found)
        all_found[nodes] = found
        return all_found
    between = np.clip(between_nodes(problem.budgets, nodes, found), low, high)
    return _root(problem, between, low, high)


def _root(problem: Problem, start: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return root_of_slope(lambda index, log_params: problem.part(index).mean_slopes(log_params), start, low, high)


def _zoomed(
    problem: Problem, objective: Objective, low: np.ndarray, high: np.ndarray, zooms: int = ZOOMS
) -> np.ndarray:
    """Log of the best of ever closer sizes between two ends, over budget."""
    columns = np.arange(low.size)
    for count in (WIDE, *[NARROW] * zooms):
        sizes = np.linspace(low, high, count)
        ranks = np.stack([objective.rank(problem.losses(np.exp(row))) for row in sizes])
        best = ranks.argmin(axis=0)
        found = sizes[best, columns]
        low, high = sizes[np.maximum(best - 1, 0), columns], sizes[np.minimum(best + 1, count - 1), columns]
    return found


def _best_of(problem: Problem, objective: Objective, allowed: Feasible) -> np.ndarray:
    """The best of the sizes of a list, over budget."""
    assert allowed.sizes is not None
    count = problem.budgets.size
    ranks = np.stack([objective.rank(problem.losses(np.full(count, size))) for size in allowed.sizes])
    return allowed.sizes[np.where(allowed.allowed(), ranks, np.inf).argmin(axis=0)]


def best_of_draws(problem: Problem, allowed: Feasible) -> np.ndarray:
    """The size that is best under each draw within the constraints, draw x budget."""
    if allowed.sizes is None:
        return problem.best if allowed.is_free else allowed.clip(problem.best)
    least, found = np.full(problem.best.shape, np.inf), np.zeros(problem.best.shape)
    for size, may in zip(allowed.sizes, allowed.allowed(), strict=True):
        losses = np.where(may, problem.curves(np.full(problem.budgets.size, size)), np.inf)
        better = losses < least
        least, found = np.where(better, losses, least), np.where(better, size, found)
    return found
