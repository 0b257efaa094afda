"""Straight coordinates of a floor and a power: at the anchor data determine the level and the slope."""

from __future__ import annotations

from typing import Any


def level_and_slope(floor: Any, power: Any, exponent: Any) -> tuple[Any, Any]:
    """Return the logs of floor + power and of the power's slope; all arguments are logs, of NumPy or JAX."""
    return floor.__array_namespace__().logaddexp(floor, power), power + exponent


def floor_and_power(level: Any, slope: Any, exponent: Any) -> tuple[Any, Any, Any]:
    """Return the logs of floor and power, and that of the map's Jacobian determinant: inverse of the above."""
    xp, power = level.__array_namespace__(), slope - exponent
    # log(floor / level); of the map, only d floor / d level = level / floor differs from 1 on the diagonal.
    share = xp.log1p(-xp.exp(power - level))
    return level + share, power, -share
