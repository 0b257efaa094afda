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
    # What a chain's own weight has to be below, for the proposal to be taken.
    with np.errstate(invalid="ignore"):
        limit = weight - thresholds.reshape(-1, steps).T
    limit[np.isneginf(weight)] = -np.inf
    accepted = np.zeros(weight.shape, bool)
    current = weight[0].copy()
    for step in range(1, steps):
        np.less(current, limit[step], out=accepted[step])
        np.copyto(current, weight[step], where=accepted[step])
    kept = np.where(accepted.T, np.arange(steps, dtype=np.int32), np.int32(0))
    return np.maximum.accumulate(kept, axis=1).reshape(fits, chains, steps)
