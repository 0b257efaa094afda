"""Compiled evaluation of many posterior draws: parameter values, log likelihood, replicated data, curves, new runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import handlers
from numpyro.distributions import biject_to

from bayescale.inference.coordinates import Coordinates, Geometry
from bayescale.inference.precision import RUN_SELDOM
from bayescale.laws import Law
from bayescale.models.families import family_values, new_family_values, population_values
from bayescale.models.model import EFFECTS, OBSERVED, Model, observed

# Draws evaluated together: bounds memory whatever the number of draws.
BATCH = 256
# Points evaluated together are padded to a power of two between these.
FEWEST_POINTS, MOST_POINTS = 4, 256


@partial(jax.jit, static_argnames="coordinates", compiler_options=RUN_SELDOM)
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
    """Log density of what is observed of each run, draw x block x row."""
    return jax.lax.map(lambda one: _outcome(model, one, data).log_prob(observed(data)), sites, batch_size=BATCH)


@partial(jax.jit, static_argnames="model")
def replicates(model: Model, sites: dict[str, Any], data: Any, key: Any) -> Any:
    """One replicate of what is observed of each run for every draw, draw x block x row."""
    keys = jax.random.split(key, next(iter(sites.values())).shape[0])
    return jax.lax.map(lambda one: _outcome(model, one[0], data).sample(one[1]), (sites, keys), batch_size=BATCH)


def _outcome(model: Model, sites: dict[str, Any], data: Any) -> Any:
    """The distribution of what is observed of every run given one draw."""
    return model.outcome(family_values(model, sites), sites.get(EFFECTS), data)


@partial(jax.jit, static_argnames=("model", "count"))
def prior_draws(model: Model, data: Any, key: Any, count: int) -> tuple[dict[str, Any], Any]:
    """Prior draws of every sampled site, unconstrained, and one replicate of what is observed for each."""
    blank = {**data, "log_loss": None, **({"value": {**data["value"], "observed": None}} if "value" in data else {})}

    def one(key: Any) -> tuple[dict[str, Any], Any]:
        trace = handlers.trace(handlers.seed(model, key)).get_trace(blank)
        sampled = {name: site for name, site in trace.items() if site["type"] == "sample"}
        replicate = sampled.pop(OBSERVED)["value"]
        return {name: biject_to(site["fn"].support).inv(site["value"]) for name, site in sampled.items()}, replicate

    return jax.lax.map(one, jax.random.split(key, count), batch_size=BATCH)


def one_by_one(function: Callable[[Law, dict[str, Any]], Any], law: Law, columns: dict[str, Any]) -> Any:
    """Call a function of one law and one row for every entry, so that a law need only be right for one run.

    Args:
        function: of a law at scalars and scalar columns by name.
        law: arrays or scalars as parameters and anchors.
        columns: arrays or scalars that broadcast with them, such as parameters of draws x 1 with points.
    """
    shape = jnp.broadcast_shapes(*map(jnp.shape, jax.tree.leaves((law, columns))))
    flat = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, shape).ravel(), (law, columns))
    return jax.tree.map(lambda leaf: leaf.reshape(shape), jax.vmap(function)(*flat))


@jax.jit
def response(law: Law, columns: dict[str, Any]) -> Any:
    """The law's response where parameters and canonical columns broadcast to."""
    return one_by_one(lambda one, row: one.at(**row), law, columns)


@partial(jax.jit, static_argnames="model")
def new_runs(
    model: Model, curve: Any, values: dict[str, Any], effect_sd: Any, keys: Any, columns: dict[str, Any]
) -> Any:
    """A new run at each point of each draw: the curve plus run effect plus noise, draw x point.

    Args:
        model: the model.
        curve: the law's response, draw x point.
        values: parameters of the noise (and others), one value per draw.
        effect_sd: sd of run effects per draw.
        keys: a random key per point, so that a point's draws do not depend on the points beside it.
        columns: what the noise takes besides, by argument, over points.
    """
    return _each_run(model, curve, values, effect_sd, keys, columns, None, _sampled)


@partial(jax.jit, static_argnames="model")
def scored_runs(
    model: Model, curve: Any, values: dict[str, Any], effect_sd: Any, keys: Any, columns: dict[str, Any], seen: Any
) -> Any:
    """A new run at each point of each draw, and the log density of an observed response there.

    Args:
        model, curve, values, effect_sd, keys, columns: as for :func:`new_runs`, whose runs and run effects these are.
        seen: the responses, over point.

    Returns:
        runs and log densities, 2 x draw x point.
    """
    return jnp.moveaxis(_each_run(model, curve, values, effect_sd, keys, columns, seen, _scored), -1, 0)


def _sampled(noise: Any, around: Any, key: Any, seen: None) -> Any:
    """A response drawn from the distribution of what is observed of it."""
    return noise.to_response(around.sample(key))


def _density(noise: Any, around: Any, seen: Any) -> Any:
    """Log density of a response; where the noise is one of its log, the slope of the log comes in."""
    return around.log_prob(seen) if noise.of_value else around.log_prob(jnp.log(seen)) - jnp.log(seen)


def _scored(noise: Any, around: Any, key: Any, seen: Any) -> Any:
    """A response that is drawn and the log density of one that was seen, which share the effect."""
    return jnp.stack([_sampled(noise, around, key, None), _density(noise, around, seen)])


def _each_run(
    model: Model,
    curve: Any,
    values: dict[str, Any],
    effect_sd: Any,
    keys: Any,
    columns: dict[str, Any],
    seen: Any,
    asked: Callable[[Any, Any, Any, Any], Any],
) -> Any:
    """What is asked of the distribution of a new run around its effect, at each point of each draw."""
    noise = model.noise(**{p.name: values[p.name] for p in model.noise.parameters})

    def one_run(value: Any, noise: Any, effect_sd: Any, key: Any, more: Any, seen: Any) -> Any:
        effect_key, noise_key = jax.random.split(key)
        shift = effect_sd * jax.random.normal(effect_key)
        return asked(noise, noise.around(jnp.log(value) + shift, 0.0, more), noise_key, seen)

    def at_point(values: Any, key: Any, more: Any, seen: Any) -> Any:
        keys = jax.random.split(key, values.shape[0])
        return jax.vmap(one_run, in_axes=(0, 0, 0, 0, None, None))(values, noise, effect_sd, keys, more, seen)

    return jax.vmap(at_point, in_axes=(1, 0, 0, 0), out_axes=1)(curve, keys, columns, seen)


def by_points(function: Callable[[dict[str, Any]], Any], columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Evaluate over points some at a time, padded to a few sizes: another number of points finds a compiled program.

    Args:
        function: of columns by name, entry by entry along their last axis.
        columns: arrays with points as their last axis.

    Returns:
        what the function returns, with all points along the last axis.
    """
    points = max(np.shape(values)[-1] for values in columns.values())
    parts = []
    for start in range(0, points, MOST_POINTS):
        count = min(MOST_POINTS, points - start)
        size = max(FEWEST_POINTS, 1 << (count - 1).bit_length())
        # Padding repeats the last point, whose values are harmless.
        index = start + np.minimum(np.arange(size), count - 1)
        part = np.asarray(function({name: values[..., index] for name, values in columns.items()}))
        parts.append(part[..., :count])
    return np.concatenate(parts, axis=-1) if parts else np.empty(0)


def curve(law: Law, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """The law's response at many points; call inside ``computing()``.

    Args:
        law: parameters of shape draws x 1, or scalars.
        columns: canonical inputs over points, or over draws x points.

    Returns:
        draws x points, or points for a law at scalars and columns over points.
    """
    return by_points(partial(response, law), columns)
