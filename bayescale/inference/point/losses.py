"""Losses of a residual of log loss: quadratic near zero, and beyond a tip ``delta`` as robust as their name says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

# A loss returns its value, its slope divided by the residual, and its second derivative.
Loss = Callable[[Any, Any], tuple[Any, Any, Any]]


def huber(residual: Any, delta: Any) -> tuple[Any, Any, Any]:
    """Half the square up to ``delta``, then a straight line; for small ``delta`` the absolute residual times it."""
    size = jnp.abs(residual)
    inside = size < delta
    value = jnp.where(inside, 0.5 * size**2, delta * (size - 0.5 * delta))
    return value, jnp.where(inside, 1.0, delta / jnp.maximum(size, delta)), jnp.where(inside, 1.0, 0.0)


def soft_l1(residual: Any, delta: Any) -> tuple[Any, Any, Any]:
    """A smooth Huber loss: delta^2 (sqrt(1 + (r / delta)^2) - 1)."""
    square = (residual / delta) ** 2
    root = jnp.sqrt(1.0 + square)
    # The first form loses all digits of residuals far below delta.
    return delta**2 * square / (root + 1.0), 1.0 / root, root**-3.0


def squares(residual: Any, delta: Any) -> tuple[Any, Any, Any]:
    """Half the square, wherever the tip is."""
    one = jnp.ones_like(residual)
    return 0.5 * residual**2, one, one


LOSSES: dict[str, Loss] = {"huber": huber, "soft-l1": soft_l1, "squares": squares}
