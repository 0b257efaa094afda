"""A gamma distribution truncated from below, which NumPyro does not have."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import gammaincc
from numpyro.distributions import constraints
from scipy.special import gammaincc as tail_probability


class TruncatedGamma(dist.Distribution):
    """Gamma(concentration, rate) given that the value exceeds ``low``; the arguments are plain numbers."""

    arg_constraints: ClassVar[dict[str, Any]] = {}
    pytree_aux_fields = ("concentration", "rate", "low")

    def __init__(self, concentration: float, rate: float, low: float):
        self.concentration, self.rate, self.low = float(concentration), float(rate), float(low)
        super().__init__(batch_shape=())

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.greater_than(self.low)

    @property
    def tail(self) -> float:
        """Probability that the gamma exceeds ``low``."""
        return float(tail_probability(self.concentration, self.rate * self.low))

    def log_prob(self, value: Any) -> Any:
        """Log density; minus infinity below ``low``."""
        density = dist.Gamma(self.concentration, self.rate).log_prob(value) - jnp.log(self.tail)
        return jnp.where(value > self.low, density, -jnp.inf)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
        """Draw by inverting the tail function: bisection on log(value), exact to rounding."""
        target = jax.random.uniform(key, sample_shape) * self.tail
        low = jnp.full(sample_shape, jnp.log(max(self.low, 1e-30)))
        # 60 halvings of a bracket of under 100 on the log scale end below 1e-16.
        high = jnp.full(sample_shape, jnp.log((self.concentration + 100.0) / self.rate + self.low))

        def halve(_: Any, bracket: tuple[Any, Any]) -> tuple[Any, Any]:
            low, high = bracket
            middle = 0.5 * (low + high)
            above = gammaincc(self.concentration, self.rate * jnp.exp(middle)) > target
            return jnp.where(above, middle, low), jnp.where(above, high, middle)

        low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
        return jnp.exp(0.5 * (low + high))
