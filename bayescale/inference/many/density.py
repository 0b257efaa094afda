"""The posterior density of a small model in JAX: many positions of one table at a time, to be mapped over tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import biject_to

from bayescale.inference.formula import split_log_loss
from bayescale.inference.many.rows import TILE, Rows
from bayescale.models.model import Model


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

    def unconstrained(self, positions: Any) -> tuple[tuple[Any, ...], Any]:
        """Unconstrained values of each parameter, over position, and the log Jacobian; NaN outside the law's range."""
        count = len(self.model.law.parameters)
        # Parameter by parameter, each next to each other in memory: compiled loops over positions are then quick.
        straight = tuple(positions.T)
        logs, jacobian = self.model.law.unstraighten(straight[:count])
        return (*logs, *straight[count:]), jacobian

    def positions(self, unconstrained: Any) -> Any:
        """Inverse of :meth:`unconstrained`, for values that are position x parameter."""
        count = len(self.model.law.parameters)
        values = tuple(unconstrained.T)
        return jnp.stack([*self.model.law.straighten(values[:count]), *values[count:]], axis=1)

    @cached_property
    def fixed(self) -> tuple[Any, ...]:
        """What the law's formula needs of inputs and anchors, each over row; see :class:`Split`."""
        split = split_log_loss(self.model.law)
        return jax.vmap(split.fixed_part, in_axes=((0, None),))((self.rows.inputs, self.rows.anchors))

    def log_curve(self, unconstrained: Sequence[Any], fixed: tuple[Any, ...], count: int) -> Any:
        """The law's log loss, position x row.

        Args:
            unconstrained: of each parameter, over position; those of the law come first.
            fixed: all of :attr:`fixed`, or some rows of it.
            count: number of these rows.
        """
        model, split = self.model, split_log_loss(self.model.law)
        natural = {p.name: model.constrain(p.name, unconstrained[j]) for j, p in enumerate(model.law.parameters)}
        over_rows = jax.vmap(split.rest, in_axes=(None, 0), axis_size=count)
        return jax.vmap(over_rows, in_axes=(0, None))(natural, fixed)

    def log_prior(self, unconstrained: Sequence[Any]) -> Any:
        """Log prior density on the unconstrained scale."""
        total = jnp.zeros(len(unconstrained[0]))
        for p, values in zip(self.model.parameters, unconstrained, strict=True):
            prior = self.model.prior(p.name).numpyro()
            transform = biject_to(prior.support)
            value = transform(values)
            total += prior.log_prob(value) + transform.log_abs_det_jacobian(values, value)
        return total

    def __call__(self, positions: Any) -> Any:
        """Log density of each position, shape (position,); minus infinity where there is none."""
        unconstrained, begin = self._begin(positions)
        density = self._over_tiles(begin, lambda total, tile: total + self._log_likelihood(unconstrained, *tile))
        return jnp.where(jnp.isfinite(density), density, -jnp.inf)

    def differences(self, positions: Any, origin: Any) -> tuple[Any, Any]:
        """Log density of each position less that of another one, taken before sums over rows are.

        A float32 holds seven digits, which the sum over ten thousand rows fills before the point. Differences within a
        tile are of order one wherever a posterior has mass, and so are their sums.

        Args:
            positions: position x size.
            origin: a position near them; where it has no density, it counts as zero.

        Returns:
            the differences, shape (position,), minus infinity where there is no density; and the origin's log density.
        """
        unconstrained, begin = self._begin(jnp.concatenate([positions, origin[None]]))

        def apart(values: Any) -> tuple[Any, Any]:
            level = jnp.where(jnp.isfinite(values[-1]), values[-1], 0.0)
            return values[:-1] - level, level

        def add(totals: Any, tile: Any) -> Any:
            return jax.tree.map(jnp.add, totals, apart(self._log_likelihood(unconstrained, *tile)))

        density, level = self._over_tiles(apart(begin), add)
        return jnp.where(jnp.isfinite(density), density, -jnp.inf), level

    def _begin(self, positions: Any) -> tuple[tuple[Any, ...], Any]:
        """Unconstrained values of each parameter, over position, and all of the log density that is no row's."""
        unconstrained, jacobian = self.unconstrained(positions)
        return unconstrained, self.log_prior(unconstrained) + jacobian

    def _over_tiles(self, begin: Any, add: Callable[[Any, Any], Any]) -> Any:
        """Add something of every tile of rows to what there is."""

        def add_tile(i: Any, total: Any) -> Any:
            return add(total, jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, i * TILE, TILE), self._by_row))

        return jax.lax.fori_loop(0, (self.rows.count + TILE - 1) // TILE, add_tile, begin)

    @property
    def _by_row(self) -> tuple[Any, ...]:
        rows = self.rows
        # One number for all rows stays one: a scale common to all is then computed once per draw.
        sd = rows.measurement_sd if rows.measurement_sd.size > 1 else None
        return self.fixed, rows.log_loss, rows.mask, sd

    def _log_likelihood(self, unconstrained: Sequence[Any], fixed: Any, log_loss: Any, mask: Any, sd: Any) -> Any:
        model, count = self.model, len(self.model.law.parameters)
        natural = {
            p.name: model.constrain(p.name, unconstrained[count + j][:, None])
            for j, p in enumerate(model.noise.parameters)
        }
        curve = self.log_curve(unconstrained, fixed, log_loss.size)
        return model.noise(**natural).log_density(log_loss, curve, jnp.zeros(1) if sd is None else sd, mask)
