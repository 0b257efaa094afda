"""How noisy runs are around a law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from bayescale.inference.noise_information import information, information_left, noise_at
from bayescale.inference.precision import computing
from bayescale.models import Model

# Rounds in which precision and information find each other; a few do.
ROUNDS = 20


def run_information(
    model: Model, values: Mapping[str, float], measurement_sd: np.ndarray, slopes: np.ndarray, prior_sd: np.ndarray
) -> np.ndarray:
    """Return the information of every run about its log loss that a posterior is expected to find.

    That is Fisher's, and less where the noise has corners: these are seen the better, the more is known.

    Args:
        model: its noise.
        values: of the noise's parameters.
        measurement_sd: known sd of every run.
        slopes: of log loss in the parameters, run x parameter.
        prior_sd: of the parameters.
    """
    most = information(model, values, measurement_sd)
    if not model.noise.has_corners():
        return most
    scale, left, found = np.hypot(values[model.noise.scale], measurement_sd), information_left(model, values), most
    for _ in range(ROUNDS):
        precision = (slopes.T * found) @ slopes + np.diag(prior_sd**-2.0)
        reach = np.sqrt(np.einsum("ij,ji->i", slopes, np.linalg.solve(precision, slopes.T)))
        found = most * left(reach / scale)
    return found


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
        noise = noise_at(model, _natural(model, position))
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


def _natural(model: Model, position: np.ndarray) -> dict[str, Any]:
    named = zip(model.noise.parameters, position, strict=True)
    return {p.name: float(model.constrain(p.name, value)) for p, value in named}
