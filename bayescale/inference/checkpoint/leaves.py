"""Trees of JAX as named arrays, and back to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.language.errors import StoreError


def to_arrays(tree: Any, prefix: str) -> dict[str, np.ndarray]:
    """Return the leaves of a tree by ``prefix`` and their place in it; keys of random numbers as their numbers.

    >>> to_arrays({"a": 1.5, "b": [jax.random.key(0)]}, "state")
    {'state/a': array(1.5), 'state/b/0': array([0, 0], dtype=uint32)}
    """
    return {
        name: np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf) for name, leaf in _named(tree, prefix)
    }


def from_arrays(template: Any, arrays: Mapping[str, np.ndarray], prefix: str) -> Any:
    """Return the tree whose leaves were written.

    Args:
        template: a tree of the same structure, whose leaves say what each is.
        arrays: what was written.
        prefix: that it was written with.

    Raises:
        StoreError: a leaf is missing or has another shape or type; the message lacks the path.
    """
    leaves = [_leaf(leaf, name, arrays) for name, leaf in _named(template, prefix)]
    return jax.tree.unflatten(jax.tree.structure(template), leaves)


def _leaf(leaf: Any, name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    expected, found = _plain(leaf), arrays.get(name)
    if found is None or (found.dtype, found.shape) != (expected.dtype, expected.shape):
        kind = "nothing" if found is None else f"{found.dtype} of {found.shape}"
        raise StoreError(
            f"it has {kind} as {name} and {expected.dtype} of {expected.shape} is expected; remove it to begin anew."
        )
    if _is_key(leaf):
        there = jax.device_put(found, jax.random.key_data(leaf).sharding)
        return jax.random.wrap_key_data(there, impl=jax.random.key_impl(leaf))
    if isinstance(leaf, jax.Array):
        return jax.device_put(found, leaf.sharding)
    # A number stays one: as an array it would be of another type to the compiler.
    return found if isinstance(leaf, np.ndarray) else found.item()


def _plain(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _named(tree: Any, prefix: str) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(f"{prefix}/{jax.tree_util.keystr(path, simple=True, separator='/')}", leaf) for path, leaf in leaves]


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
