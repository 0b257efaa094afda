"""Finding the geometry of a posterior: pilot fit, joint mode, curvature there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from bayescale.inference.coordinates import Coordinates, Geometry, guide_and_gradient
from bayescale.inference.curvature import Gradient, curvature_at
from bayescale.inference.levels import log_loss_at
from bayescale.inference.pilot import Correlation, KnownPilot, Pilot, fit_pilot
from bayescale.inference.precision import RUN_SELDOM
from bayescale.models.model import CORRELATION, OMEGA, Model

# Above this size the joint scaling covers the common and family coordinates only; effects keep their own scale.
DENSE_LIMIT = 600
# Curvature below this (an almost flat direction) is not stretched further: adaptation does the rest.
SMALLEST_CURVATURE = 0.05
# How far corners are rounded off for mode and curvature, in scales of residuals. At the mode of a Laplace likelihood
# some residuals are zero, where differences of gradients are all but infinite, and the other runs have no curvature.
# Rounded so far, most runs have that of the expected information, which is 1 in these units.
WIDE_TIP = 1.0


def find_geometry(
    coordinates: Coordinates,
    data: Any,
    start: np.ndarray | None = None,
    known: KnownPilot | None = None,
    placed: tuple[Any, Any] | None = None,
) -> Geometry:
    """Return the geometry for a model and its data. Deterministic: it depends on no seed.

    Args:
        coordinates: of the model.
        data: arrays of a layout.
        start: law parameters near the mode, on the unconstrained scale; None for the priors' centre.
        known: what takes the place of a pilot fit.
        placed: the same arrays where the density is to be computed, and where that puts a geometry; None for wherever
            JAX does.
    """
    common = not coordinates.law_parameters
    pilot = known.pilot if known else fit_pilot(coordinates.model, data, common=common, start=start)
    log_scale, scale_precision = _noise_information(coordinates, pilot)
    design = _design_centre(coordinates.model, data)
    pooled = _Pooled(*map(np.asarray, _pooled(coordinates, pilot.value, design, data["anchors"])))
    precision, shift = _law_curvature(coordinates, pilot, pooled, log_scale)
    geometry = Geometry(
        log_scale=log_scale,
        scale_precision=scale_precision,
        precision=precision,
        shift=shift,
        design=design,
        anchors=data["anchors"],
        **_level_at_centre(coordinates, pilot, pooled, data),
        **_population_prior(coordinates.model, pooled),
        **_effect_curvature(coordinates, pilot, data),
        effect_family=np.asarray(data["level_family"]),
        center=np.zeros(coordinates.size),
        stretch=np.eye(coordinates.size),
        tip=np.asarray(WIDE_TIP),
    )
    rows, where = (data, None) if placed is None else placed
    on_device = jax.device_put(geometry, where)

    def objective(position: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = guide_and_gradient(coordinates, on_device, rows, position)
        value, gradient = float(value), np.asarray(gradient)
        if np.isfinite(value) and np.all(np.isfinite(gradient)):
            return value, gradient
        return 1e100, np.zeros_like(position)

    start = _start(coordinates, pilot, pooled, known.correlation if known else {})
    # With limited memory, since all of it would cost dense products of matrices, more than the gradients do.
    options = {"maxiter": 400, "maxcor": 30, "gtol": 1e-2, "ftol": 1e-12}
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    stretch = _stretch(coordinates, geometry.effect_family, lambda x: objective(x)[1], found.x)
    return geometry._replace(center=found.x, stretch=stretch, tip=_narrow_tip(data["mask"]))


def _narrow_tip(mask: Any) -> np.ndarray:
    """How far corners are rounded off for trajectories: the more runs, the less.

    Within the tip a Laplace's rounded log density differs from its own by up to tip / 2 more than it does beyond, and a
    residual lies there with a probability of about the tip: that is a variance of about tip^3 / 20 a run. So the log of
    the weights that the second acceptance sees has a variance of 1/20, however many runs there are; several times that
    where there are few runs per parameter, most of which some curve of the posterior meets.
    """
    return np.asarray(max(np.asarray(mask).sum(), 1.0) ** (-1.0 / 3.0))


class _Pooled(NamedTuple):
    """What the law's pooled coordinates are at the pilot; empty where the model does not use them.

    Args:
        value: of every family, family x k; then of the median family and at the priors' centre, each (k,).
        slopes: of the logs in the coordinates, family x k x k.
        level, slope: log loss at the centre of each family's design, and its slopes in the coordinates.
    """

    value: np.ndarray
    median: np.ndarray
    prior: np.ndarray
    slopes: np.ndarray
    level: np.ndarray
    slope: np.ndarray


def _pooled(coordinates: Coordinates, value: np.ndarray, design: Any, anchors: Any) -> tuple[Any, ...]:
    if not coordinates.model.uses_pooled:
        return (np.zeros(0),) * 6
    prior = np.array(
        [coordinates.model.prior(p.name).unconstrained_moments()[0] for p in coordinates.model.partial_law]
    )
    return _pool_all(coordinates, value, np.median(value, axis=0), prior, design, anchors)


@partial(jax.jit, static_argnames="coordinates", compiler_options=RUN_SELDOM)
def _pool_all(
    coordinates: Coordinates, value: Any, median: Any, prior: Any, design: Any, anchors: Any
) -> tuple[Any, ...]:
    """One function for everything, since compiling several costs more than computing what is not needed."""
    model = coordinates.model
    pooled = jax.vmap(model.pool)(jnp.concatenate([value, median[None], prior[None]]))
    family = pooled[:-2]
    slopes = jax.vmap(jax.jacfwd(model.unpool))(family)
    log_loss = jax.value_and_grad(partial(log_loss_at, model))
    level, slope = jax.vmap(log_loss, in_axes=(0, 0, None))(family, design, anchors)
    return family, pooled[-2], pooled[-1], slopes, level, slope


def _noise_information(coordinates: Coordinates, pilot: Pilot) -> tuple[np.ndarray, np.ndarray]:
    """Log noise scale of each family and the data's information on it."""
    owned = len(coordinates.law_parameters)
    free = np.maximum(pilot.rows - owned, 0.0)
    # The pilot's scale is a maximum-likelihood one: correct it for the parameters that were fitted with it.
    log_scale = np.log(pilot.scale) + 0.5 * np.log((pilot.rows + 1.0) / (free + 1.0))
    # Fisher information of log sigma is 2 nu / (nu + 3) per row: 1.14 for the pilot's weights.
    return log_scale, 1.14 * free


def _law_curvature(
    coordinates: Coordinates, pilot: Pilot, pooled: _Pooled, log_scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Curvature and shift of the law coordinates that each family owns, at the corrected noise scale."""
    names = [p.name for p in coordinates.model.law.parameters]
    own = [names.index(p.name) for p in coordinates.law_parameters]
    ratio = np.exp(2.0 * (np.log(pilot.scale) - log_scale))[:, None]
    value, score = pilot.value[:, own], pilot.score[:, own] * ratio
    precision = pilot.precision[:, own][:, :, own] * ratio[..., None]
    if coordinates.model.uses_pooled:
        value, slopes = pooled.value, pooled.slopes
    elif coordinates.straight:
        value, slopes = _straight(coordinates, value)
    else:
        return precision, np.einsum("fij,fj->fi", precision, value) + score
    precision = slopes.swapaxes(1, 2) @ precision @ slopes
    score = np.einsum("fia,fi->fa", slopes, score)
    return precision, np.einsum("fij,fj->fi", precision, value) + score


def _straight(coordinates: Coordinates, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The straight coordinates of the one family's law parameters, and the slopes of the logs in them."""
    law = coordinates.model.law
    straight = np.array(law.straighten(tuple(value[0])))
    slopes = jax.jit(jax.jacfwd(lambda at: jnp.stack(law.unstraighten(tuple(at))[0])))(straight)
    return straight[None], np.asarray(slopes)[None]


def _population_prior(model: Model, pooled: _Pooled) -> dict[str, float]:
    """Prior precision and shift of the population's level: about that of the parameter it replaces."""
    if not model.uses_pooled:
        return {"population_precision": 1.0, "population_shift": 0.0}
    precision = model.prior(model.partial_law[0].name).unconstrained_moments()[1] ** -2.0
    return {"population_precision": precision, "population_shift": precision * float(pooled.prior[0])}


def _design_centre(model: Model, data: Any) -> dict[str, np.ndarray]:
    """Geometric mean of each family's inputs, by argument of the law; the arithmetic one where there are zeros."""
    mask, owner = np.asarray(data["mask"], float), np.asarray(data["family"])
    count = np.maximum(np.bincount(owner, mask.sum(1), model.n_families), 1.0)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(owner, (mask * values).sum(1), model.n_families) / count

    def centre(values: np.ndarray) -> np.ndarray:
        return np.exp(mean(np.log(values))) if (values > 0).all() else mean(values)

    return {argument: centre(np.asarray(values)) for argument, values in data["inputs"].items()}


def _level_at_centre(coordinates: Coordinates, pilot: Pilot, pooled: _Pooled, data: Any) -> dict[str, Any]:
    """Log loss at the centre of each family's design as a linear function of the pooled coordinates."""
    families, owner = coordinates.model.n_families, np.asarray(data["family"])
    if not coordinates.model.uses_pooled:
        empty = np.zeros((families, 0))
        return {"level": empty, "slope": empty, "target": empty}
    # Mean weighted residual of the pilot: what the level misses of the data.
    weight = np.bincount(owner, pilot.row_precision.sum(1), families)
    missed = np.bincount(owner, (pilot.row_precision * pilot.row_residual).sum(1), families)
    return {
        "level": pooled.level - np.einsum("fk,fk->f", pooled.slope, pooled.value),
        "slope": pooled.slope,
        "target": pooled.level + missed / np.maximum(weight, 1e-300),
    }


def _effect_curvature(coordinates: Coordinates, pilot: Pilot, data: Any) -> dict[str, np.ndarray]:
    levels = coordinates.sizes.effects
    precision, shift = np.zeros(levels), np.zeros(levels)
    if levels:
        np.add.at(precision, np.asarray(data["level"]), pilot.row_precision)
        np.add.at(shift, np.asarray(data["level"]), pilot.row_precision * pilot.row_residual)
    return {"effect_precision": precision, "effect_shift": shift}


def _start(coordinates: Coordinates, pilot: Pilot, pooled: _Pooled, along: Mapping[str, Correlation]) -> np.ndarray:
    """Starting position of the common values from the pilot; everything else starts at zero."""
    model = coordinates.model
    values = {p.name: pilot.value[:, j] for j, p in enumerate(model.law.parameters)}
    if model.noise.scale:
        values[model.noise.scale] = np.log(pilot.scale)
    values |= {name: np.asarray(one.value) for name, one in along.items()}
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
        begin = coordinates.sizes.common + coordinates.sizes.noise
        start[begin + 1 : begin + pooled.median.size] = pooled.median[1:]
    elif model.partial_law:
        names = [p.name for p in model.law.parameters]
        begin = coordinates.sizes.common + coordinates.sizes.noise
        medians = [np.median(pilot.value[:, names.index(p.name)]) for p in model.partial_law]
        start[begin : begin + len(medians)] = medians
    return start


def _stretch(coordinates: Coordinates, effect_family: np.ndarray, gradient: Gradient, mode: np.ndarray) -> np.ndarray:
    """Inverse symmetric square root of the curvature at the mode."""
    size = mode.size
    dense = size if size <= DENSE_LIMIT else min(size - coordinates.sizes.effects, DENSE_LIMIT)
    curvature = curvature_at(coordinates, effect_family, gradient, mode)[:dense, :dense]
    eigenvalues, vectors = np.linalg.eigh(curvature)
    stretch = np.eye(size)
    stretch[:dense, :dense] = (vectors / np.sqrt(np.maximum(eigenvalues, SMALLEST_CURVATURE))) @ vectors.T
    return stretch
