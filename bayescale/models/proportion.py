"""The share of test items that a model gets right: a beta-binomial count over the number of items."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import betaln, gammaln
from numpyro.distributions import constraints

# The mean is kept this far inside (0, 1): a law outside it is as good as impossible, but has a finite density.
BORDER = 1e-9


class Proportion(dist.Distribution):
    """k / n of a beta-binomial count k of n items.

    Args:
        mean: expected share, in (0, 1).
        correlation: rho of two items of a run, in (0, 1): the variance of k is that of a binomial count times
            1 + (n - 1) rho.
        items: n, a whole number of at least 1.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    support = constraints.unit_interval
    pytree_data_fields = ("mean_share", "concentration", "items")

    def __init__(self, mean: Any, correlation: Any, items: Any):
        self.mean_share = jnp.clip(mean, BORDER, 1.0 - BORDER)
        self.concentration = 1.0 / correlation - 1.0
        self.items = items
        shape = jnp.broadcast_shapes(*map(jnp.shape, (mean, correlation, items)))
        super().__init__(batch_shape=shape)

    def log_prob(self, value: Any) -> Any:
        """Log probability of the count nearest to value times items."""
        count = jnp.round(value * self.items)
        right, wrong = self.mean_share * self.concentration, (1.0 - self.mean_share) * self.concentration
        ways = gammaln(self.items + 1.0) - gammaln(count + 1.0) - gammaln(self.items - count + 1.0)
        return ways + betaln(count + right, self.items - count + wrong) - betaln(right, wrong)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
        """Draw a share for the run, then a count."""
        first, second = jax.random.split(key)
        shape = sample_shape + self.batch_shape
        right, wrong = self.mean_share * self.concentration, (1.0 - self.mean_share) * self.concentration
        share = jax.random.beta(first, jnp.broadcast_to(right, shape), jnp.broadcast_to(wrong, shape))
        return jax.random.binomial(second, jnp.broadcast_to(self.items, shape), share) / self.items
