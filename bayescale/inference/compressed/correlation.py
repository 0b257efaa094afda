"""How residuals along curves are correlated, as far as some of them or the forms tell before sampling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayescale.inference.compressed.forms import Forms
from bayescale.inference.compressed.nodes import interpolation
from bayescale.inference.compressed.ordered import CannotCompress, Ordered
from bayescale.inference.compressed.pilot import most_likely_correlation
from bayescale.inference.curves import curves_of
from bayescale.inference.pilot import Correlation, Pilot
from bayescale.models import Model
from bayescale.models.residuals import AR1

# Curves whose residuals tell about where log tau is.
SAMPLED_CURVES = 200


def unknown_correlation(prior: Any, pilot: Pilot) -> Correlation:
    """A parameter of which its prior is all that is known; of n rows half tell of it, in logs or log odds."""
    return Correlation(prior.unconstrained_moments()[0], _sd(pilot))


def _sd(pilot: Pilot) -> float:
    return float(min(0.1, 3.0 / np.sqrt(pilot.rows.sum())))


def row_to_row(model: Model, arrays: Mapping[str, Any], pilot: Pilot) -> tuple[dict[str, Correlation], np.ndarray]:
    """The correlation from row to row that residuals around the pilot have, and the weights of the forms there."""
    if model.residuals is None:
        return {}, np.ones(1)
    forms: Forms = arrays["forms"]
    mean, _ = curves_of(model, arrays)(pilot.value)
    away = np.where(arrays["mask"], mean - arrays["log_loss"], 0.0)
    half = np.einsum("aklc,cl->akc", forms.square, away)
    costs = forms.constant + np.einsum("akc,ck->ac", half - 2.0 * forms.linear, away)
    total, beside, inside = (costs / pilot.scale[arrays["family"]] ** 2).sum(axis=1)
    found = float(np.clip(beside / (0.5 * (total + inside)), 0.001, 0.999))
    known = {"rho": Correlation(float(np.log(found / (1.0 - found))), _sd(pilot))} if model.residuals is AR1 else {}
    return known, np.array([1.0, -2.0 * found, found**2]) / (1.0 - found**2)


def first_length(
    model: Model,
    arrays: Mapping[str, Any],
    ordered: Ordered,
    nodes: list[np.ndarray],
    response: np.ndarray,
    pilot: Pilot,
) -> float:
    """Log tau that some curves' residuals around the pilot's law make most likely: where to begin.

    Raises:
        CannotCompress: no run has two rows.
    """
    mean, _ = curves_of(model, arrays)(pilot.value)
    residuals, places, levels = [], [], []
    for i in np.unique(np.linspace(0, ordered.curves - 1, SAMPLED_CURVES).astype(int)):
        place = ordered.place[ordered.begin[i] : ordered.begin[i + 1]]
        chosen, y = nodes[i], response[ordered.begin[i] : ordered.begin[i + 1]]
        one = y - interpolation(place, place[chosen]) @ mean[i, : chosen.size]
        if place.size > 1:
            residuals.append(one / np.sqrt((one * one).mean()) if model.effects is None else one)
            places.append(place)
            levels.append(int(arrays["level"][i, 0]))
    if not places:
        raise CannotCompress("no run has two checkpoints, so that nothing tells how residuals follow each other")
    gaps = np.log(np.concatenate([np.diff(place) for place in places]))
    lowest, highest = float(gaps.min()) - 1.0, np.log(max(np.ptp(place) for place in places)) + 2.0
    # Effects have levels of their own to every one of theirs, which would look like a correlation without end.
    return most_likely_correlation(residuals, places, lowest, highest, levels if model.effects is not None else None)
