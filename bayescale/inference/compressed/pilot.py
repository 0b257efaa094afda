"""The pilot of a compressed likelihood: Gauss-Newton steps on costs of curves, which know how rows hang together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from bayescale.inference.compressed.forms import Forms
from bayescale.inference.curves import curves_of
from bayescale.inference.pilot import SETTLED, Pilot
from bayescale.models.model import Model

STEPS = 12


def fit_curves(model: Model, data: Mapping[str, Any], weight: np.ndarray, start: Pilot, *, common: bool) -> Pilot:
    """Return the pilot of a compressed likelihood.

    Args:
        model: the model.
        data: arrays of a compressed layout, with ``forms``.
        weight: of each form in the precision of residuals.
        start: the pilot of the nodes as if they were rows.
        common: fit one set of law parameters to all families together.
    """
    moments = np.array([model.prior(p.name).unconstrained_moments() for p in model.law.parameters])
    prior = np.diag(moments[:, 1] ** -2.0)
    curves, costs = curves_of(model, data), _Costs(model, data, weight, common)
    value = start.value
    current = costs.at(*curves(value))
    for _ in range(STEPS):
        slope = current.score - (value - moments[:, 0]) @ prior
        step = np.clip(np.linalg.solve(current.precision + prior, slope[..., None])[..., 0], -0.5, 0.5)
        proposed = costs.at(*curves(value + step))
        # A family whose scale grows has gone too far: half way, and again.
        worse = ~(proposed.scale <= current.scale * (1.0 + 1e-6))
        step = np.where(worse[:, None], 0.25 * step, step)
        value = value + step
        current = costs.at(*curves(value)) if worse.any() else proposed
        if np.all(np.einsum("fi,fi->f", slope, step) < SETTLED):
            break
    return current._replace(value=value)


class _Costs:
    """Sums over the curves of a family, at given curves and slopes of the law."""

    def __init__(self, model: Model, data: Mapping[str, Any], weight: np.ndarray, common: bool):
        forms: Forms = data["forms"]
        counts = np.flatnonzero(weight)
        used = slice(counts[0], counts[-1] + 1)  # of many panels one
        weight = weight[used]
        self.constant = np.einsum("a,ac->c", weight, forms.constant[used])
        self.linear = np.einsum("a,akc->ck", weight, forms.linear[used])
        self.square = np.einsum("a,aklc->ckl", weight, forms.square[used])
        self.family, self.families, self.common = np.asarray(data["family"]), model.n_families, common
        self.mask, self.observed = np.asarray(data["mask"], float), np.asarray(data["log_loss"])
        self.rows = self.total(np.asarray(forms.rows))

    def total(self, per_curve: np.ndarray) -> np.ndarray:
        """Sum curves to families; with common parameters every family gets the sum over all."""
        out = np.zeros((self.families, *per_curve.shape[1:]))
        np.add.at(out, self.family, per_curve)
        return np.broadcast_to(out.sum(0), out.shape).copy() if self.common else out

    def at(self, mean: np.ndarray, slopes: np.ndarray) -> Pilot:
        """The pilot there, with the noise scale that is most likely."""
        away = np.where(self.mask > 0, mean - self.observed, 0.0)
        slopes = slopes * self.mask[..., None]
        half = np.einsum("ckl,cl->ck", self.square, away)
        cost = self.constant + np.einsum("ck,ck->c", half - 2.0 * self.linear, away)
        scale = np.sqrt((self.total(cost) + 1e-4) / (self.rows + 1.0))
        exact = scale[self.family] ** -2.0
        push = (self.linear - half) * exact[:, None]
        precision = self.total(slopes.swapaxes(1, 2) @ (self.square * exact[:, None, None]) @ slopes)
        score = self.total(np.einsum("cki,ck->ci", slopes, push))
        # Of a curve's level: its precision and what the law misses of it stand in the place of the first node.
        level, missed = np.zeros_like(self.mask), np.zeros_like(self.mask)
        level[:, 0] = self.square.sum(axis=(1, 2)) * exact
        missed[:, 0] = push.sum(axis=1) / np.maximum(level[:, 0], 1e-300)
        return Pilot(np.zeros(0), precision, score, np.clip(scale, 1e-6, 1e3), self.rows, level, missed)


def most_likely_correlation(
    residual: list[np.ndarray],
    place: list[np.ndarray],
    lowest: float,
    highest: float,
    level: list[int] | None = None,
) -> float:
    """Log tau of an OU process with the largest likelihood given residuals of some curves.

    Args:
        residual: of the rows of each curve, in a common scale.
        place: of these rows, in log tokens.
        lowest, highest: where to look, of log tau.
        level: of each curve; curves of one level are moved by one unknown number, over which the likelihood is
            integrated. None: by none.
    """
    found = None if level is None else np.unique(level, return_inverse=True)[1]
    levels = 0 if found is None else int(found.max()) + 1
    rows = sum(one.size for one in residual) - levels

    def cost(log_tau: float) -> float:
        squares = share = 0.0
        along, ones = np.zeros(levels), np.zeros(levels)
        for i, (one, where) in enumerate(zip(residual, place, strict=True)):
            decay = np.exp(-log_tau) * np.diff(where)
            kept, new = np.exp(-decay), -np.expm1(-2.0 * decay)
            moved = one[1:] - kept * one[:-1]
            squares += one[0] ** 2 + (moved**2 / new).sum()
            share += np.log(new).sum()
            if found is not None:
                along[found[i]] += one[0] + (moved * (1.0 - kept) / new).sum()
                ones[found[i]] += 1.0 + ((1.0 - kept) ** 2 / new).sum()
        if found is not None:
            squares -= (along**2 / ones).sum()
            share += np.log(ones).sum()
        return 0.5 * rows * np.log(squares / rows) + 0.5 * share

    return float(minimize_scalar(cost, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-3}).x)
