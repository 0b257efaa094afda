"""Coordinates in which every posterior looks like a standard normal: the sampler moves in these.

Given the population and the noise scale, the law's parameters g of one family have a nearly Gaussian posterior whose
precision is the likelihood's curvature H, which grows as the noise shrinks, plus the population's precision P. They
are written as g = m + L^-T z with L L^T = H + P and m the conditional mean, so z is standard normal for any population
and noise: a blend of centred and non-centred forms that the data choose per family and per direction. The noise scale
of a family is treated the same way one level up. All coordinates together are then scaled by the curvature at their
joint mode. The map is a bijection with an exact Jacobian, so the posterior is the same whatever the pilot values were.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from numpyro.distributions import biject_to, constraints
from numpyro.infer.util import potential_energy

from bayescale.inference import levels
from bayescale.inference.compressed.density import Nodes
from bayescale.inference.likelihood import Rows, log_likelihood, prepare
from bayescale.inference.precision import RUN_SELDOM
from bayescale.inference.whitening import whitened
from bayescale.language.declare import Parameter
from bayescale.models.families import family_values
from bayescale.models.model import CORRELATION, EFFECTS, FAMILY, OMEGA, Model


class Geometry(NamedTuple):
    """Fixed numbers of the map, found before sampling; k is the number of law parameters that a family owns.

    Args:
        log_scale: pilot of the log noise scale, per family.
        scale_precision: information of the data on it, per family.
        precision: likelihood curvature of each family's law coordinates at the pilot scale, family x k x k.
        shift: precision times pilot value plus score, family x k.
        design, anchors: centre of each family's design by argument of the law, and the law's anchors.
        level, slope: log loss there as a linear function of the pooled coordinates at the pilot.
        target: the data's estimate of that log loss.
        population_precision, population_shift: of the prior of the population's level.
        effect_precision, effect_shift: the same for every effect level; ``effect_family`` is the level's family.
        center, stretch: joint mode and inverse square root of the curvature there.
        tip: how far corners of the noise's density are rounded off in the guide, in scales of residuals.
    """

    log_scale: Any
    scale_precision: Any
    precision: Any
    shift: Any
    design: Any
    anchors: Any
    level: Any
    slope: Any
    target: Any
    population_precision: Any
    population_shift: Any
    effect_precision: Any
    effect_shift: Any
    effect_family: Any
    center: Any
    stretch: Any
    tip: Any


class Sizes(NamedTuple):
    """Lengths of the parts of the flat vector, in their order."""

    common: int
    noise: int
    population: int
    law: int
    effects: int


@dataclass(frozen=True)
class Coordinates:
    """The flat vector of a model: common values, then noise and law values per family, then effects."""

    model: Model

    @cached_property
    def law_parameters(self) -> tuple[Parameter, ...]:
        """The law parameters that each family owns: all of them when there is one family."""
        law = self.model.law.parameters
        if self.model.n_families == 1:
            return law
        return (*self.model.partial_law, *(p for p in law if self.model.kind(p) == "none"))

    @property
    def straight(self) -> bool:
        """Whether the law's values are in its straight coordinates: there is one family, and they exist everywhere."""
        model = self.model
        return model.law.straight_everywhere and model.n_families == 1 and not model.partial_law

    @cached_property
    def law_centre(self) -> np.ndarray:
        """The priors' centre of the law parameters that a family owns but does not share with a population."""
        own = self.law_parameters[len(self.model.partial_law) :]
        centre = np.array([float(self.model.prior(p.name).unconstrained_moments()[0]) for p in own])
        return np.array(self.model.law.straighten(tuple(centre))) if self.straight else centre

    @cached_property
    def noise_parameters(self) -> tuple[Parameter, ...]:
        """The noise parameters that each family owns."""
        noise = self.model.noise_parameters
        return (*self.model.partial_noise, *(p for p in noise if self.model.kind(p) == "none"))

    @cached_property
    def common(self) -> tuple[tuple[str, int], ...]:
        """Names and sizes of the unconstrained values that are not per family or level."""
        model = self.model
        owned = {p.name for p in self.law_parameters}
        names = [(p.name, 1) for p in model.of_kind("complete") if p.name not in owned]
        names += [(f"{p.name}_population", 1) for p in model.partial_noise]
        names += [(f"{name}_between", 1) for name in model.scattered]
        if model.effects is not None:
            names.append((OMEGA, 1))
        if self.correlated:
            count = len(model.partial_law)
            names.append((CORRELATION, count * (count - 1) // 2))
        return tuple(names)

    @property
    def correlated(self) -> bool:
        """Whether the population has a correlation matrix."""
        return self.model.pooling.correlated and len(self.model.partial_law) > 1

    @cached_property
    def sizes(self) -> Sizes:
        """Lengths of the five parts."""
        families = self.model.n_families
        return Sizes(
            common=sum(size for _, size in self.common),
            noise=families * len(self.noise_parameters),
            population=len(self.model.partial_law),
            law=families * len(self.law_parameters),
            effects=self.model.n_levels if self.model.effects is not None else 0,
        )

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(self.sizes)

    def sites(self, geometry: Geometry, position: Any) -> tuple[dict[str, Any], Any]:
        """Map a sampler position to unconstrained values of every NumPyro site, with the log Jacobian."""
        vector, families = geometry.center + geometry.stretch @ position, self.model.n_families
        common, noise, population, law, effects = jnp.split(vector, np.cumsum(self.sizes)[:-1])
        values = self._split_common(common)
        noise_jacobian = self._add_noise(geometry, values, noise.reshape(-1, families))
        ratio = self._precision_ratio(geometry, values)
        law_jacobian = self._add_law(geometry, values, population, law.reshape(families, -1), ratio)
        effects_jacobian = self._add_effects(geometry, values, effects, ratio)
        return values, noise_jacobian + law_jacobian + effects_jacobian

    def _split_common(self, vector: Any) -> dict[str, Any]:
        values, start = {}, 0
        for name, size in self.common:
            values[name] = vector[start : start + size] if name == CORRELATION else vector[start]
            start += size
        return values

    def _add_noise(self, geometry: Geometry, values: dict[str, Any], z: Any) -> Any:
        log_jacobian = jnp.zeros(())
        for j, p in enumerate(self.noise_parameters):
            mean, sd = self._prior(p, values)
            known = geometry.scale_precision if p.name == self.model.noise.scale else 0.0
            precision = known + sd**-2.0 + jnp.zeros(self.model.n_families)
            center = (known * geometry.log_scale + mean * sd**-2.0) / precision
            name = f"{p.name}_family" if p in self.model.partial_noise else p.name
            values[name] = center + z[j] / jnp.sqrt(precision)
            log_jacobian = log_jacobian - 0.5 * jnp.log(precision).sum()
        return log_jacobian

    def _prior(self, parameter: Parameter, values: dict[str, Any]) -> tuple[Any, Any]:
        """Mean and sd of a family's value given the common values, on the unconstrained scale."""
        if self.model.kind(parameter) == "partial":
            return values[f"{parameter.name}_population"], jnp.exp(values[f"{parameter.name}_between"])
        mean, sd = self.model.prior(parameter.name).unconstrained_moments()
        return jnp.asarray(mean), jnp.asarray(sd)

    def _law_precision(self, values: dict[str, Any]) -> Any:
        """Precision of the law coordinates that a family owns, given the common values."""
        n_partial = len(self.model.partial_law)
        between = jnp.stack([values[f"{c.name}_between"] for c in self.model.coordinates] or [jnp.zeros(())])
        own = [float(self.model.prior(p.name).unconstrained_moments()[1]) for p in self.law_parameters[n_partial:]]
        inverse = jnp.concatenate([jnp.exp(-between[:n_partial]), 1.0 / np.array(own)])
        if not self.correlated:
            return inverse * inverse * np.eye(inverse.size)
        factor = biject_to(constraints.corr_cholesky)(values[CORRELATION])
        whole = jnp.eye(inverse.size).at[:n_partial, :n_partial].set(factor)
        root = solve_triangular(whole, jnp.diag(inverse), lower=True)
        return root.T @ root

    def _precision_ratio(self, geometry: Geometry, values: dict[str, Any]) -> Any:
        """Squared ratio of the pilot's to the current noise scale, per family."""
        name = self.model.noise.scale
        if not name:
            return jnp.ones(self.model.n_families)
        current = values.get(f"{name}_family", values.get(name))
        return jnp.exp(2.0 * (geometry.log_scale - current))

    def _add_law(self, geometry: Geometry, values: dict[str, Any], z_population: Any, z: Any, ratio: Any) -> Any:
        if not self.law_parameters:
            return jnp.zeros(())
        prior = self._law_precision(values)
        known, shift = ratio[:, None, None] * geometry.precision, ratio[:, None] * geometry.shift
        n_partial = len(self.model.partial_law)
        location, population_jacobian = self._population(geometry, values, z_population, known[:, 0, 0])
        mean = jnp.concatenate([location, self.law_centre])
        family, log_jacobian = whitened(known + prior, shift + (prior * mean).sum(1), z)
        if self.model.uses_pooled:
            between = values[f"{self.model.coordinates[0].name}_between"]
            moved = levels.weights(known[:, 0, 0], between)[0] * levels.bend(self.model, geometry, family)
            family = family - moved[:, None] * (np.arange(z.shape[1]) == 0)
        if n_partial:
            values[FAMILY] = family[:, :n_partial]
        if self.straight:
            logs, straight_jacobian = self.model.law.unstraighten(tuple(family[0]))
            family, log_jacobian = jnp.stack(logs)[None], log_jacobian + straight_jacobian
        for j, p in enumerate(self.law_parameters[n_partial:], n_partial):
            values[p.name] = family[0, j] if self.model.kind(p) == "complete" else family[:, j]
        return population_jacobian + log_jacobian

    def _population(self, geometry: Geometry, values: dict[str, Any], z: Any, known: Any) -> tuple[Any, Any]:
        """The population's location: plain coordinates, but the level is scaled by what is known of it."""
        log_jacobian = jnp.zeros(())
        if self.model.uses_pooled:
            between = values[f"{self.model.coordinates[0].name}_between"]
            z, log_jacobian = levels.scale_population(self.model, geometry, known, between, z)
        logs = self.model.unpool(z) if z.size else z
        values.update({f"{p.name}_population": logs[j] for j, p in enumerate(self.model.partial_law)})
        return z, log_jacobian

    def _add_effects(self, geometry: Geometry, values: dict[str, Any], z: Any, ratio: Any) -> Any:
        if not z.size:
            return jnp.zeros(())
        ratio = ratio[geometry.effect_family]
        precision = ratio * geometry.effect_precision + jnp.exp(-2.0 * values[OMEGA])
        values[EFFECTS] = ratio * geometry.effect_shift / precision + z / jnp.sqrt(precision)
        return -0.5 * jnp.log(precision).sum()

    def potential(self, geometry: Geometry, rows: Rows | Nodes, position: Any, tip: Any = None) -> Any:
        """Minus the log density of a sampler position; ``rows`` are the data as :func:`prepare` leaves them."""
        values, log_jacobian = self.sites(geometry, position)
        prior = potential_energy(self.model.sample_prior, (), {}, values)
        likelihood = log_likelihood(self.model, family_values(self.model, values), values.get(EFFECTS), rows, tip)
        return prior - likelihood - log_jacobian

    def guide(self, geometry: Geometry, rows: Rows | Nodes, position: Any) -> Any:
        """The potential with the noise's corners rounded off, which mode, curvature and trajectories follow."""
        return self.potential(geometry, rows, position, geometry.tip)


@partial(jax.jit, static_argnames="coordinates", compiler_options=RUN_SELDOM)
def guide_and_gradient(coordinates: Coordinates, geometry: Geometry, data: Any, position: Any) -> tuple[Any, Any]:
    """The guide and its gradient at one position; compiled once per model and shape."""
    rows = prepare(coordinates.model, data)
    return jax.value_and_grad(coordinates.guide, argnums=2)(geometry, rows, position)
