"""Parameter values in natural units from one draw of the sampled sites: of the known families, or of a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import biject_to, constraints

from bayescale.models.model import CORRELATION, EFFECTS, FAMILY, OMEGA, Model


def family_values(model: Model, sites: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of law and noise: a scalar where it is common, else one value per family.

    Args:
        model: the model.
        sites: unconstrained values of the NumPyro sites, one draw.
    """
    values = {
        p.name: model.constrain(p.name, sites[p.name]) for p in (*model.of_kind("complete"), *model.of_kind("none"))
    }
    if model.partial_law:
        logs = jax.vmap(model.unpool)(sites[FAMILY])
        values.update({p.name: model.constrain(p.name, logs[:, j]) for j, p in enumerate(model.partial_law)})
    values.update({p.name: model.constrain(p.name, sites[f"{p.name}_family"]) for p in model.partial_noise})
    return values


def population_values(model: Model, sites: Mapping[str, Any]) -> dict[str, Any]:
    """The population's locations ``{name}_population``, its sds ``{name}_between``, and the effects, one draw."""
    values = {}
    for p in (*model.partial_law, *model.partial_noise):
        values[f"{p.name}_population"] = model.constrain(p.name, sites[f"{p.name}_population"])
    values.update({f"{name}_between": jnp.exp(sites[f"{name}_between"]) for name in model.scattered})
    if CORRELATION in sites:
        factor = biject_to(constraints.corr_cholesky)(sites[CORRELATION])
        values[CORRELATION] = factor @ factor.T
    if model.effects is not None:
        values[OMEGA], values[EFFECTS] = jnp.exp(sites[OMEGA]), sites[EFFECTS]
    return values


def new_family_values(model: Model, sites: Mapping[str, Any], key: Any) -> dict[str, Any]:
    """Every parameter of a family that is not in the data: drawn from the population, or from the prior if unpooled."""
    keys = iter(jax.random.split(key, len(model.parameters) + 1))
    values = {p.name: model.constrain(p.name, sites[p.name]) for p in model.of_kind("complete")}
    for p in model.of_kind("none"):
        values[p.name] = model.prior(p.name).numpyro().sample(next(keys))
    if model.partial_law:
        location = model.pool(jnp.stack([sites[f"{p.name}_population"] for p in model.partial_law]))
        step = jax.random.normal(next(keys), (len(model.partial_law),))
        if CORRELATION in sites:
            step = biject_to(constraints.corr_cholesky)(sites[CORRELATION]) @ step
        scale = jnp.exp(jnp.stack([sites[f"{c.name}_between"] for c in model.coordinates]))
        logs = model.unpool(location + scale * step)
        values.update({p.name: model.constrain(p.name, logs[j]) for j, p in enumerate(model.partial_law)})
    for p in model.partial_noise:
        step = jnp.exp(sites[f"{p.name}_between"]) * jax.random.normal(next(keys))
        values[p.name] = model.constrain(p.name, sites[f"{p.name}_population"] + step)
    return values
