"""Places at which two likelihoods are compared: where a posterior may be, and further out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from bayescale.inference.compressed.correlation import unknown_correlation
from bayescale.inference.likelihood import log_likelihood, prepare
from bayescale.inference.pilot import KnownPilot
from bayescale.models.model import Model

# How far from the pilot, in sds of each family's posterior given the noise scale.
SPREADS = (0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0)


def plausible_points(model: Model, known: KnownPilot) -> dict[str, Any]:
    """Values of all parameters in natural units at several points, with a leading axis of points.

    Args:
        model: the model.
        known: the law's parameters, their precision and the noise scale per family; what follows from residuals.

    Returns:
        ``values`` as :func:`log_likelihood` takes them, and ``shifts``, None without effects.
    """
    pilot = known.pilot if known.within is None else known.within
    rng, law = np.random.default_rng(0), model.law.parameters
    prior = np.diag([model.prior(p.name).unconstrained_moments()[1] ** -2.0 for p in law])
    root = np.linalg.inv(np.linalg.cholesky(pilot.precision + prior)).swapaxes(1, 2)
    found: dict[str, list[Any]] = {}
    residuals = model.residuals.parameters if model.residuals else ()
    along = {p.name: unknown_correlation(model.prior(p.name), pilot) for p in residuals} | known.correlation
    for spread in SPREADS:
        away = spread * np.einsum("fij,fj->fi", root, rng.standard_normal(pilot.value.shape))
        unconstrained = {p.name: (pilot.value + away)[:, j] for j, p in enumerate(law)}
        scale = spread * rng.standard_normal(pilot.scale.shape) / np.sqrt(2.0 * np.maximum(pilot.rows, 2.0))
        unconstrained[model.noise.scale] = np.log(pilot.scale) + scale
        for name, one in along.items():
            at = np.clip(one.value + spread * one.sd * rng.standard_normal(), one.lowest, one.highest)
            unconstrained[name] = at
            unconstrained[model.noise.scale] = unconstrained[model.noise.scale] + one.with_scale * (at - one.value)
        for p in model.parameters:
            value = unconstrained[p.name]
            common = model.kind(p) == "complete"
            found.setdefault(p.name, []).append(model.constrain(p.name, np.median(value) if common else value))
    values = {name: np.stack([np.asarray(one) for one in several]) for name, several in found.items()}
    shifts = None
    if known.shifts is not None:
        # At what the law misses, as far off as the noise of a row.
        away = np.array(SPREADS)[:, None] * np.median(pilot.scale) * rng.standard_normal((len(SPREADS), model.n_levels))
        shifts = known.shifts + away
    return {"values": values, "shifts": shifts}


def full_log_likelihood(model: Model, points: dict[str, Any], arrays: Mapping[str, Any]) -> np.ndarray:
    """Log likelihood of all rows at every point, family by family, so that little memory is needed."""
    total = np.zeros(len(next(iter(points["values"].values()))))
    for part in family_parts(arrays, model.n_families):
        total += np.asarray(log_likelihood_at(model, points, part))
    return total


@partial(jax.jit, static_argnames="model")
def log_likelihood_at(model: Model, points: dict[str, Any], data: Any) -> Any:
    """Log likelihood of the arrays of a layout, or of a compressed one, at every point."""
    rows = prepare(model, data)
    return jax.lax.map(lambda at: log_likelihood(model, at["values"], at["shifts"], rows), points)


def family_parts(arrays: Mapping[str, Any], n_families: int) -> Iterator[dict[str, Any]]:
    """The arrays of a layout, one family at a time, all padded to the most blocks that a family has."""
    family = np.asarray(arrays["family"])
    blocks = [np.flatnonzero(family == one) for one in range(n_families)]
    most = max(one.size for one in blocks)
    for own in blocks:
        chosen = np.pad(own, (0, most - own.size), mode="edge")
        real = np.arange(most) < own.size

        def part(values: Any, chosen: np.ndarray = chosen) -> Any:
            return values if np.shape(values) == (1, 1) else np.asarray(values)[chosen]

        one = {name: part(arrays[name]) for name in ("log_loss", "measurement_sd", "level", "family")}
        one |= {"inputs": {name: part(value) for name, value in arrays["inputs"].items()}, "anchors": arrays["anchors"]}
        one["mask"] = part(arrays["mask"]) & real[:, None]
        if "gap" in arrays:
            one |= {"gap": part(arrays["gap"]), "linked": part(arrays["linked"]) * real[:, None]}
        yield one
