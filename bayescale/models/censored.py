"""Runs of which only a lower bound of the loss is known: diverged ones, and those far from the best settings."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import Array
from numpyro.distributions import constraints

from bayescale.language.declare import parameter
from bayescale.language.quantities import Censored as Flag
from bayescale.language.quantities import Quantity
from bayescale.models.noise import SCALE
from bayescale.models.value_noise import ValueNoise

# Where a bound is all that is known, the residual says as good as nothing of the curve while a start is looked for.
_UNKNOWN = 10.0


class CensoredT(dist.Distribution):
    """A positive number whose log is Student-t of four degrees of freedom, or one that is known to be at least so much.

    The tail of this Student-t has a closed form: with y = t / sqrt(4 + t^2) it is (1 - y)^2 (2 + y) / 4.

    Args:
        middle: log of its median.
        scale: of the log.
        censored: 1 where what is observed is a lower bound, else 0.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    support = constraints.positive
    pytree_data_fields = ("middle", "scale", "censored")

    def __init__(self, middle: Any, scale: Any, censored: Any):
        self.middle, self.scale, self.censored = middle, scale, censored
        super().__init__(batch_shape=jnp.broadcast_shapes(*map(jnp.shape, (middle, scale, censored))))

    def log_prob(self, value: Any) -> Any:
        """Log density of the value, or log probability of at least the value where that is a bound."""
        t = (jnp.log(value) - self.middle) / self.scale
        density = jnp.log(0.375) - 2.5 * jnp.log1p(0.25 * t * t) - jnp.log(self.scale) - jnp.log(value)
        length = jnp.sqrt(4.0 + t * t)
        # 1 - y without cancellation on the right: 1 - y = 4 / (length (length + t)).
        right = jnp.maximum(t, 0.0)
        gap = jnp.where(t > 0, 4.0 / (length * (length + right)), 1.0 - t / length)
        beyond = 2.0 * jnp.log(gap) + jnp.log(2.0 + t / length) - jnp.log(4.0)
        return jnp.where(self.censored > 0.5, beyond, density)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
        """Draw what the run would have reached, whether it is a bound or not."""
        t = jax.random.t(key, 4.0, sample_shape + self.batch_shape)
        return jnp.exp(self.middle + self.scale * t)


class Censored(ValueNoise):
    """Student-t of log loss with four degrees of freedom, where the loss of some runs is a lower bound only.

    The column ``censored`` is 1 for these and 0 for all others; see :func:`bayescale.censor`.
    """

    name = "censored"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3)

    def __call__(self, value: Any, measurement_sd: Any, censored: Flag) -> dist.Distribution:  # type: ignore[override]
        scale = jnp.hypot(self.sigma, measurement_sd / value)
        return CensoredT(jnp.log(value), scale, censored)

    @classmethod
    def unusable(cls, response: Quantity, value: np.ndarray, **columns: np.ndarray) -> tuple[np.ndarray, str]:
        """Runs that are neither measured nor censored, and responses without a logarithm."""
        neither = ~np.isin(columns["censored"], (0.0, 1.0))
        return neither | (value <= 0), "has no positive value, or censored is neither 0 nor 1 there"

    @classmethod
    def roughly(cls, value: np.ndarray, sd: np.ndarray, **columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.log(value), np.where(columns["censored"] > 0, _UNKNOWN, sd / value)
