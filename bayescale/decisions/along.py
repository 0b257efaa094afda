"""How the loss changes with model size along a budget: its slope and bend in log params, tokens following."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.differences import bend, slope
from bayescale.inference.evaluate import by_points, one_by_one
from bayescale.laws import Law

# Spacing in log params of the differences of log tokens. Narrow, since where serving takes much of a budget tokens bend
# fast with size; costs are smooth enough for differences, and their tokens good to rounding.
STEP = 0.002
SCALE = "scale"
# Of a root, in log params. A Newton step of this length ends where the next one would be lost in rounding.
CLOSE, MOST = 1e-7, 60


def path(cost: Cost, params: Any, counted: Any) -> dict[str, np.ndarray]:
    """Return sizes, the tokens left for them, and the first and second derivative of log tokens in log params.

    Args:
        cost: what a run costs.
        params: sizes, over point or draw x point.
        counted: budgets in FLOP as the cost counts them; both broadcast.
    """
    params, counted = np.broadcast_arrays(np.asarray(params, float), np.asarray(counted, float))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        tokens = [np.asarray(cost.tokens(params * np.exp(k * STEP), counted), float) for k in (-2, -1, 0, 1, 2)]
        far_low, low, here, high, far_high = np.log(tokens)
        first = slope(far_low, low, high, far_high) / STEP
        second = bend(far_low, low, here, high, far_high) / STEP**2
    return {"params": params, "tokens": tokens[2], "first": first, "second": second}


def slopes(law: Law, columns: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and bend of the loss in log params, draw x point each; call inside ``computing()``.

    Args:
        law: parameters of shape draws x 1, or scalars.
        columns: :func:`path`, with what else the law takes over points.
    """
    first, second = by_points(partial(_slopes, law), columns)
    return first, second


def mean_slopes(law: Law, columns: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and bend in log params of the mean loss over draws, per point; call inside ``computing()``.

    Args:
        law: parameters of shape draws x 1.
        columns: as for :func:`slopes`, and, where losses are scaled, ``scale`` over draw x point.
    """
    first, second = by_points(partial(_mean_slopes, law), columns)
    return first, second


def root_of_slope(
    at: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    start: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> np.ndarray:
    """Return where a slope that rises through zero does so, by Newton steps that never leave the bracket.

    A step out of what is left of the bracket becomes half of it. A slope of one sign ends at an end of the bracket, and
    one that jumps through zero at the jump.

    Args:
        at: slope and bend of some points, by their index along the last axis and their values.
        start, low, high: first value and bracket, points along the last axis.
    """
    found, low, high = (np.array(values, float) for values in np.broadcast_arrays(start, low, high))
    active = np.arange(found.shape[-1])
    for _ in range(MOST):
        here = found[..., active]
        steep, curved = at(active, here)
        low[..., active] = np.where(steep < 0, here, low[..., active])
        high[..., active] = np.where(steep > 0, here, high[..., active])
        left, right = low[..., active], high[..., active]
        with np.errstate(divide="ignore", invalid="ignore"):
            next_one = np.where(curved > 0, here - steep / curved, np.nan)
        # A step that is lost in rounding may point out of the bracket, one end of which lies here.
        inside = ((next_one > left) & (next_one < right)) | (np.abs(next_one - here) < CLOSE)
        next_one = np.where(inside, next_one, np.where(steep == 0, here, 0.5 * (left + right)))
        found[..., active] = next_one
        moved = np.abs(next_one - here) > CLOSE
        active = active[moved.reshape(-1, active.size).any(axis=0)]
        if not active.size:
            break
    return found


@jax.jit
def _slopes(law: Law, columns: dict[str, Any]) -> Any:
    return jnp.stack(one_by_one(_expanded, law, columns))


@jax.jit
def _mean_slopes(law: Law, columns: dict[str, Any]) -> Any:
    scale = columns.get(SCALE, 1.0)
    rest = {name: values for name, values in columns.items() if name != SCALE}
    return jnp.stack([jnp.mean(part * scale, axis=0) for part in one_by_one(_expanded, law, rest)])


def _expanded(law: Law, row: dict[str, Any]) -> tuple[Any, Any]:
    """Slope and bend of one law's loss along one budget."""
    others = {name: value for name, value in row.items() if name not in ("params", "tokens", "first", "second")}

    def loss(step: Any) -> Any:
        params = row["params"] * jnp.exp(step)
        tokens = row["tokens"] * jnp.exp(step * (row["first"] + 0.5 * step * row["second"]))
        return law.at(params=params, tokens=tokens, **others)

    def rise(step: Any) -> Any:
        return jax.jvp(loss, (step,), (jnp.ones_like(step),))[1]

    return jax.jvp(rise, (jnp.zeros_like(row["params"]),), (jnp.ones_like(row["params"]),))
