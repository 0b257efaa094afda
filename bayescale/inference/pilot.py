"""The pilot: a robust least-squares fit per family that tells the sampler where to start and how to scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bayescale.inference.curves import curves_of
from bayescale.models.model import Model

# The pilot's weights are those of a Student-t with these degrees of freedom, whatever the model's noise is:
# it only sets the geometry, and outliers must not.
DEGREES = 4.0
ROUNDS, STEPS = 8, 8
# A family's fit has settled when its next step promises less than this, in nats, which is a twentieth of a standard
# deviation; the noise scale, when it changes by less than this part.
SETTLED = 1e-3


class Pilot(NamedTuple):
    """Law parameters on the unconstrained scale, their likelihood curvature and score, and the noise scale.

    Args:
        value: family x p.
        precision: family x p x p, positive semi-definite.
        score: family x p, gradient of the log likelihood at ``value`` (the pilot includes the prior).
        scale: noise scale of each family.
        rows: number of rows of each family.
        row_precision, row_residual: of every row, block x width, zero where masked.
    """

    value: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    scale: np.ndarray
    rows: np.ndarray
    row_precision: np.ndarray
    row_residual: np.ndarray


class Correlation(NamedTuple):
    """What is known of a parameter of residuals along runs, on the unconstrained scale.

    Args:
        value: the most likely one.
        sd: of its posterior, about.
        lowest, highest: where its posterior has next to all of its mass.
        with_scale: how the log of the noise scale changes with it in the posterior, a slope.
    """

    value: float
    sd: float
    lowest: float = -np.inf
    highest: float = np.inf
    with_scale: float = 0.0


class KnownPilot(NamedTuple):
    """A pilot that was found on other arrays than those of rows.

    Args:
        pilot: the law's parameters and their curvature.
        correlation: of the parameters of residuals along runs, as far as they are known.
        within: the pilot apart from effects, whose scale is that of the noise alone; None without effects.
        shifts: the effect of every level, about; None without effects.
    """

    pilot: Pilot
    correlation: dict[str, Correlation]
    within: Pilot | None = None
    shifts: np.ndarray | None = None


def fit_pilot(model: Model, data: Any, *, common: bool = False, start: np.ndarray | None = None) -> Pilot:
    """Fit every family under the declared priors, then again under the spread of the families found.

    Args:
        model: the model.
        data: arrays of a layout.
        common: fit one set of law parameters to all families together.
        start: where the search begins, on the unconstrained scale; None for the priors' centre.
    """
    moments = np.array([model.prior(p.name).unconstrained_moments() for p in model.law.parameters])
    pilot = _fit(model, data, common, moments, start)
    if model.n_families == 1 or common:
        return pilot
    # Families with few runs take their curvature from where the others lie: an empirical-Bayes step.
    between = np.array([p.between for p in model.law.parameters])
    spread = np.clip(pilot.value.std(axis=0), 0.2 * between, between)
    pooled = [model.kind(p) == "partial" for p in model.law.parameters]
    moments[pooled] = np.column_stack([np.median(pilot.value, axis=0), spread])[pooled]
    return _fit(model, data, common, moments)


def _fit(model: Model, data: Any, common: bool, moments: np.ndarray, start: np.ndarray | None = None) -> Pilot:
    """Levenberg-Marquardt with robust weights; ``moments`` are mean and sd of the normal prior."""
    families = model.n_families
    value = np.tile(moments[:, 0] if start is None else start, (families, 1))
    prior_precision = np.diag(moments[:, 1] ** -2.0)
    state = _State(model, data, common, moments[:, 0], prior_precision)
    scale, damping = np.full(families, 0.1), np.full(families, 1e-2)
    for _ in range(ROUNDS):
        current = state.evaluate(value, scale)
        for _ in range(STEPS):
            normal = current.precision + prior_precision
            slope = current.score - (value - moments[:, 0]) @ prior_precision
            damped = normal + damping[:, None, None] * np.einsum("fij,ij->fij", normal, np.eye(len(moments)))
            step = np.clip(np.linalg.solve(damped, slope[..., None])[..., 0], -1.0, 1.0)
            proposed = state.evaluate(value + step, scale)
            better = proposed.objective < current.objective
            # A step may promise little because it is strongly damped, which settles nothing.
            settled = (np.einsum("fi,fi->f", slope, step) < SETTLED) & (damping < 1.0)
            value = np.where(better[:, None], value + step, value)
            damping = np.clip(np.where(better, damping / 5.0, damping * 5.0), 1e-9, 1e6)
            current = state.merge(better, proposed, current)
            if settled.all():
                break
        change, scale = np.abs(np.log(current.scale / scale)), current.scale
        if np.all(change < SETTLED):
            break
    final = state.evaluate(value, scale)
    return Pilot(value, final.precision, final.score, scale, state.rows, final.row_precision, final.row_residual)


class _Evaluation(NamedTuple):
    objective: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    scale: np.ndarray
    row_precision: np.ndarray
    row_residual: np.ndarray


class _State:
    """The data of a pilot fit and one evaluation of its objective."""

    def __init__(self, model: Model, data: Any, common: bool, center: np.ndarray, prior_precision: np.ndarray):
        self.model, self.data, self.common, self.curves = model, data, common, curves_of(model, data)
        self.center, self.prior_precision = center, prior_precision
        self.mask = np.asarray(data["mask"], float)
        self.family = np.asarray(data["family"])
        self.rows = self.total(self.mask.sum(1))

    def total(self, per_block: np.ndarray) -> np.ndarray:
        """Sum blocks to families; with common parameters every family gets the sum over all."""
        out = np.zeros((self.model.n_families, *per_block.shape[1:]))
        np.add.at(out, self.family, per_block)
        return np.broadcast_to(out.sum(0), out.shape).copy() if self.common else out

    def evaluate(self, value: np.ndarray, scale: np.ndarray) -> _Evaluation:
        mean, slopes = self.curves(value)
        residual = np.where(self.mask > 0, np.asarray(self.data["log_loss"]) - mean, 0.0)
        sd = np.hypot(scale[self.family][:, None], np.asarray(self.data["measurement_sd"]))
        standard = residual / sd
        weight = self.mask * (DEGREES + 1) / (DEGREES + standard**2) / sd**2
        loss = self.total((self.mask * 0.5 * (DEGREES + 1) * np.log1p(standard**2 / DEGREES)).sum(1))
        away = value - self.center
        objective = loss + 0.5 * np.einsum("fi,ij,fj->f", away, self.prior_precision, away)
        objective = np.where(np.isfinite(objective), objective, np.inf)
        precision = self.total((slopes * weight[..., None]).swapaxes(1, 2) @ slopes)
        score = self.total(np.einsum("kri,kr->ki", slopes, weight * residual))
        # The weighted second moment is the t's own maximum-likelihood update of its squared scale. A prior worth
        # one row at 1 % keeps families with one or two runs finite.
        second = self.total((weight * sd**2 * residual**2).sum(1))
        new_scale = np.clip(np.sqrt((second + 1e-4) / (self.rows + 1.0)), 1e-4, 0.3)
        return _Evaluation(objective, np.nan_to_num(precision), np.nan_to_num(score), new_scale, weight, residual)

    def merge(self, take: np.ndarray, new: _Evaluation, old: _Evaluation) -> _Evaluation:
        blocks = take[self.family]
        parts = []
        for name, a, b in zip(_Evaluation._fields, new, old, strict=True):
            chosen = blocks if name.startswith("row_") else take
            parts.append(np.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), a, b))
        return _Evaluation(*parts)
