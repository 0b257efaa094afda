"""Densities of draws, and the part of them that is highest."""

from __future__ import annotations

import numpy as np
from scipy.stats import gaussian_kde

# A density goes so many of its own widths past the outermost draws that count.
MARGIN, OUTER = 0.3, 0.001


def density_of(draws: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a grid over draws and the kernel estimate of their density on it; draws that are all the same are a peak.

    Args:
        draws: finite numbers, on a scale without bounds.
        points: of the grid, at least 3.
    """
    spread = float(draws.std())
    if spread <= 1e-12 * max(1.0, float(np.abs(draws).max())):
        at = np.linspace(-1e-6, 1e-6, points) + float(draws.mean())
        return at, np.asarray(np.arange(points) == points // 2, float)
    low, high = np.quantile(draws, [OUTER, 1 - OUTER])
    at = np.linspace(low - MARGIN * spread, high + MARGIN * spread, points)
    return at, np.asarray(gaussian_kde(draws)(at))


def highest_density(draws: np.ndarray, prob: float, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a grid, the density relative to its peak, and what lies in the shortest interval of this probability.

    Args:
        draws: finite numbers, on a scale without bounds.
        prob: in (0, 1).
        points: of the grid; the ends of the interval are points of it.
    """
    ordered = np.sort(draws)
    held = int(np.ceil(prob * ordered.size))
    first = int(np.argmin(ordered[held - 1 :] - ordered[: ordered.size - held + 1]))
    low, high = ordered[first], ordered[first + held - 1]
    at, density = density_of(draws, points)
    ends = np.interp([low, high], at, density)
    order = np.argsort([*at, low, high], kind="stable")
    at, density = np.array([*at, low, high])[order], np.array([*density, *ends])[order]
    return at, density / density.max(), (at >= low) & (at <= high)
