"""What one run tells of its log loss, given the noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import ndtri

from bayescale.inference.precision import computing
from bayescale.models import Model, Noise

# Residuals in units of the scale reach from here to sinh(12) = 8e4, densely near zero; an even number leaves zero out,
# where a Laplace density has its corner.
GRID = np.sinh(np.linspace(-12.0, 12.0, 6000))
# Measurement errors between which information is interpolated, where there are more different ones.
ERRORS = 32
# Normal shifts of equal probability, and sds of them in units of the scale of the noise.
SHIFTS, REACHES = ndtri((np.arange(64) + 0.5) / 64), np.concatenate([[0.0], np.geomspace(0.02, 30.0, 24)])


def information(model: Model, values: Mapping[str, float], measurement_sd: np.ndarray) -> np.ndarray:
    """Return the Fisher information of every run about its log loss: the mean square of the score.

    For Student-t it is (nu + 1) / (nu + 3) / scale^2; here it is an integral, so that any noise of log loss has one.

    Args:
        model: its noise.
        values: of the noise's parameters.
        measurement_sd: of every run.
    """
    known = np.unique(measurement_sd)
    if known.size > ERRORS:
        known = np.quantile(measurement_sd, np.linspace(0.0, 1.0, ERRORS))
    each = {name: np.array([value]) for name, value in values.items()}
    found = np.array([information_of_draws(model, each, sd)[0] for sd in known])
    return np.exp(np.interp(measurement_sd, known, np.log(found)))


def information_of_draws(model: Model, values: Mapping[str, np.ndarray], sd: float = 0.0) -> np.ndarray:
    """Return the Fisher information of one run about its log loss given each draw of the noise's parameters.

    Args:
        model: its noise.
        values: of the noise's parameters, each over draws.
        sd: the known error of the run's log loss.
    """
    scale = np.hypot(values[model.noise.scale], sd)
    log_density = _on_grid(model, values, sd)
    weight = np.exp(log_density) * np.gradient(GRID)
    score = np.gradient(log_density, GRID, axis=1)
    return (weight * score**2).sum(axis=1) / weight.sum(axis=1) / scale**2


def information_left(model: Model, values: Mapping[str, float]) -> Callable[[np.ndarray], np.ndarray]:
    """Return how much of a run's Fisher information is left by how well its log loss is known.

    A density with corners is not quadratic near its top. How fast its log falls from there, on average over residuals,
    is Fisher's information at the very top only, and less beside it: for a Laplace density of scale b at a distance t
    it is exp(-|t| / b) of that. Here the fall is averaged over where the posterior has the run's log loss, a normal
    distribution. For normal noise that changes nothing.

    Args:
        model: its noise.
        values: of the noise's parameters.

    Returns:
        a function of the posterior sds of the log losses of runs, in units of the scale of their noise.
    """
    (log_density,) = _on_grid(model, {name: np.array([value]) for name, value in values.items()})
    density, step, score = np.exp(log_density - log_density.max()), np.gradient(GRID), np.gradient(log_density, GRID)

    def fall(sd: float) -> float:
        moved = np.mean([np.interp(GRID - sd * shift, GRID, density) for shift in SHIFTS], axis=0)
        return float((score * np.gradient(moved, GRID) * step).sum())

    left = np.array([fall(sd) for sd in REACHES])
    return lambda reach: np.interp(reach, REACHES, left / left[0])


def _on_grid(model: Model, values: Mapping[str, np.ndarray], sd: float = 0.0) -> np.ndarray:
    """Log density of the residuals of the grid given each draw of the noise's parameters, draw x grid."""
    residual = np.multiply.outer(np.hypot(values[model.noise.scale], sd), GRID)
    each = {name: np.repeat(value, GRID.size) for name, value in values.items()}
    with computing():
        noise = noise_at(model, each)
        density = noise.log_density(np.zeros(1), -residual.reshape(-1, 1), np.array([sd]), np.ones(1))
    return np.asarray(density).reshape(residual.shape)


def noise_at(model: Model, values: Mapping[str, np.ndarray]) -> Noise:
    """Return the noise at parameter values, each over draws."""
    return model.noise(**{name: np.reshape(value, (-1, 1)) for name, value in values.items()})
