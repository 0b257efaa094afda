"""How noisy runs are around a law, and what one run then tells of its log loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from bayescale.inference.precision import computing
from bayescale.models import Model, Noise

# Residuals in units of the scale reach from here to sinh(12) = 8e4, densely near zero; an even number leaves zero out,
# where a Laplace density has its corner.
GRID = np.sinh(np.linspace(-12.0, 12.0, 6000))
# Measurement errors between which information is interpolated, where there are more different ones.
ERRORS = 32


def fitted_noise(model: Model, residual: np.ndarray, measurement_sd: np.ndarray, used: float) -> dict[str, float]:
    """Return the parameters of the noise at the mode given residuals of log loss.

    Args:
        model: its noise and priors.
        residual: of every run, around the fitted law.
        measurement_sd: known sd of each, 0 where unknown.
        used: parameters that the law spent on these residuals; they are widened by what that took out of them.
    """
    names = [p.name for p in model.noise.parameters]
    centre, spread = np.array([model.prior(name).unconstrained_moments() for name in names]).T
    wide = residual * np.sqrt(residual.size / max(residual.size - used, 1.0))

    def objective(position: np.ndarray) -> float:
        noise = _noise_at(model, _natural(model, position), 1)
        value = noise.log_density(wide, np.zeros((1, wide.size)), measurement_sd, np.ones(wide.size))
        penalty = 0.5 * np.square((position - centre) / spread).sum()
        return penalty - float(np.asarray(value)[0])

    with computing(), np.errstate(all="ignore"):
        found = minimize(objective, centre, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-6}).x
        return _natural(model, found)


def prior_noise(model: Model) -> dict[str, float]:
    """Return the parameters of the noise in the middle of their priors."""
    with computing():
        return _natural(
            model, np.array([model.prior(p.name).unconstrained_moments()[0] for p in model.noise.parameters])
        )


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
    with computing():
        found = np.array([_information(model, values, sd) for sd in known])
    return np.exp(np.interp(measurement_sd, known, np.log(found)))


def _information(model: Model, values: Mapping[str, float], sd: float) -> float:
    residual = GRID * np.hypot(values[model.noise.scale], sd)
    noise = _noise_at(model, values, residual.size)
    density = noise.log_density(np.zeros(1), -residual[:, None], np.array([sd]), np.ones(1))
    log_density = np.asarray(density)
    weight = np.exp(log_density) * np.gradient(residual)
    return float((weight * np.gradient(log_density, residual) ** 2).sum() / weight.sum())


def _noise_at(model: Model, values: Mapping[str, float], draws: int) -> Noise:
    return model.noise(**{name: np.full((draws, 1), value) for name, value in values.items()})


def _natural(model: Model, position: np.ndarray) -> dict[str, Any]:
    named = zip(model.noise.parameters, position, strict=True)
    return {p.name: float(model.constrain(p.name, value)) for p, value in named}
