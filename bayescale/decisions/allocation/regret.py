"""What a plan loses against the best one, draw by draw: in loss, and in compute that it wastes."""

from __future__ import annotations

import numpy as np

from bayescale.decisions.allocation.problem import Problem
from bayescale.decisions.optimum import closed_optimum, optimum_near, with_inputs
from bayescale.inference.evaluate import curve
from bayescale.inference.precision import computing

# First step of the search in log compute, its end, and how far it may go: 25 is eleven decades.
STEP, CLOSE, FARTHEST, MOST = 0.05, 1e-10, 25.0, 60
# The optimum is searched from where the last one leads to, which is good for so much of log compute and no further.
LONGEST = 1.0


def wasted_compute(problem: Problem, params: np.ndarray) -> np.ndarray:
    """Return the budget over the least compute that reaches the plan's loss, draw x budget, at least 1.

    The least compute is that of the law's own frontier, on which budgets are split at best: the root in log compute of
    frontier loss - loss of the plan, by secants. Near the best size it is 1 + 0.5 k (log N - log N*)^2, k being alpha +
    beta for laws of two power terms.

    Args:
        problem: draws and budgets.
        params: of the plan, over budget or draw x budget.
    """
    wanted, start = problem.curves(params), np.log(problem.best)
    spent = np.log(np.broadcast_to(problem.spent, wanted.shape))
    frontier = _Frontier(problem, start, spent)
    last, at_last = spent, problem.curves(problem.best)
    excess = wanted > at_last  # rounding must not make the best plan a better one
    low, high, here = spent - FARTHEST, spent, spent - STEP
    for _ in range(MOST):
        at_here = frontier.loss(here)
        low, high = np.where(at_here > wanted, here, low), np.where(at_here < wanted, here, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = (wanted - at_here) * (here - last) / (at_here - at_last)
        step = np.where(np.isfinite(step), step, 0.0)
        inside = ((here + step > low) & (here + step < high)) | (np.abs(step) < CLOSE)
        step = np.clip(np.where(inside, step, 0.5 * (low + high) - here), -LONGEST, LONGEST)
        last, at_last, here = here, at_here, here + step
        if np.max(np.abs(here - last), where=excess, initial=0.0) < CLOSE:
            break
    return np.where(excess, np.exp(spent - here), 1.0)


class _Frontier:
    """The least loss of each draw at a compute of its own; remembers where the last optimum was."""

    def __init__(self, problem: Problem, log_params: np.ndarray, log_compute: np.ndarray):
        self.problem, self.log_params, self.log_compute = problem, log_params, log_compute
        # Of size along the frontier: about the root of compute, and up to all of it where serving takes the budget.
        self.exponent = np.full(log_compute.shape, 0.5)

    def loss(self, log_compute: np.ndarray) -> np.ndarray:
        """Return the least loss at log compute, draw x budget."""
        problem, compute = self.problem, np.exp(log_compute)
        law, cost, inputs = problem.one_law, problem.cost, problem.inputs
        closed = None if inputs else closed_optimum(law, compute, cost)
        if closed is None:
            moved = log_compute - self.log_compute
            found = optimum_near(law, compute, cost, inputs, self.log_params + self.exponent * moved)
            tells = np.abs(moved) >= 0.5 * STEP
            self.exponent = np.where(tells, (found - self.log_params) / np.where(tells, moved, 1.0), self.exponent)
            self.log_params, self.log_compute, params = found, log_compute, np.exp(found)
            closed = params, np.asarray(cost.tokens(params, compute), float)
        with computing():
            return curve(law, with_inputs({"params": closed[0], "tokens": closed[1]}, inputs))
