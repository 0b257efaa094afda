"""Sums over many blocks of rows, some at a time: values and slopes of each part while it lies in the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

# Tables with more cells are taken in parts of so many at most. An array of them is 16 kB, so that what a step reads and
# writes stays in a core's first cache; with twice as many a value and gradient took one and a half times as long.
MANY_CELLS, CELLS = 1 << 18, 1 << 11


def part_shape(blocks: int, width: int) -> tuple[int, int]:
    """Blocks and width of a part: some whole blocks, or a piece of one.

    Their product is at most ``CELLS``; the first divides the number of blocks, and the second the width.

    Examples:
        >>> part_shape(208, 512), part_shape(208, 8192), part_shape(7, 16)
        ((4, 512), (1, 2048), (1, 16))
    """
    many = 1
    while width % 2 == 0 and width > CELLS:
        width //= 2
    while blocks % (2 * many) == 0 and 2 * many * width <= CELLS:
        many *= 2
    return many, width


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
