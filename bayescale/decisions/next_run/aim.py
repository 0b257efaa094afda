"""What a goal comes to in numbers: target draws, their expected loss, and what a unit of it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def mean_variance(covariance: np.ndarray) -> np.ndarray:
    """The mean variance of targets, whose covariances are the last two axes."""
    return np.diagonal(covariance, axis1=-2, axis2=-1).mean(axis=-1)


def wasted_share(covariance: np.ndarray, rate: float) -> np.ndarray:
    """The expected share of compute that is wasted, 1 - E exp(-rate x^2), at normal distances x from the best size."""
    return -np.expm1(-0.5 * np.log1p(2.0 * rate * mean_variance(covariance)))


def entropy(covariance: np.ndarray) -> np.ndarray:
    """The entropy of normal targets in nats, up to a constant; covariances are the last two axes."""
    return 0.5 * np.linalg.slogdet(covariance)[1]


@dataclass(frozen=True, eq=False)
class Aim:
    """A goal in a situation.

    Args:
        words: what the targets are.
        targets: draw x target.
        loss: the expected loss of not knowing the targets better than with a covariance.
        scale: what a unit of this loss is worth, in ``unit``; of a relative goal, what all of it is worth.
        unit: of values.
        priced: whether values are in the unit of prices, so that they can be held against them.
        relative: whether the loss counts as a share of what it was at the start.
    """

    words: str
    targets: np.ndarray
    loss: Callable[[np.ndarray], np.ndarray]
    scale: float
    unit: str
    priced: bool
    relative: bool = False

    def sd(self, covariance: np.ndarray) -> np.ndarray:
        """The root mean variance of the targets, or for entropies the geometric mean of sds along their axes."""
        if self.loss is entropy:
            return np.exp(self.loss(covariance) / self.targets.shape[1])
        return np.sqrt(mean_variance(covariance))

    def value(self, start: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """The worth of going from one covariance to others, where the first of all was ``start``."""
        fall = self.scale * (self.loss(before) - self.loss(after))
        return fall / self.loss(start) if self.relative else fall
