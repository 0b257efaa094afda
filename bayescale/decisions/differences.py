"""Fourth-order differences of five equally spaced values, in units of their spacing."""

from __future__ import annotations

from typing import Any

# A spacing in log compute and in log size that leaves eight digits of a law's losses.
STEP = 0.05


def slope(far_low: Any, low: Any, high: Any, far_high: Any) -> Any:
    """The first derivative in the middle."""
    return (far_low - 8 * low + 8 * high - far_high) / 12


def bend(far_low: Any, low: Any, here: Any, high: Any, far_high: Any) -> Any:
    """The second derivative in the middle."""
    return (-far_low + 16 * low - 30 * here + 16 * high - far_high) / 12
