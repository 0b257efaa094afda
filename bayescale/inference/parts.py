"""Sums over many blocks of rows, some at a time: values and slopes of each part while it lies in the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

# Tables with more cells are taken in parts of about so many: some arrays of them fit a core's cache.
MANY_CELLS, CELLS = 1 << 18, 1 << 14


def blocks_per_part(blocks: int, width: int) -> int:
    """The largest power of two that divides the number of blocks and keeps a part small, at least 1.

    Examples:
        >>> blocks_per_part(208, 4096), blocks_per_part(208, 8192), blocks_per_part(7, 16)
        (4, 2, 1)
    """
    many = 1
    while blocks % (2 * many) == 0 and 2 * many * width <= CELLS:
        many *= 2
    return many


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def summed(one: Callable[[Any, Any], Any], parameters: Any, parts: Any) -> Any:
    """Sum of ``one(parameters, part)`` over the leading axis of ``parts``, which have no slopes.

    Reversed step by step, a sum over parts would keep what each of them computed; here a part's slopes are taken with
    its value, and kept alone.
    """
    total, _ = jax.lax.scan(lambda sum_, part: (sum_ + one(parameters, part), None), jnp.zeros(()), parts)
    return total


def _forward(one: Callable[[Any, Any], Any], parameters: Any, parts: Any) -> tuple[Any, Any]:
    def step(sums: Any, part: Any) -> tuple[Any, None]:
        found = jax.value_and_grad(one)(parameters, part)
        return jax.tree.map(jnp.add, sums, found), None

    empty = jnp.zeros(()), jax.tree.map(jnp.zeros_like, parameters)
    return jax.lax.scan(step, empty, parts)[0]


def _backward(one: Callable[[Any, Any], Any], slopes: Any, weight: Any) -> tuple[Any, None]:
    return jax.tree.map(lambda slope: weight * slope, slopes), None


summed.defvjp(_forward, _backward)
