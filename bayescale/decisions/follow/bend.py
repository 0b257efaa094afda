"""How the curve of a run outside its siblings departs from the straight line that they fix."""

from __future__ import annotations

import numpy as np
from jax import Array

from bayescale.decisions.follow.sampled import Sampled
from bayescale.language.declare import parameter
from bayescale.language.priors import LogNormal


class Bend(Sampled):
    """Covariance of what a straight line in logs of inputs is wrong by outside the range that it was fitted to.

    A straight line through the ends of a range is wrong outside by half the second derivative times the product of the
    distances from both ends. That error is common to the whole curve and wanders slowly along training.

    Of laws of a floor and two powers in the usual range of parameters the median bend is 0.015 and the sd of its turn
    0.08. Both are a factor of e either way at one sd, like those of :class:`Scatter`: other inputs bend more.
    """

    bend: Array = parameter(
        "sd of half the second derivative of log loss in logs of inputs", prior=LogNormal(0.015, 1.0)
    )
    turn: Array = parameter("sd that it gains per root of t, as a share of it", prior=LogNormal(0.08, 1.0))

    def covariance(self, time: np.ndarray) -> np.ndarray:
        """Return the covariance between times where the product of the distances is 1, draw x time x time.

        Args:
            time: minus log shares of training, at least 0.
        """
        bend, turn = np.asarray(self.bend)[:, None, None], np.asarray(self.turn)[:, None, None]
        return bend**2 * (1.0 + turn**2 * np.minimum.outer(time, time))


# In the same laws the slope of log loss is this many times half the second derivative, in logs of inputs.
SLOPE = 6.5


def flat(siblings: np.ndarray, run: float) -> float:
    """How far a run is outside its siblings in an input that no line follows, counted like :func:`bent`.

    >>> round(flat(np.log([1.0, 10.0]), np.log(100.0)), 3)
    14.967
    """
    return SLOPE * max(0.0, float(run - siblings.max()), float(siblings.min() - run))


def bent(siblings: np.ndarray, run: float) -> float:
    """Product of the distances of a run from both ends of its siblings, in logs of an input; 0 among them.

    >>> bent(np.log([1.0, 10.0]), np.log(5.0)), round(float(bent(np.log([1.0, 10.0]), np.log(100.0))), 3)
    (0.0, 10.604)
    """
    return max(0.0, float((run - siblings.min()) * (run - siblings.max())))
