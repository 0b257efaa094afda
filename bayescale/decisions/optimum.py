"""The compute-optimal split: a law's closed form, or the generic solver for any law of params and tokens, any cost."""

from __future__ import annotations

import jax
import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.differences import bend, slope
from bayescale.inference.evaluate import curve, one_by_one
from bayescale.inference.precision import computing
from bayescale.language.errors import LawError
from bayescale.laws import Law

# Model sizes searched, in parameters: log of 1 to 1e20, coarse enough to be cheap and finer than any law's valley.
GRID = np.linspace(0.0, np.log(1e20), 185)
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def closed_optimum(law: Law, budgets: np.ndarray, cost: Cost) -> tuple[np.ndarray, np.ndarray] | None:
    """The closed form of a law, for one draw and one budget at a time; None where it has none at this cost.

    Nor has it one that can be used where it needs numbers instead of traced values, as ``Cost.tokens`` by bisection
    does.

    Args:
        law: parameters of shape (draws, 1), or scalars.
        budgets: in FLOP, shape (budgets,).
        cost: what a run costs.

    Returns:
        params and tokens, each draws x budgets, or None.
    """
    with computing():
        try:
            found = one_by_one(lambda one, row: one.optimum(row["compute"], cost), law, {"compute": budgets})
        except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError):
            return None
        return None if found is None else (np.asarray(found[0], float), np.asarray(found[1], float))


def numeric_optimum(law: Law, budgets: np.ndarray, cost: Cost) -> tuple[np.ndarray, np.ndarray]:
    """Minimise the loss over model size at fixed compute, for every draw and budget.

    A grid finds the valley, golden sections narrow it, and the root of the slope gives the digits that a comparison
    of losses cannot: near a minimum losses agree to rounding over a millionth of the size.

    Args:
        law: parameters of shape (draws, 1), or scalars.
        budgets: in FLOP, shape (budgets,).
        cost: its ``tokens`` inverts it.

    Returns:
        params and tokens, each draws x budgets.

    Raises:
        LawError: the loss has no minimum inside the range searched.
    """

    def loss(log_params: np.ndarray) -> np.ndarray:
        params = np.exp(log_params)
        return curve(law, {"params": params, "tokens": np.asarray(cost.tokens(params, budgets), float)})

    with computing(), np.errstate(over="ignore", divide="ignore"):
        low, high = _bracket(law, loss, budgets)
        low, high = _golden(loss, low, high)
        log_params = _root_of_slope(loss, 0.5 * (low + high))
    params = np.exp(log_params)
    return params, np.asarray(cost.tokens(params, budgets), float)


def _bracket(law: Law, loss, budgets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = np.stack([loss(np.full_like(budgets, point)) for point in GRID])
    values = np.where(np.isfinite(values), values, np.inf)
    best = values.argmin(axis=0)
    if np.any((best == 0) | (best == GRID.size - 1)):
        raise LawError(
            f"The law {law.name!r} has no compute-optimal size at some budget: its loss keeps falling towards "
            "no parameters or no tokens. Check the parameters and the cost."
        )
    return GRID[best - 1], GRID[best + 1]


def _golden(loss, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Narrow the bracket to about 1e-3, still far above where rounding rules."""
    for _ in range(15):
        inner_low, inner_high = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        left = loss(inner_low) < loss(inner_high)
        low, high = np.where(left, low, inner_low), np.where(left, inner_high, high)
    return low, high


def _root_of_slope(loss, log_params: np.ndarray) -> np.ndarray:
    """Newton steps on a fourth-order difference of the slope, which at the end is off by about 1e-9 in log size.

    Wide differences stand the rounding of losses and get near. Narrow ones end it: where serving takes much of a
    budget, tokens bend so fast with size that the wide ones are off by 1e-5.
    """
    for width in (0.02, 0.02, 0.002, 0.002):
        far_low, low, here, high, far_high = (loss(log_params + k * width) for k in (-2, -1, 0, 1, 2))
        step = width * slope(far_low, low, high, far_high) / bend(far_low, low, here, high, far_high)
        log_params = log_params - np.clip(step, -0.01, 0.01)
    return log_params
