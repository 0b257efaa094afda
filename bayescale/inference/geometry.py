"""Finding the geometry of a posterior: pilot fit, joint mode, curvature there."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from bayescale.inference.coordinates import Coordinates, Geometry, potential_and_gradient
from bayescale.inference.pilot import Pilot, fit_pilot
from bayescale.models.model import CORRELATION, OMEGA, Model

# Above this size the joint scaling covers the common and family coordinates only; effects keep their own scale.
DENSE_LIMIT = 600
# Curvature below this (an almost flat direction) is not stretched further: adaptation does the rest.
SMALLEST_CURVATURE = 0.05


def find_geometry(coordinates: Coordinates, data: Any) -> Geometry:
    """Return the geometry for a model and its data. Deterministic: it depends on no seed."""
    model = coordinates.model
    pilot = fit_pilot(model, data, common=not coordinates.law_parameters)
    log_scale, scale_precision = _noise_information(coordinates, pilot)
    precision, shift = _law_curvature(coordinates, pilot, log_scale)
    geometry = Geometry(
        log_scale=log_scale,
        scale_precision=scale_precision,
        precision=precision,
        shift=shift,
        **_level_at_centre(coordinates, pilot, data),
        **_population_prior(model),
        **_effect_curvature(coordinates, pilot, data),
        effect_family=np.asarray(data["level_family"]),
        center=np.zeros(coordinates.size),
        stretch=np.eye(coordinates.size),
    )

    def objective(position: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = potential_and_gradient(coordinates, geometry, data, position)
        value, gradient = float(value), np.asarray(gradient)
        if np.isfinite(value) and np.all(np.isfinite(gradient)):
            return value, gradient
        return 1e100, np.zeros_like(position)

    start = _start(coordinates, pilot)
    found = minimize(objective, start, jac=True, method="BFGS", options={"maxiter": 400, "gtol": 1e-3})
    stretch = _stretch(coordinates, lambda x: objective(x)[1], found.x)
    return geometry._replace(center=found.x, stretch=stretch)


def _noise_information(coordinates: Coordinates, pilot: Pilot) -> tuple[np.ndarray, np.ndarray]:
    """Log noise scale of each family and the data's information on it."""
    owned = len(coordinates.law_parameters)
    free = np.maximum(pilot.rows - owned, 0.0)
    # The pilot's scale is a maximum-likelihood one: correct it for the parameters that were fitted with it.
    log_scale = np.log(pilot.scale) + 0.5 * np.log((pilot.rows + 1.0) / (free + 1.0))
    # Fisher information of log sigma is 2 nu / (nu + 3) per row: 1.14 for the pilot's weights.
    return log_scale, 1.14 * free


def _law_curvature(coordinates: Coordinates, pilot: Pilot, log_scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Curvature and shift of the law coordinates that each family owns, at the corrected noise scale."""
    names = [p.name for p in coordinates.model.law.parameters]
    own = [names.index(p.name) for p in coordinates.law_parameters]
    ratio = np.exp(2.0 * (np.log(pilot.scale) - log_scale))[:, None]
    value, score = pilot.value[:, own], pilot.score[:, own] * ratio
    precision = pilot.precision[:, own][:, :, own] * ratio[..., None]
    if coordinates.model.uses_pooled:
        value, slopes = (np.asarray(part) for part in _pool_all(coordinates.model, value))
        precision = np.einsum("fia,fij,fjb->fab", slopes, precision, slopes)
        score = np.einsum("fia,fi->fa", slopes, score)
    return precision, np.einsum("fij,fj->fi", precision, value) + score


@partial(jax.jit, static_argnames="model")
def _pool_all(model: Model, logs: Any) -> tuple[Any, Any]:
    """Every family's pooled coordinates, and the slopes of the logs in them."""
    pooled = jax.vmap(model.pool)(logs)
    return pooled, jax.vmap(jax.jacfwd(model.unpool))(pooled)


def _population_prior(model: Model) -> dict[str, float]:
    """Prior precision and shift of the population's level: about that of the parameter it replaces."""
    if not model.uses_pooled:
        return {"population_precision": 1.0, "population_shift": 0.0}
    moments = np.array([model.prior(p.name).unconstrained_moments() for p in model.partial_law])
    pooled, _ = _pool_all(model, moments[None, :, 0])
    precision = moments[0, 1] ** -2.0
    return {"population_precision": precision, "population_shift": precision * float(np.asarray(pooled)[0, 0])}


def _level_at_centre(coordinates: Coordinates, pilot: Pilot, data: Any) -> dict[str, Any]:
    """Centre of each family's design, and the log loss there as a linear function of the pooled coordinates."""
    families, mask = coordinates.model.n_families, np.asarray(data["mask"], float)
    owner, count = np.asarray(data["family"]), np.zeros(families)
    np.add.at(count, owner, mask.sum(1))
    design = {}
    for argument, values in data["inputs"].items():
        center = np.zeros(families)
        np.add.at(center, owner, (mask * np.log(np.asarray(values))).sum(1))
        design[argument] = np.exp(center / np.maximum(count, 1.0))
    level = slope = target = np.zeros((families, 0))
    if coordinates.model.uses_pooled:
        pooled, _ = _pool_all(coordinates.model, pilot.value)
        value, slope = (np.asarray(part) for part in _level_slopes(coordinates, pooled, design, data["anchors"]))
        level = value - np.einsum("fk,fk->f", slope, np.asarray(pooled))
        # Mean weighted residual of the pilot: what the level misses of the data.
        weight, missed = np.zeros(families), np.zeros(families)
        np.add.at(weight, owner, pilot.row_precision.sum(1))
        np.add.at(missed, owner, (pilot.row_precision * pilot.row_residual).sum(1))
        target = value + missed / np.maximum(weight, 1e-300)
    return {"design": design, "anchors": data["anchors"], "level": level, "slope": slope, "target": target}


@partial(jax.jit, static_argnames="coordinates")
def _level_slopes(coordinates: Coordinates, pooled: Any, design: Any, anchors: Any) -> tuple[Any, Any]:
    return jax.vmap(jax.value_and_grad(coordinates.log_loss_at), in_axes=(0, 0, None))(pooled, design, anchors)


def _effect_curvature(coordinates: Coordinates, pilot: Pilot, data: Any) -> dict[str, np.ndarray]:
    levels = coordinates.sizes.effects
    precision, shift = np.zeros(levels), np.zeros(levels)
    if levels:
        np.add.at(precision, np.asarray(data["level"]), pilot.row_precision)
        np.add.at(shift, np.asarray(data["level"]), pilot.row_precision * pilot.row_residual)
    return {"effect_precision": precision, "effect_shift": shift}


def _start(coordinates: Coordinates, pilot: Pilot) -> np.ndarray:
    """Starting position of the common values from the pilot; everything else starts at zero."""
    model = coordinates.model
    values = {p.name: pilot.value[:, j] for j, p in enumerate(model.law.parameters)} | {
        model.noise.scale: np.log(pilot.scale)
    }
    betweens = {c.name: c.between for c in model.coordinates} | {p.name: p.between for p in model.partial_noise}
    start = np.zeros(coordinates.size)
    place = 0
    for name, size in coordinates.common:
        base, _, role = name.rpartition("_")
        if role == "between":
            start[place] = np.log(0.5 * betweens[base])
        elif role == "population" and base in values:
            start[place] = np.median(values[base])
        elif name == OMEGA:
            assert model.effects is not None
            start[place] = model.effects.prior.unconstrained_moments()[0]
        elif name != CORRELATION:
            start[place] = np.median(values[name]) if name in values else model.prior(name).unconstrained_moments()[0]
        place += size
    if model.uses_pooled:
        # The level's place holds a scaled value, zero at its conditional mean.
        medians = np.median(pilot.value, axis=0)
        begin = coordinates.sizes.common + coordinates.sizes.noise
        start[begin + 1 : begin + medians.size] = np.asarray(model.pool(jnp.asarray(medians)))[1:]
    elif model.partial_law:
        names = [p.name for p in model.law.parameters]
        begin = coordinates.sizes.common + coordinates.sizes.noise
        medians = [np.median(pilot.value[:, names.index(p.name)]) for p in model.partial_law]
        start[begin : begin + len(medians)] = medians
    return start


def _stretch(coordinates: Coordinates, gradient: Any, mode: np.ndarray) -> np.ndarray:
    """Inverse symmetric square root of the curvature at the mode, by central differences of the gradient."""
    size = mode.size
    dense = size if size <= DENSE_LIMIT else min(size - coordinates.sizes.effects, DENSE_LIMIT)
    curvature = np.empty((dense, dense))
    for i in range(dense):
        # Coordinates are of order one, so this step leaves about ten digits in the difference of gradients.
        step = np.zeros(size)
        step[i] = 1e-4
        curvature[i] = ((gradient(mode + step) - gradient(mode - step)) / 2e-4)[:dense]
    eigenvalues, vectors = np.linalg.eigh(0.5 * (curvature + curvature.T))
    stretch = np.eye(size)
    stretch[:dense, :dense] = (vectors / np.sqrt(np.maximum(eigenvalues, SMALLEST_CURVATURE))) @ vectors.T
    return stretch
