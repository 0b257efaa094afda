"""Importance weights of a proposal: how good they are, and what they lack."""

from __future__ import annotations

import numpy as np

from bayescale.inference.limits import EFFICIENCY, PARETO_K
from bayescale.inference.pareto_shape import pareto_shapes


def weight_quality(log_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pareto shape and efficiency of the weights of each fit.

    Args:
        log_weight: log density minus log density of the proposal, fit x draw.

    Returns:
        each over fit; NaN and 0 where no weight is finite.

    References:
        vehtari2024pareto
    """
    finite = np.isfinite(log_weight)
    usable = finite.any(axis=1)
    log_weight = np.where(finite, log_weight, -np.inf)
    highest = np.where(usable, log_weight.max(axis=1, initial=-np.inf), 0.0)
    weight = np.exp(log_weight - highest[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        efficiency = weight.sum(axis=1) ** 2 / (weight**2).sum(axis=1) / weight.shape[1]
    return pareto_shapes(log_weight), np.where(usable, efficiency, 0.0)


def lacks_shape(pareto_k: float) -> str:
    """What a Pareto shape above its limit is called; empty below."""
    short = f"the Pareto shape of its importance weights is {pareto_k:.2f}, above {PARETO_K:g}"
    return "" if pareto_k <= PARETO_K else short


def lacks_efficiency(efficiency: float) -> str:
    """What an efficiency below its limit is called; empty above."""
    short = f"the efficiency of its importance weights is {efficiency:.2g}, below {EFFICIENCY:g}"
    return "" if efficiency >= EFFICIENCY else short
