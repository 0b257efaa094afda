"""Independence Metropolis for many posteriors at once: all chains of all fits take a step together."""

from __future__ import annotations

import numpy as np


def run_chains(log_weight: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Which proposal each chain is at after each step.

    Args:
        log_weight: log density minus log density of the proposal, fit x chain x step; the first step is the start.
        thresholds: logs of uniform numbers, of the same shape.

    Returns:
        indices of steps, of the same shape: the state of a chain is its proposal of that step.

    References:
        hastings1970monte
    """
    fits, chains, steps = log_weight.shape
    # Steps first: the lanes of a step are then next to each other.
    # A start without a density is left at once, and a proposal without one is never taken.
    weight = np.ascontiguousarray(
        np.nan_to_num(log_weight, nan=-np.inf, neginf=-np.inf, posinf=np.inf).reshape(-1, steps).T
    )
    least = np.ascontiguousarray(thresholds.reshape(-1, steps).T)
    kept = np.zeros(weight.shape, np.int32)
    current = weight[0].copy()
    with np.errstate(invalid="ignore"):
        for step in range(1, steps):
            accepted = (least[step] < weight[step] - current) & (weight[step] > -np.inf)
            np.copyto(current, weight[step], where=accepted)
            np.copyto(kept[step], kept[step - 1])
            np.copyto(kept[step], step, where=accepted)
    return kept.T.reshape(fits, chains, steps)
