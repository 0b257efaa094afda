"""Exponents of measured costs: a straight line in logs, over the upper part of a range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """``cost = factor * size ** exponent``.

    Args:
        exponent: by least squares in logs.
        error: its standard error.
        factor: cost at size 1.
        least, most: of the sizes that were fitted.
    """

    exponent: float
    error: float
    factor: float
    least: float
    most: float

    def __call__(self, size: np.ndarray) -> np.ndarray:
        """The cost at some sizes."""
        return self.factor * size**self.exponent

    def __str__(self) -> str:
        return f"{self.exponent:.2f} ± {self.error:.2f}"


def fit_power_law(sizes: Sequence[float], costs: Sequence[float], least: float) -> PowerLaw:
    """Fit the costs of the sizes from ``least`` on.

    Every repeat is a point. The standard error is that of the regression: it has the scatter of repeats and what
    curves between the sizes, and takes both as independent from point to point.

    Raises:
        ValueError: fewer than two sizes, or fewer than three points.
    """
    size, cost = (np.asarray(values, float) for values in (sizes, costs))
    kept = size >= least
    x, y = np.log(size[kept]), np.log(cost[kept])
    if len(np.unique(x)) < 2 or len(x) < 3:
        raise ValueError(f"an exponent needs two sizes and three points from {least:g} on, got {len(x)} points")
    away = x - x.mean()
    exponent = away @ y / (away @ away)
    residual = y - y.mean() - exponent * away
    error = np.sqrt(residual @ residual / (len(x) - 2) / (away @ away))
    factor = np.exp(y.mean() - exponent * x.mean())
    return PowerLaw(float(exponent), float(error), float(factor), float(size[kept].min()), float(size.max()))
