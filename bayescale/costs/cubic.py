"""The positive root of the cubic that ties a transformer's width to its parameters."""

from __future__ import annotations

from typing import Any


def positive_root(cubic: float, linear: float, value: Any) -> Any:
    """Return the x > 0 with ``cubic x^3 + linear x = value``; arithmetic only, so for NumPy and JAX alike.

    Args:
        cubic: positive.
        linear: not negative; at 0 the root is a cube root.
        value: positive, an array or a number.
    """
    if linear == 0:
        return (value / cubic) ** (1 / 3)
    # With x = 2 s sinh(t) and s^2 = linear / (3 cubic), the triple-angle formula leaves sinh(3 t) = z.
    scale = (linear / (3 * cubic)) ** 0.5
    z = value / (2 * cubic * scale**3)
    exp_t = (z + (z * z + 1) ** 0.5) ** (1 / 3)
    x = scale * (exp_t - 1 / exp_t)
    # Where z is small the difference has lost digits; one step of Newton's method brings them back.
    return x - ((cubic * x * x + linear) * x - value) / (3 * cubic * x * x + linear)
