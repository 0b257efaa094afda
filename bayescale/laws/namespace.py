"""The array library of a formula's values: formulas are evaluated with JAX and, by the instant engine, with NumPy."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def namespace(*values: Any) -> ModuleType:
    """Return ``jax.numpy`` if a value is JAX's, traced ones included, else ``numpy``.

    A formula needs it for functions only, such as ``exp``: operators and powers work with either.
    """
    return jnp if any(isinstance(value, jax.Array) for value in values) else np
