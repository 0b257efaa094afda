"""From positions of many fits to parameters, side by side: every array is fit x parameter x chain x draw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayescale.models.model import Model


def unconstrained_values(model: Model, positions: np.ndarray) -> np.ndarray:
    """From the law's straight coordinates to unconstrained parameters; NaN outside the law's range."""
    count = len(model.law.parameters)
    values = np.empty_like(positions)
    with np.errstate(all="ignore"):
        logs, _ = model.law.unstraighten(tuple(positions[:, j] for j in range(count)))
    for j, log in enumerate(logs):
        values[:, j] = log
    values[:, count:] = positions[:, count:]
    return values


def natural_values(model: Model, unconstrained: np.ndarray) -> dict[str, np.ndarray]:
    """Every parameter in natural units, fit x chain x draw."""
    return {p.name: _natural(model, p.name, unconstrained[:, j]) for j, p in enumerate(model.parameters)}


def reported_values(model: Model, unconstrained: np.ndarray, anchors: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a posterior reports, the textbook form of the law and the noise; anchors are over fit."""
    values = natural_values(model, unconstrained)
    law = model.law_at(values, {name: value[:, None, None] for name, value in anchors.items()}).textbook().values
    reported = np.empty_like(unconstrained)
    for j, value in enumerate((*law.values(), *(values[p.name] for p in model.noise.parameters))):
        reported[:, j] = value
    return reported


def _natural(model: Model, name: str, values: np.ndarray) -> np.ndarray:
    try:
        return model.prior(name).natural(values)
    except NotImplementedError:  # a prior of the user's, which has a NumPyro distribution only
        return np.asarray(model.constrain(name, values))
