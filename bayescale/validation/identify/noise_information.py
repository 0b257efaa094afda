"""How noisy runs are around a law."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from bayescale.inference.noise_information import information_left, noise_at
from bayescale.inference.precision import computing
from bayescale.models import Model
from bayescale.validation.identify.design import Design

# Rounds in which precision and information find each other; a few do.
ROUNDS = 20


def as_seen(design: Design, measurement_sd: np.ndarray) -> Design:
    """Return a design whose runs have the information that a posterior is expected to find.

    That is Fisher's, and less where the noise has corners: these are seen the better, the more is known.

    Args:
        design: with Fisher's information.
        measurement_sd: known sd of every run.
    """
    if not design.model.noise.has_corners():
        return design
    most, scale = design.weight, np.hypot(design.noise[design.model.noise.scale], measurement_sd)
    left = information_left(design.model, design.noise)
    for _ in range(ROUNDS):
        reach = np.sqrt(np.einsum("ij,jk,ik->i", design.slopes, design.covariance, design.slopes))
        design = replace(design, weight=most * left(reach / scale))
    return design


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
