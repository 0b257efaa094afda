"""Conditional whitening: a normal vector with given precision and shift, from a standard normal one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@jax.custom_jvp
def whitened(precision: Any, shift: Any, z: Any) -> tuple[Any, Any]:
    """Return ``mean + L^-T z`` of every family, where L L^T is its precision, and the log Jacobian of the whole map.

    If z is standard normal, the result is normal with that precision and with mean precision^-1 shift.

    Args:
        precision: positive definite, family x k x k.
        shift: precision times mean, family x k.
        z: family x k.
    """
    inverse, half = _half_way(precision, shift)
    return _times(inverse.swapaxes(1, 2), half + z), _log_determinant(inverse)


@whitened.defjvp
def _derivative(primals: tuple[Any, Any, Any], tangents: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any], Any]:
    """By hand, which takes a third of the operations of differentiating the factorisation and its solves one by one.

    With W = L^-1 the factor moves by dL = L Q, where Q is the lower triangle of W dP W^T with half its diagonal.
    """
    precision, shift, z = primals
    d_precision, d_shift, d_z = tangents
    inverse, half = _half_way(precision, shift)
    upper = inverse.swapaxes(1, 2)
    lower = np.tri(z.shape[1], k=-1) + 0.5 * np.eye(z.shape[1])
    move = lower * _product(_product(inverse, d_precision), upper)
    inside = _times(inverse, d_shift) + d_z - _times(move, half) - _times(move.swapaxes(1, 2), half + z)
    trace = (move * np.eye(z.shape[1])).sum()
    return (_times(upper, half + z), _log_determinant(inverse)), (_times(upper, inside), -trace)


def _half_way(precision: Any, shift: Any) -> tuple[Any, Any]:
    """W = L^-1, and W times the shift."""
    factor = jax.lax.linalg.cholesky(precision, symmetrize_input=False)
    identity = jnp.broadcast_to(jnp.eye(precision.shape[-1]), precision.shape)
    inverse = jax.lax.linalg.triangular_solve(factor, identity, left_side=True, lower=True)
    return inverse, _times(inverse, shift)


def _log_determinant(triangular: Any) -> Any:
    return jnp.log((triangular * np.eye(triangular.shape[-1])).sum(2)).sum()


# Sums of products, which are compiled into one loop each; a batch of small matrix products is not.
def _times(matrix: Any, vector: Any) -> Any:
    return (matrix * vector[:, None, :]).sum(2)


def _product(left: Any, right: Any) -> Any:
    return (left[:, :, :, None] * right[:, None, :, :]).sum(2)
