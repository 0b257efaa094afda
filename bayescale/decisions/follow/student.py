"""Multivariate Student-t distributions, many at once: their parts, and what is left when a part is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, gammaln


@dataclass(frozen=True, eq=False)
class Student:
    """Multivariate Student-t distributions, one per draw.

    Args:
        center: draw x size.
        scale: draw x size x size.
        degrees: of freedom, over draw.
    """

    center: np.ndarray
    scale: np.ndarray
    degrees: np.ndarray

    def first(self, count: int) -> Student:
        """The distribution of the first coordinates."""
        return Student(self.center[:, :count], self.scale[:, :count, :count], self.degrees)

    def last(self, count: int) -> Student:
        """The distribution of the last coordinates."""
        start = self.center.shape[1] - count
        return Student(self.center[:, start:], self.scale[:, start:, start:], self.degrees)

    def given(self, seen: np.ndarray) -> Student:
        """The distribution of the other coordinates where the first ones are known.

        Values that are far from what was expected widen it, since they say that scales are larger than they seemed.
        """
        count = seen.size
        away = seen - self.center[:, :count]
        across = self.scale[:, :count, count:]
        solved = np.linalg.solve(self.scale[:, :count, :count], np.concatenate([away[:, :, None], across], axis=2))
        distance = np.einsum("di,di->d", away, solved[:, :, 0])
        widened = (self.degrees + distance) / (self.degrees + count)
        center = self.center[:, count:] + np.einsum("dij,di->dj", across, solved[:, :, 0])
        scale = self.scale[:, count:, count:] - np.einsum("dij,dik->djk", across, solved[:, :, 1:])
        return Student(center, scale * widened[:, None, None], self.degrees + count)

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Log density of one vector under each draw, up to what depends on neither degrees nor scale."""
        size, distance = values.size, self._distance(values)
        half, whole = 0.5 * self.degrees, 0.5 * (self.degrees + size)
        shape = gammaln(whole) - gammaln(half) - 0.5 * size * np.log(self.degrees)
        return shape - 0.5 * np.linalg.slogdet(self.scale)[1] - whole * np.log1p(distance / self.degrees)

    def beyond(self, values: np.ndarray) -> float:
        """Probability of a vector that is at least as far from what was expected as this one."""
        return float(fdtrc(values.size, self.degrees, self._distance(values) / values.size).mean())

    def _distance(self, values: np.ndarray) -> np.ndarray:
        """Squared distance of a vector from the center in units of the scale, over draw."""
        away = values - self.center
        return np.einsum("di,di->d", away, np.linalg.solve(self.scale, away[:, :, None])[:, :, 0])

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draws, ``count`` of each, (draw and count) x size."""
        draws, size = self.center.shape
        roots = np.linalg.cholesky(self.scale)
        standard = rng.standard_normal((draws, count, size))
        mixing = rng.chisquare(self.degrees[:, None], (draws, count)) / self.degrees[:, None]
        away = np.einsum("dij,dcj->dci", roots, standard) / np.sqrt(mixing)[:, :, None]
        return (self.center[:, None, :] + away).reshape(-1, size)
