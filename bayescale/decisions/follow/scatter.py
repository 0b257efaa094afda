"""How the curves of runs of one family differ from each other along training."""

from __future__ import annotations

import numpy as np
from jax import Array

from bayescale.decisions.follow.sampled import Sampled
from bayescale.language.declare import parameter
from bayescale.language.priors import LogNormal

# Losses are not printed more finely, and covariances without any noise have no inverse.
LEAST = 1e-4


class Scatter(Sampled):
    """Covariance of log losses at shares of training, around what size and length of a run say.

    The time is t = -log(share of training): 0 at the end. Runs differ by a level and by a slope, wander away from both
    with the distance from their end, and each checkpoint has noise of its own.

    The priors are wide: a factor of e either way at one sd. Levels of public families scatter by 2 to 3 % around a line
    in size and tokens, single checkpoints by 0.1 to 0.4 %.
    """

    level: Array = parameter("sd of the log loss at the end", prior=LogNormal(0.1, 1.0))
    slope: Array = parameter("sd of the slope of log loss in t", prior=LogNormal(0.03, 1.0))
    wander: Array = parameter("sd gained per root of t", prior=LogNormal(0.02, 1.0))
    noise: Array = parameter("sd of single checkpoints", prior=LogNormal(0.005, 1.0))
    alike: Array = parameter("siblings that this covariance counts as", prior=LogNormal(8.0, 0.7))

    def covariance(self, time: np.ndarray) -> np.ndarray:
        """Return the covariance between times, draw x time x time; the parameters are over draw.

        Args:
            time: minus log shares of training, at least 0.
        """
        sds = np.stack([self.level, self.slope, self.wander, self.noise], axis=1)
        forms = [np.ones((time.size, time.size)), np.outer(time, time), np.minimum.outer(time, time), np.eye(time.size)]
        sds[:, 3] = np.hypot(sds[:, 3], LEAST)
        return np.einsum("dk,kij->dij", sds**2, np.stack(forms))
