"""What runs are expected to tell before they are trained: linear-Gaussian updating of the covariance of draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

# Blocks of consecutive draws that are left out one at a time, to see what a value hangs on.
BLOCKS = 20


@dataclass(frozen=True, eq=False)
class Belief:
    """A joint normal belief in targets and in what candidate runs would scatter around.

    A run of candidate j turns the covariance V of the targets into V - c c' / (v + s^2), with c their covariance with
    the candidate's log response, v the variance of that and s^2 that of a run around it. It does not depend on what
    the run gives, so that runs can be planned in a row.

    Args:
        covariance: of targets, then candidates.
        targets: how many targets there are.
        noise: variance of the log response of one run around its expectation, over candidates.
    """

    covariance: np.ndarray
    targets: int
    noise: np.ndarray

    @classmethod
    def of_draws(cls, targets: np.ndarray, candidates: np.ndarray, noise: np.ndarray) -> Belief:
        """The belief that posterior draws are.

        Args:
            targets: draw x target.
            candidates: log response, draw x candidate.
            noise: variance of a run, over candidates.
        """
        joint = np.concatenate([targets, candidates], axis=1)
        return cls(np.atleast_2d(np.cov(joint, rowvar=False)), targets.shape[1], noise)

    @property
    def now(self) -> np.ndarray:
        """Covariance of the targets."""
        return self.covariance[: self.targets, : self.targets]

    @cached_property
    def after(self) -> np.ndarray:
        """Covariance of the targets after a run of each candidate, candidate x target x target."""
        cross = self.covariance[self.targets :, : self.targets]
        spread = np.diag(self.covariance)[self.targets :] + self.noise
        return after_one(self.now, cross, spread)

    def trained(self, candidate: int) -> Belief:
        """The belief after a run of a candidate."""
        column = self.covariance[:, self.targets + candidate]
        spread = column[self.targets + candidate] + self.noise[candidate]
        return replace(self, covariance=self.covariance - np.outer(column, column) / spread)


def after_one(now: np.ndarray, cross: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Covariance of targets after one run, candidate x target x target.

    Args:
        now: before it, target x target.
        cross: with the log response of the candidate, candidate x target.
        spread: variance of what the run will give, over candidates.
    """
    return now - cross[:, :, None] * cross[:, None, :] / spread[:, None, None]


def beliefs_of_parts(targets: np.ndarray, candidates: np.ndarray, noise: np.ndarray) -> list[tuple[Any, np.ndarray]]:
    """The covariance of the targets before and after each candidate's run, with one block of draws left out each time.

    Args:
        targets, candidates, noise: as of :meth:`Belief.of_draws`, with draws in the order in which they were made.

    Returns:
        pairs of target x target and candidate x target x target.
    """
    pieces = np.array_split(np.arange(len(targets)), BLOCKS)
    found = []
    for piece in pieces:
        own, runs = np.delete(targets, piece, axis=0), np.delete(candidates, piece, axis=0)
        own, runs = own - own.mean(axis=0), runs - runs.mean(axis=0)
        freedom = len(own) - 1
        now, spread = own.T @ own / freedom, (runs**2).sum(axis=0) / freedom + noise
        found.append((now, after_one(now, runs.T @ own / freedom, spread)))
    return found


def jackknife_error(values: np.ndarray) -> np.ndarray:
    """Standard error from values with one block of draws left out each time, block x candidate."""
    count = len(values)
    return np.sqrt((count - 1) / count * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
