"""Residuals that follow each other along runs: what is new in each of them, and the distribution of all together."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from bayescale.models.noise import Noise


def links(decay: Any, linked: Any) -> tuple[Any, Any]:
    """Return the correlation of each row with the one before it, and the share of its scale that is new.

    Args:
        decay: minus the log of the correlation, positive, over rows.
        linked: 1 where the row before belongs to the same run, else 0.
    """
    xp = decay.__array_namespace__()
    # One exponential for both: 1 - exp(-2 decay) is -e (2 + e), each factor of which is right to rounding.
    e = xp.expm1(-decay)
    return linked * (1.0 + e), xp.sqrt(1.0 - linked - linked * e * (2.0 + e))


def innovations(residual: Any, correlation: Any, share: Any, scale: Any = None, first: Any = None) -> Any:
    """Return what is new in each residual, brought to the scale of the residuals themselves.

    These are independent, with the noise's own distribution, so that the log density of the residuals is that of the
    innovations minus the logs of the shares.

    Args:
        residual: over rows (its last axis) in the order of :func:`bayescale.models.sequence.sequence`.
        correlation, share: from :func:`links`.
        scale: of each residual; None where the rows of a run have the same.
        first: the residual before the first row, in units of its scale where there are scales; for rows that are a part
            of more. None: there is none.
    """
    standard = residual if scale is None else residual / scale
    change = standard - correlation * _before(standard, first)
    return (change if scale is None else change * scale) / share


def _before(values: Any, first: Any) -> Any:
    """The value of the row before; for the first row, if it is linked to none, its own."""
    xp = values.__array_namespace__()
    begin = values[..., :1] if first is None else xp.reshape(first, (1,))
    return xp.concat([begin, values[..., :-1]], axis=-1)


class Chain(dist.Distribution):
    """All log losses of a padded table, each given those before it in its run.

    ``log_prob`` gives one term per row, the density given the rows before; their sum is the density of all. ``sample``
    draws all rows together.

    Args:
        noise: with parameters that broadcast over block x row.
        log_loss: of the law, block x row.
        measurement_sd: block x row.
        decay, linked: as for :func:`links`, block x row.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    support = constraints.real
    pytree_data_fields = ("noise", "log_loss", "measurement_sd", "decay", "linked")

    def __init__(self, noise: Noise, log_loss: Any, measurement_sd: Any, decay: Any, linked: Any):
        self.noise, self.log_loss, self.measurement_sd = noise, log_loss, measurement_sd
        self.decay, self.linked = decay, linked
        super().__init__(batch_shape=jnp.shape(log_loss))

    def log_prob(self, value: Any) -> Any:
        """Log density of every row given the rows before it in its run."""
        correlation, share = self._links()
        new = innovations((value - self.log_loss).ravel(), correlation, share, self._scale())
        shape = self.batch_shape
        return self._alone().log_prob(new.reshape(shape)) - jnp.log(share).reshape(shape)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
        """Draw all rows, along each run from its first one on."""
        correlation, share = self._links()
        scale = self._scale()
        new = self._alone().sample(key, sample_shape).reshape(*sample_shape, -1) / scale

        def step(before: Any, row: tuple[Any, Any, Any]) -> tuple[Any, Any]:
            correlation, share, new = row
            here = correlation * before + share * new
            return here, here

        rows = (correlation, share, jnp.moveaxis(new, -1, 0))
        _, residual = jax.lax.scan(step, jnp.zeros(sample_shape), rows)
        return self.log_loss + (jnp.moveaxis(residual, 0, -1) * scale).reshape(*sample_shape, *self.batch_shape)

    def _links(self) -> tuple[Any, Any]:
        return links(self.decay.ravel(), self.linked.ravel())

    def _scale(self) -> Any:
        sigma = getattr(self.noise, self.noise.scale)
        return jnp.broadcast_to(jnp.hypot(sigma, self.measurement_sd), self.batch_shape).ravel()

    def _alone(self) -> dist.Distribution:
        return self.noise(jnp.zeros(self.batch_shape), self.measurement_sd)
