"""Scores of predictive draws against what was observed."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

# Probabilities of the intervals whose coverage is reported.
PROBS = (0.5, 0.8, 0.9, 0.95)


def logs(draws: np.ndarray) -> np.ndarray:
    """Logs of draws of a response, finite where a Student-t has thrown the response out of the range of numbers.

    The CRPS is taken of these: a response whose log is Student-t has no mean.
    """
    return np.log(np.clip(draws, np.finfo(float).tiny, np.finfo(float).max))


def crps(draws: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of draws (draw x point), in the unit of what was observed, over point.

    Mean distance of the draws from the observed value less half their mean distance from each other, the latter from
    their ranks without bias.

    References:
        gneiting2007strictly
    """
    count = len(draws)
    ranked = np.sort(draws, axis=0)
    weights = (2.0 * np.arange(1, count + 1) - count - 1.0) / (count * (count - 1.0))
    return np.abs(draws - observed).mean(axis=0) - np.einsum("d,dp->p", weights, ranked)


def log_score(log_densities: np.ndarray) -> np.ndarray:
    """Log predictive density: of the mean density over draws (draw x point), over point."""
    return logsumexp(log_densities, axis=0) - np.log(len(log_densities))


def rank(draws: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The share of draws (draw x point) below what was observed, over point: uniform where predictions are right."""
    return (draws < observed).mean(axis=0) + 0.5 * (draws == observed).mean(axis=0)
