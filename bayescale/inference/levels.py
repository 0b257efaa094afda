"""The level of the loss, which data know far better than all else: how the sampler's map follows it.

Used where the law has pooled coordinates, the first of which is the level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.inference.formula import split_log_loss
from bayescale.models.model import Model

if TYPE_CHECKING:
    from bayescale.inference.coordinates import Geometry


def scale_population(model: Model, geometry: Geometry, known: Any, between: Any, z: Any) -> tuple[Any, Any]:
    """Shift and scale the population's level by its conditional mean and precision; and the log Jacobian.

    The families pin the population's level as closely as they agree in level, which ranges over decades; given
    everything else it is normal, with mean and precision that follow from the families' levels.

    Args:
        model, geometry: of the map.
        known: the data's precision of each family's level.
        between: log of the sd between families.
        z: the population's coordinates, the first of them standardised.
    """
    level = np.arange(z.size) == 0
    target = geometry.target - _at_centres(model, geometry, jnp.where(level, 0.0, z), None)
    weight = weights(known, between)[1]
    total = weight.sum() + geometry.population_precision
    center = (weight @ target + geometry.population_shift) / total
    return jnp.where(level, center + z / jnp.sqrt(total), z), -0.5 * jnp.log(total)


def bend(model: Model, geometry: Geometry, coordinates: Any) -> Any:
    """What the linear map misses of the log loss at the centre of each family's design.

    Data pin that loss down so well that its curvature in shares and exponents exceeds the noise. Moving the level
    by it straightens the posterior; the move depends on the other coordinates only, so its Jacobian is 1.
    """
    straight = geometry.level + (geometry.slope * coordinates).sum(1)
    return _at_centres(model, geometry, coordinates, 0) - straight


def weights(known: Any, between: Any) -> tuple[Any, Any]:
    """Weight of the data in each family's level, and their information on the population's level."""
    spread = jnp.exp(2.0 * between)
    total = 1.0 + known * spread
    return known * spread / total, known / total


def log_loss_at(model: Model, coordinates: Any, inputs: Any, anchors: Any) -> Any:
    """The law's log loss for one family's pooled coordinates at one design point."""
    unconstrained = model.unpool(coordinates)
    named = {p.name: model.constrain(p.name, unconstrained[j]) for j, p in enumerate(model.partial_law)}
    split = split_log_loss(model.law)
    return split.rest(named, split.fixed_part((inputs, anchors)))


def _at_centres(model: Model, geometry: Geometry, coordinates: Any, axis: int | None) -> Any:
    """Log loss at the centre of each family's design, for the coordinates of each (axis 0) or the same for all."""
    one = jax.vmap(lambda own, design: log_loss_at(model, own, design, geometry.anchors), in_axes=(axis, 0))
    return one(coordinates, geometry.design)
