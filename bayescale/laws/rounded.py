"""What exceeds a bound, rounded off so that a formula goes on below it."""

from __future__ import annotations

from typing import Any


def positive_part(value: Any, bound: Any, rounding: float) -> Any:
    """Return value - bound, rounded off so that it is positive, smooth and increasing also below ``bound``.

    Args:
        value: a number or an array.
        bound: positive.
        rounding: how far the corner of max(value - bound, 0) is rounded off, in units of ``bound``.
    """
    beyond = value - bound
    return 0.5 * (beyond + (beyond**2 + (rounding * bound) ** 2) ** 0.5)
