"""The generic model: a law, a noise, a pooling and effects make one NumPyro model; it knows no law by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.distributions import biject_to

from bayescale.language.declare import Parameter, PooledCoordinate
from bayescale.language.prior_set import Priors
from bayescale.language.priors import Prior
from bayescale.laws import Law
from bayescale.models.chain import Chain
from bayescale.models.effects import RunEffects
from bayescale.models.names import CORRELATION, EFFECTS, FAMILY, OBSERVED, OMEGA
from bayescale.models.noise import Noise
from bayescale.models.pooling import Pooling
from bayescale.models.residuals import Residuals


@dataclass(frozen=True)
class Model:
    """What is fitted; hashable, so that compiled functions are shared by every table of the same shape.

    Args:
        law: the law class.
        noise: the noise class.
        pooling: pooling per parameter; irrelevant for one family.
        effects: run or budget effects, or None.
        priors: pairs of parameter name and a prior that replaces the declared one.
        n_families: number of families in the table, at least 1.
        n_levels: number of levels of the effects.
        residuals: how residuals follow each other along runs, or None where they are independent.
        anchors: pairs of the law's anchors and where the priors hold; others are where a table puts them.
    """

    law: type[Law]
    noise: type[Noise]
    pooling: Pooling
    effects: RunEffects | None
    priors: tuple[tuple[str, Prior], ...]
    n_families: int
    n_levels: int = 0
    residuals: type[Residuals] | None = None
    anchors: tuple[tuple[str, float], ...] = ()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter of law, noise and residuals as declared; :meth:`prior` has the prior in force."""
        return (*self.law.parameters, *self.noise_parameters)

    @cached_property
    def noise_parameters(self) -> tuple[Parameter, ...]:
        """The parameters of what is not the law: of the noise, then of the residuals."""
        return (*self.noise.parameters, *(self.residuals.parameters if self.residuals else ()))

    def prior(self, name: str) -> Prior:
        """The prior in force for a parameter."""
        declared = {p.name: p.prior for p in self.parameters}
        return dict(self.priors).get(name, declared[name])

    @property
    def given_priors(self) -> Priors:
        """The replaced priors and where they hold: what a fit of other runs takes to have the same."""
        return Priors(dict(self.priors), dict(self.anchors))

    def kind(self, parameter: Parameter) -> str:
        """The pooling in force for a parameter."""
        if self.n_families == 1 or parameter.pooling == "complete":
            return "complete"
        return self.pooling.kind(parameter.name)

    def of_kind(self, kind: str) -> tuple[Parameter, ...]:
        """The parameters with this kind of pooling, in order of declaration."""
        return tuple(p for p in self.parameters if self.kind(p) == kind)

    @cached_property
    def partial_law(self) -> tuple[Parameter, ...]:
        """The law's partially pooled parameters: one vector per family, correlated if the pooling says so."""
        return tuple(p for p in self.law.parameters if self.kind(p) == "partial")

    @cached_property
    def partial_noise(self) -> tuple[Parameter, ...]:
        """The partially pooled parameters of noise and residuals."""
        return tuple(p for p in self.noise_parameters if self.kind(p) == "partial")

    @cached_property
    def uses_pooled(self) -> bool:
        """Whether families scatter in the law's own coordinates: it has some and pools all parameters as logs."""
        priors = [self.prior(p.name) for p in self.law.parameters]
        as_logs = all(prior.positive and prior.lowest == 0.0 for prior in priors)
        return bool(self.law.pooled) and as_logs and len(self.partial_law) == len(self.law.parameters)

    @property
    def scattered(self) -> tuple[str, ...]:
        """The names before ``_between``: law coordinates, then noise parameters."""
        return (*(c.name for c in self.coordinates), *(p.name for p in self.partial_noise))

    @cached_property
    def coordinates(self) -> tuple[PooledCoordinate, ...]:
        """The coordinates in which families scatter around the population, one per partially pooled law parameter."""
        if self.uses_pooled:
            return self.law.pooled
        return tuple(
            PooledCoordinate(p.name, f"{self.prior(p.name).scale_words}{p.meaning}", p.between)
            for p in self.partial_law
        )

    def pool(self, unconstrained: Any) -> Any:
        """The partially pooled law parameters of one family to the coordinates they scatter in."""
        return self.law.pool(unconstrained) if self.uses_pooled else unconstrained

    def unpool(self, coordinates: Any) -> Any:
        """Inverse of :meth:`pool`."""
        return self.law.unpool(coordinates) if self.uses_pooled else coordinates

    def __call__(self, data: Mapping[str, Any]) -> None:
        """The NumPyro model; run it with any NumPyro algorithm. ``data`` are the arrays of a layout."""
        values, shifts = self.sample_prior()
        with numpyro.handlers.mask(mask=data["mask"]):
            numpyro.sample(OBSERVED, self.outcome(values, shifts, data), obs=observed(data))

    def sample_prior(self) -> tuple[dict[str, Any], Any]:
        """The part of the NumPyro model that knows no data: parameters in natural units, and the effects or None."""
        values = self._sample_parameters()
        if self.effects is None:
            return values, None
        omega = numpyro.sample(OMEGA, self.effects.prior.numpyro())
        return values, numpyro.sample(EFFECTS, dist.Normal(0.0, omega).expand([self.n_levels]).to_event(1))

    def outcome(self, values: Mapping[str, Any], shifts: Any, data: Mapping[str, Any]) -> dist.Distribution:
        """The distribution of what is observed of every padded row: around the law and the shift of its level, if any.

        Args:
            values: every parameter in natural units, common or one value per family.
            shifts: the effect of every level, or None.
            data: the arrays of a layout.
        """
        mean = self.log_loss(values, data)
        if shifts is not None:
            mean = mean + shifts[data["level"]]
        if self.residuals is not None:
            decay = self.residuals_at(values, data)(data["gap"])
            return Chain(self.noise_at(values, data), mean, data["measurement_sd"], decay, data["linked"])
        value = data.get("value", {"sd": data["measurement_sd"], "columns": {}})
        return self.noise_at(values, data).around(mean, value["sd"], value["columns"])

    def _sample_parameters(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for p in self.of_kind("complete"):
            values[p.name] = numpyro.sample(p.name, self.prior(p.name).numpyro())
        for p in self.of_kind("none"):
            values[p.name] = numpyro.sample(p.name, self.prior(p.name).numpyro().expand([self.n_families]).to_event(1))
        partial = self.partial_law
        if partial:
            location = self.pool(jnp.stack([self._population(p) for p in partial]))
            scale = jnp.stack([self._between(c.name, c.between) for c in self.coordinates])
            family = numpyro.sample(FAMILY, self._family_distribution(location, scale))
            logs = jax.vmap(self.unpool)(family)
            values.update({p.name: self.constrain(p.name, logs[:, j]) for j, p in enumerate(partial)})
        for p in self.partial_noise:
            around = dist.Normal(self._population(p), self._between(p.name, p.between))
            family = numpyro.sample(f"{p.name}_family", around.expand([self.n_families]).to_event(1))
            values[p.name] = self.constrain(p.name, family)
        return values

    def _population(self, parameter: Parameter) -> Any:
        """Sample the population's location in natural units and return it on the unconstrained scale."""
        prior = self.prior(parameter.name).numpyro()
        return biject_to(prior.support).inv(numpyro.sample(f"{parameter.name}_population", prior))

    def _between(self, name: str, scale: float) -> Any:
        return numpyro.sample(f"{name}_between", dist.HalfNormal(scale))

    def _family_distribution(self, location: Any, scale: Any) -> dist.Distribution:
        if not self.pooling.correlated or location.size == 1:
            return dist.Normal(location, scale).expand([self.n_families, location.size]).to_event(2)
        factor = numpyro.sample(CORRELATION, dist.LKJCholesky(location.size, self.pooling.concentration))
        tril = scale[:, None] * factor
        return dist.MultivariateNormal(location, scale_tril=tril).expand([self.n_families]).to_event(1)

    def constrain(self, name: str, value: Any) -> Any:
        """Map a parameter from the unconstrained scale to natural units."""
        return biject_to(self.prior(name).numpyro().support)(value)

    def law_at(self, values: Mapping[str, Any], anchors: Mapping[str, Any]) -> Law:
        """The law at parameter values and anchors."""
        return self.law(**{p.name: values[p.name] for p in self.law.parameters}, **anchors)

    def noise_at(self, values: Mapping[str, Any], data: Mapping[str, Any]) -> Noise:
        """The noise with each block's parameters."""
        return self.noise(**{p.name: _per_block(values[p.name], data) for p in self.noise.parameters})

    def residuals_at(self, values: Mapping[str, Any], data: Mapping[str, Any]) -> Residuals:
        """The correlation of residuals with each block's parameters."""
        assert self.residuals is not None
        return self.residuals(**{p.name: _per_block(values[p.name], data) for p in self.residuals.parameters})

    def log_loss(self, values: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
        """The law's log response for every padded row, block x row: the one-run formula, vectorised twice."""
        law = self.law_at({p.name: _per_block(values[p.name], data, 1) for p in self.law.parameters}, {})
        law = law.replace(**data["anchors"])
        per_parameter = {p.name: 0 for p in self.law.parameters}
        axes = law.replace(**per_parameter, **{a.name: None for a in self.law.anchors})
        over_rows = jax.vmap(lambda one, row: jnp.log(one(**row)), in_axes=(None, 0))
        return jax.vmap(over_rows, in_axes=(axes, 0))(law, data["inputs"])


def observed(data: Mapping[str, Any]) -> Any:
    """What is observed: log loss, or for a noise of the response itself the response."""
    return data["value"]["observed"] if "value" in data else data["log_loss"]


def _per_block(value: Any, data: Mapping[str, Any], ndim: int = 2) -> Any:
    """Spread a common or per-family value over the blocks; with ``ndim`` 2 it broadcasts against rows."""
    value = jnp.asarray(value)
    blocks = data["family"].shape[0]
    spread = value[data["family"]] if value.ndim else jnp.broadcast_to(value, (blocks,))
    return spread[:, None] if ndim == 2 else spread
