"""The compute-optimal split: a law's closed form, or the generic solver for any law of params and tokens, any cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from bayescale.costs import Cost, SixND
from bayescale.decisions.along import path, root_of_slope, slopes
from bayescale.decisions.nodes import between_nodes, node_budgets
from bayescale.inference.evaluate import by_points, curve, one_by_one
from bayescale.inference.precision import computing
from bayescale.language.errors import LawError
from bayescale.laws import Law

# Model sizes searched, in parameters: log of 1 to 1e20, coarse enough to be cheap and finer than any law's valley.
GRID = np.linspace(0.0, np.log(1e20), 185)
# How far from an interpolated optimum, in log size, the true one may be; it is nearer by far.
AROUND = 0.5
SIX_ND = SixND()
NOTHING: Mapping[str, Any] = {}


def optimum(
    law: Law, budgets: np.ndarray, cost: Cost, inputs: Mapping[str, Any] = NOTHING
) -> tuple[np.ndarray, np.ndarray]:
    """Return params and tokens at which the loss is least, by the closed form where there is one; see the two below."""
    found = None if inputs else closed_optimum(law, budgets, cost)
    return numeric_optimum(law, budgets, cost, inputs) if found is None else found


def closed_optimum(law: Law, budgets: np.ndarray, cost: Cost) -> tuple[np.ndarray, np.ndarray] | None:
    """The closed form of a law, for one draw and one budget at a time; None where it has none at this cost.

    Nor has it one that can be used where it needs numbers instead of traced values, as ``Cost.tokens`` by bisection
    does.

    Args:
        law: parameters of shape (draws, 1), or scalars.
        budgets: in FLOP, shape (budgets,), or draws x budgets.
        cost: what a run costs.

    Returns:
        params and tokens, each draws x budgets, or None.
    """
    with computing():
        try:
            # Of the usual cost there is nothing to tell, so that its program is compiled once.
            if type(cost) is SixND:
                return _of_six_nd(law, budgets)
            found = one_by_one(lambda one, row: one.optimum(row["compute"], cost), law, {"compute": budgets})
        except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError):
            return None
        return None if found is None else (np.asarray(found[0], float), np.asarray(found[1], float))


def _of_six_nd(law: Law, budgets: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    if type(law).optimum is Law.optimum:
        return None
    missing: list[bool] = []

    def found(columns: dict[str, Any]) -> Any:
        made = _compiled_six_nd(law, columns["compute"])
        missing.append(made is None)
        return np.zeros(columns["compute"].shape) if made is None else np.stack(made)

    made = by_points(found, {"compute": budgets})
    return None if any(missing) else (made[0], made[1])


@jax.jit
def _compiled_six_nd(law: Law, budgets: Any) -> Any:
    return one_by_one(lambda one, row: one.optimum(row["compute"], SIX_ND), law, {"compute": budgets})


def numeric_optimum(
    law: Law, budgets: np.ndarray, cost: Cost, inputs: Mapping[str, Any] = NOTHING
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise the loss over model size at fixed compute, for every draw and budget.

    A grid finds the valley, and the root of the slope gives the digits that a comparison of losses cannot: near a
    minimum losses agree to rounding over a millionth of the size. Of many budgets a few are searched so, the others
    start between their optima; where that start misleads, they are searched too.

    Args:
        law: parameters of shape (draws, 1), or scalars.
        budgets: in FLOP, shape (budgets,), or draws x budgets where each draw has its own.
        cost: its ``tokens`` inverts it.
        inputs: what else the law takes, one number each.

    Returns:
        params and tokens, each draws x budgets.

    Raises:
        LawError: the loss has no minimum inside the range searched.
    """
    budgets = np.asarray(budgets, float)
    typical = budgets if budgets.ndim == 1 else np.exp(np.log(budgets).mean(axis=0))
    nodes = node_budgets(typical)
    with computing(), np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        searched = _searched(law, budgets[..., nodes], cost, inputs)
        if nodes.size == typical.size:
            log_params = np.empty_like(searched)
            log_params[..., nodes] = searched
        else:
            start = between_nodes(typical, nodes, searched)
            log_params = _narrowed(law, budgets, cost, inputs, start, AROUND)
            off = np.abs(log_params - start) > 0.5 * AROUND
            if (again := np.flatnonzero(off.reshape(-1, typical.size).any(axis=0))).size:
                log_params[..., again] = _searched(law, budgets[..., again], cost, inputs)
    params = np.exp(log_params)
    return params, np.asarray(cost.tokens(params, budgets), float)


def optimum_near(
    law: Law, budgets: np.ndarray, cost: Cost, inputs: Mapping[str, Any], log_params: np.ndarray
) -> np.ndarray:
    """Return the log of the size at which the loss is least, in the valley around a start, draws x budgets.

    Args:
        law, budgets, cost, inputs: as for :func:`numeric_optimum`.
        log_params: the start, draws x budgets.
    """
    with computing(), np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return _narrowed(law, budgets, cost, inputs, log_params, 4 * AROUND)


def with_inputs(columns: Mapping[str, np.ndarray], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return columns with other inputs of a law beside them, repeated over their points."""
    points = next(iter(columns.values())).shape[-1]
    return {**columns, **{name: np.full(points, float(value)) for name, value in inputs.items()}}


def _searched(law: Law, budgets: np.ndarray, cost: Cost, inputs: Mapping[str, Any]) -> np.ndarray:
    """Log of the best size at every budget, from a grid over all sizes."""
    sizes, best = np.exp(GRID), []
    for one in np.moveaxis(budgets, -1, 0):
        tokens = np.asarray(cost.tokens(sizes, one[..., None]), float)
        values = curve(law, with_inputs({"params": sizes, "tokens": tokens}, inputs))
        best.append(np.where(np.isfinite(values), values, np.inf).argmin(axis=-1))
    index = np.stack(best, axis=-1)
    if np.any((index == 0) | (index == GRID.size - 1)):
        raise LawError(
            f"The law {law.name!r} has no compute-optimal size at some budget: its loss keeps falling towards "
            "no parameters or no tokens. Check the parameters and the cost."
        )
    return _narrowed(law, budgets, cost, inputs, GRID[index], GRID[1] - GRID[0])


def _narrowed(
    law: Law, budgets: np.ndarray, cost: Cost, inputs: Mapping[str, Any], start: np.ndarray, around: float
) -> np.ndarray:
    """The root of the slope at most so far from a start, in log size."""

    def at(index: np.ndarray, log_params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = path(cost, np.exp(log_params), budgets[..., index])
        return slopes(law, with_inputs(columns, inputs))

    return root_of_slope(at, start, start - around, start + around)
