"""What curves of siblings say of the curve of another run: a regression whose residual covariance is learnt with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import multigammaln

from bayescale.decisions.follow.bend import Bend
from bayescale.decisions.follow.scatter import Scatter
from bayescale.decisions.follow.student import Student


@dataclass(frozen=True, eq=False)
class Belief:
    """What is known of a run before its own checkpoints, for any scatter of its siblings.

    The log losses of a run at G times are regressors x coefficients + deviation. Coefficients are flat, and the
    covariance of deviations is inverse Wishart, IW(alike K, alike + G + 1): its mean is K, that of the scatter, and
    what it says of some times does not depend on the others. Both are integrated out.

    Args:
        times: minus log shares of training, falling to 0.
        siblings: how many there are, less the coefficients.
        left: sums of squares and products of what the line leaves of the siblings' curves, time x time.
        center: the line where the run is, over time.
        leverage: how badly the line is known there, as a share of the covariance.
        outside: how far the run is outside its siblings, as of :class:`Regressors`; 0 among them.
    """

    times: np.ndarray
    siblings: int
    left: np.ndarray
    center: np.ndarray
    leverage: float
    outside: float = 0.0

    @classmethod
    def of(
        cls, logs: np.ndarray, regressors: np.ndarray, run: np.ndarray, times: np.ndarray, outside: float = 0.0
    ) -> Belief:
        """Fit the line.

        Args:
            logs: of the siblings' losses, sibling x time.
            regressors: sibling x regressor.
            run: the regressors of the run.
            times: minus log shares of training.
            outside: how far the run is outside its siblings.
        """
        coefficients = np.linalg.lstsq(regressors, logs, rcond=None)[0]
        residuals = logs - regressors @ coefficients
        leverage = float(run @ np.linalg.solve(regressors.T @ regressors, run))
        spare = len(logs) - run.size
        return cls(times, spare, residuals.T @ residuals, run @ coefficients, leverage, outside)

    def evidence(self, scatter: Scatter) -> np.ndarray:
        """Return the log probability of the siblings' curves, up to a constant, over draws of the scatter."""
        size, alike = self.times.size, np.asarray(scatter.alike)
        before = self._before(scatter)
        degrees = alike + size + 1.0
        shape = multigammaln(0.5 * (degrees + self.siblings), size) - multigammaln(0.5 * degrees, size)
        own, both = (np.linalg.slogdet(scale)[1] for scale in (before, before + self.left))
        return shape + 0.5 * degrees * own - 0.5 * (degrees + self.siblings) * both

    def curve(self, scatter: Scatter, bend: Bend | None = None) -> Student:
        """Return the distribution of the run's log losses at all times, over draws of the scatter and the bend."""
        degrees = np.asarray(scatter.alike) + self.siblings + 2.0
        scale = (1.0 + self.leverage) * (self._before(scatter) + self.left) / degrees[:, None, None]
        if bend is not None and self.outside:
            scale = scale + self.outside**2 * bend.covariance(self.times)
        return Student(np.broadcast_to(self.center, (degrees.size, self.center.size)), scale, degrees)

    def _before(self, scatter: Scatter) -> np.ndarray:
        """The scale of the inverse Wishart before any curve is seen, draw x time x time."""
        return np.asarray(scatter.alike)[:, None, None] * scatter.covariance(self.times)
