"""The posterior density of a small model in JAX: many positions of one table at a time, to be mapped over tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import biject_to

from bayescale.inference.many.rows import TILE, Rows
from bayescale.inference.point.powers import with_cheap_powers
from bayescale.models.model import Model
from bayescale.models.noise import Noise


@dataclass(frozen=True, eq=False)
class Density:
    """Log posterior density of one table in straight coordinates: the law's, then the noise's unconstrained values.

    Args:
        model: of one family.
        rows: of one table, traced.
    """

    model: Model
    rows: Rows

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.model.parameters)

    def unconstrained(self, positions: Any) -> tuple[Any, Any]:
        """Unconstrained parameter values (position x parameter) and the log Jacobian; NaN outside the law's range."""
        count = len(self.model.law.parameters)
        logs, jacobian = self.model.law.unstraighten(tuple(positions[:, :count].T))
        return jnp.column_stack([*logs, positions[:, count:]]), jacobian

    def positions(self, unconstrained: Any) -> Any:
        """Inverse of :meth:`unconstrained`."""
        count = len(self.model.law.parameters)
        straight = self.model.law.straighten(tuple(unconstrained[:, :count].T))
        return jnp.column_stack([*straight, unconstrained[:, count:]])

    def log_curve(self, unconstrained: Any, inputs: Any) -> Any:
        """The law's log loss, position x row.

        Args:
            unconstrained: position x parameter; those of the law come first.
            inputs: by argument of the law, over row.
        """
        model, names = self.model, [p.name for p in self.model.law.parameters]

        @with_cheap_powers
        def one(values: Any, anchors: Any, row: Any) -> Any:
            natural = {name: model.constrain(name, values[j]) for j, name in enumerate(names)}
            return jnp.log(model.law_at(natural, anchors)(**row))

        over_rows = jax.vmap(lambda values, row: one(values, self.rows.anchors, row), in_axes=(None, 0))
        return jax.vmap(over_rows, in_axes=(0, None))(unconstrained, inputs)

    def log_prior(self, unconstrained: Any) -> Any:
        """Log prior density on the unconstrained scale."""
        total = jnp.zeros(len(unconstrained))
        for j, p in enumerate(self.model.parameters):
            prior = self.model.prior(p.name).numpyro()
            transform = biject_to(prior.support)
            value = transform(unconstrained[:, j])
            total += prior.log_prob(value) + transform.log_abs_det_jacobian(unconstrained[:, j], value)
        return total

    def __call__(self, positions: Any) -> Any:
        """Log density of each position, shape (position,); minus infinity where there is none."""
        unconstrained, jacobian = self.unconstrained(positions)

        def add_tile(i: Any, total: Any) -> Any:
            tile = jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, i * TILE, TILE), self._by_row)
            return total + self._log_likelihood(unconstrained, *tile)

        begin = self.log_prior(unconstrained) + jacobian
        density = jax.lax.fori_loop(0, (self.rows.count + TILE - 1) // TILE, add_tile, begin)
        return jnp.where(jnp.isfinite(density), density, -jnp.inf)

    @property
    def _by_row(self) -> tuple[Any, ...]:
        rows = self.rows
        # One number for all rows stays one: a scale common to all is then computed once per draw.
        sd = rows.measurement_sd if rows.measurement_sd.size > 1 else None
        return rows.inputs, rows.log_loss, rows.mask, sd

    def _log_likelihood(self, unconstrained: Any, inputs: Any, log_loss: Any, mask: Any, sd: Any) -> Any:
        model, count = self.model, len(self.model.law.parameters)
        # Padding is multiplied away, not selected: a selection would keep XLA from making one loop of all this.
        residual = mask * (log_loss - self.log_curve(unconstrained, inputs))
        measurement_sd = jnp.zeros(1) if sd is None else sd
        natural = {
            p.name: model.constrain(p.name, unconstrained[:, count + j, None])
            for j, p in enumerate(model.noise.parameters)
        }
        noise = model.noise(**natural)
        if type(noise).log_likelihood is not Noise.log_likelihood:
            return noise.log_likelihood(residual, measurement_sd, mask)
        return (mask * noise(jnp.zeros(1), measurement_sd).log_prob(residual)).sum(axis=1)
