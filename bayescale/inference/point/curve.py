"""The curve at one set of parameters: its objective, slope and curvature over the rows of a table."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to

from bayescale.data import Runs
from bayescale.inference.formula import split_log_loss
from bayescale.inference.point.losses import LOSSES
from bayescale.laws import Law
from bayescale.models.responses import responses


class Rows(NamedTuple):
    """A table as arguments of compiled functions, padded so that tables of about one length share them.

    Args:
        inputs: per argument of the law, over rows.
        log_loss: over rows.
        mask: 1 for rows of the table, 0 for padding.
        anchors: of the law.
    """

    inputs: dict[str, np.ndarray]
    log_loss: np.ndarray
    mask: np.ndarray
    anchors: dict[str, np.float64]


class Local(NamedTuple):
    """The objective around a position.

    Args:
        value: mean loss over the weighted rows.
        slope: its gradient.
        near: curvature from the second derivative of the loss (Gauss-Newton: the curve is taken as straight).
        far: what iteratively reweighted least squares adds to ``near``: rows on the straight part of the loss.
        spread: mean absolute residual.
    """

    value: Any
    slope: Any
    near: Any
    far: Any
    spread: Any


def padded_rows(law: type[Law], runs: Runs, anchors: dict[str, float]) -> Rows:
    """Return the table as arrays, padded to one of four lengths per doubling."""
    count = len(runs)
    step = max(16, 1 << max(count.bit_length() - 3, 0))
    length = -(-count // step) * step

    def spread(column: np.ndarray) -> np.ndarray:
        # Padding repeats a real row, so that it stays finite before it is masked.
        return np.concatenate([column, np.full(length - count, column[0])])

    inputs = {argument: spread(runs.table[q.name].to_numpy(float)) for argument, q in law.arguments.items()}
    log_loss = spread(responses(law, runs, None)["log_loss"])
    return Rows(inputs, log_loss, (np.arange(length) < count) * 1.0, {n: np.float64(v) for n, v in anchors.items()})


def constrain(law: type[Law], position: Any) -> dict[str, Any]:
    """Parameters in natural units from the unconstrained scale; the parameters are the first axis."""
    return {p.name: biject_to(p.prior.numpyro().support)(x) for p, x in zip(law.parameters, position, strict=True)}


def unconstrain(law: type[Law], values: dict[str, Any]) -> Any:
    """Inverse of :func:`constrain`, with the parameters as the last axis."""
    return jnp.stack([biject_to(p.prior.numpyro().support).inv(values[p.name]) for p in law.parameters], axis=-1)


def local(law: type[Law], loss: str, position: Any, weights: Any, delta: Any, rows: Rows) -> Local:
    """Evaluate objective, slope and curvature at a position (parameters on the unconstrained scale)."""

    split = split_log_loss(law)
    fixed = jax.vmap(split.fixed_part, in_axes=((0, None),))((rows.inputs, rows.anchors))

    def curve(position: Any) -> Any:
        natural = constrain(law, position)
        return jax.vmap(lambda row: split.rest(natural, row), axis_size=rows.log_loss.size)(fixed)

    directions = jnp.eye(position.size)
    mean, slopes = jax.vmap(lambda d: jax.jvp(curve, (position,), (d,)), out_axes=(None, 0))(directions)
    residual = rows.log_loss - mean
    value, weight, second = LOSSES[loss](residual, delta)
    share = weights / weights.sum()
    # One product instead of three: this is half of the work.
    left = jnp.concatenate(
        [slopes * (share * second), slopes * (share * (weight - second)), (share * weight * residual)[None]]
    )
    near, far, slope = jnp.split(left @ slopes.T, [position.size, 2 * position.size])
    return Local((share * value).sum(), -slope[0], near, far, (share * jnp.abs(residual)).sum())
