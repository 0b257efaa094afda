"""The one size per budget that is best over all draws: the Bayes action and its relatives."""

from __future__ import annotations

import numpy as np

from bayescale.decisions.allocation.feasible import Feasible
from bayescale.decisions.allocation.objectives import Mean, Objective
from bayescale.decisions.allocation.problem import Problem
from bayescale.decisions.along import root_of_slope
from bayescale.decisions.nodes import between_nodes, node_budgets

# Sizes compared at a time, first and then in ever narrower ranges, and how many sizes to either side of the first best
# are in the next; the last are within a thousandth of each other in log size, where losses agree to 1e-7.
WIDE, NARROW, ZOOMS, BESIDE = 65, 17, 3, 3
# Draws that are enough to tell in which valley of the expected loss to look, and near where its least is. Of another
# objective a few draws decide, which are not to be thinned.
FEW, SOME = 200, 1000


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
        again = held[~_best_at_limit(problem.part(held), found[held], free[held], allowed.part(held))]
        if again.size:
            ends = _inside(allowed.part(again), low[again], high[again])
            found[again] = _zoomed(problem.part(again), objective, *ends)
    return np.exp(found)


def _best_at_limit(problem: Problem, limit: np.ndarray, free: np.ndarray, allowed: Feasible) -> np.ndarray:
    """Whether a limit that is short of the best size is the best that is allowed: no second valley is within."""
    steep, _ = problem.mean_slopes(limit)
    outwards = np.where(limit > free, steep >= 0, steep <= 0)
    ends = _inside(allowed, np.log(problem.best.min(axis=0)), np.log(problem.best.max(axis=0)))
    seen = _zoomed(problem.thinned(FEW), Mean(), *ends, zooms=0)
    return outwards & (np.abs(seen - limit) <= (ends[1] - ends[0]) / (WIDE - 1) * (1 + 1e-9))


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
    """Log of the best of ever closer sizes between two ends, over budget; some draws tell where a mean is least."""
    columns = np.arange(low.size)
    first = problem.thinned(SOME) if isinstance(objective, Mean) and problem.draws > SOME else problem
    for level, count in enumerate((WIDE, *[NARROW] * zooms)):
        among, beside = (first, BESIDE) if level == 0 else (problem, 1)
        sizes = np.linspace(low, high, count)
        ranks = np.stack([objective.rank(among.losses(np.exp(row))) for row in sizes])
        best = ranks.argmin(axis=0)
        found = sizes[best, columns]
        low = sizes[np.maximum(best - beside, 0), columns]
        high = sizes[np.minimum(best + beside, count - 1), columns]
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
