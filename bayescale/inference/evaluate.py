"""Compiled evaluation of many posterior draws: parameter values, log likelihood, replicated data."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from numpyro import handlers
from numpyro.distributions import biject_to

from bayescale.inference.coordinates import Coordinates, Geometry
from bayescale.models.families import family_values, new_family_values, population_values
from bayescale.models.model import Model

# Draws evaluated together: bounds memory whatever the number of draws.
BATCH = 256


@partial(jax.jit, static_argnames="coordinates")
def site_values(coordinates: Coordinates, geometry: Geometry, positions: Any) -> dict[str, Any]:
    """Unconstrained values of every site; positions are draw x size."""
    return jax.vmap(lambda position: coordinates.sites(geometry, position)[0])(positions)


@partial(jax.jit, static_argnames="model")
def natural_values(model: Model, sites: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Family and population values in natural units for every draw."""
    return jax.vmap(lambda one: (family_values(model, one), population_values(model, one)))(sites)


@partial(jax.jit, static_argnames="model")
def new_family_draws(model: Model, sites: dict[str, Any], key: Any) -> dict[str, Any]:
    """Parameter values of one new family per draw."""
    count = next(iter(sites.values())).shape[0]
    return jax.vmap(partial(new_family_values, model))(sites, jax.random.split(key, count))


@partial(jax.jit, static_argnames="model")
def log_likelihood(model: Model, sites: dict[str, Any], data: Any) -> Any:
    """Log density of each observed log loss, draw x block x row."""
    return jax.lax.map(lambda one: _noise_at(model, one, data).log_prob(data["log_loss"]), sites, batch_size=BATCH)


@partial(jax.jit, static_argnames="model")
def replicates(model: Model, sites: dict[str, Any], data: Any, key: Any) -> Any:
    """One replicate of each observed log loss for every draw, draw x block x row."""
    keys = jax.random.split(key, next(iter(sites.values())).shape[0])
    return jax.lax.map(lambda one: _noise_at(model, one[0], data).sample(one[1]), (sites, keys), batch_size=BATCH)


def _noise_at(model: Model, sites: dict[str, Any], data: Any) -> Any:
    """The distribution of every observed log loss given one draw."""
    values = dict(family_values(model, sites))
    mean = model.log_loss(values, data)
    if model.effects is not None:
        mean = mean + sites["run_effects"][data["level"]]
    return model.noise_at(values, data)(mean, data["measurement_sd"])


@partial(jax.jit, static_argnames=("model", "count"))
def prior_draws(model: Model, data: Any, key: Any, count: int) -> tuple[dict[str, Any], Any]:
    """Prior draws of every sampled site, unconstrained, and one replicate of the log losses for each."""
    blank = {**data, "log_loss": None}

    def one(key: Any) -> tuple[dict[str, Any], Any]:
        trace = handlers.trace(handlers.seed(model, key)).get_trace(blank)
        sampled = {name: site for name, site in trace.items() if site["type"] == "sample"}
        replicate = sampled.pop("log_loss")["value"]
        return {name: biject_to(site["fn"].support).inv(site["value"]) for name, site in sampled.items()}, replicate

    return jax.lax.map(one, jax.random.split(key, count), batch_size=BATCH)


@partial(jax.jit, static_argnames="law")
def law_curve(law: type, values: dict[str, Any], anchors: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """The law's response, draw x point."""

    def one_draw(values: dict[str, Any]) -> Any:
        instance = law(**values, **anchors)
        return jax.vmap(lambda row: instance(**row))(inputs)

    return jax.vmap(one_draw)(values)


@partial(jax.jit, static_argnames="model")
def noisy(model: Model, loss: Any, values: dict[str, Any], effect_sd: Any, key: Any) -> Any:
    """A new run at each point of each draw: the curve plus run effect plus noise, draw x point."""
    effect_key, noise_key = jax.random.split(key)
    noise = model.noise(**{p.name: values[p.name][:, None] for p in model.noise.parameters})
    shift = effect_sd[:, None] * jax.random.normal(effect_key, loss.shape)
    return jnp.exp(noise(jnp.log(loss) + shift, 0.0).sample(noise_key))
