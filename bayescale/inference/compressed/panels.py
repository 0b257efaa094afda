"""Panels of log tau, side by side: in each the forms of an OU process are known at Chebyshev's points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from bayescale.inference.compressed.forms import Forms

# The width of a panel of log tau, and at how many points its forms are computed: they are off by 6.4^-14, 5e-12 of the
# sum of squares, since the nearest singularity is where exp(-2 gap / tau) = 1 again, pi / 2 beside the real line.
PANEL, POINTS = 1.0, 14
_ANGLE = (2 * np.arange(POINTS) + 1) * np.pi / (2 * POINTS)
_AT, _WEIGHT = np.cos(_ANGLE), (-1.0) ** np.arange(POINTS) * np.sin(_ANGLE)


# What forms have one of for every point of log tau, along the first axis.
BY_POINT = ("constant", "linear", "square", "log_share")


def points(lowest: float) -> np.ndarray:
    """The values of log tau at which the forms of an OU process are computed, in the panel that begins there."""
    return lowest + 0.5 * PANEL * (1.0 + _AT)


def point_shares(within: Any) -> Any:
    """What each point of a panel counts for a value between them, by barycentric interpolation; in NumPy or JAX.

    Args:
        within: how far into the panel, from 0 to 1.

    References:
        berrut2004barycentric
    """
    away = (2.0 * within - 1.0) - _AT
    where = away.__array_namespace__().where
    # Next to a point its weight is all but one; on it, a tiny step aside gives the same to rounding.
    share = _WEIGHT / where(abs(away) < 1e-13, 1e-13, away)
    return share / share.sum()


def weights_at(forms: Forms, log_tau: float) -> np.ndarray:
    """Weight of every form of an OU process in the precision of residuals, zero in all panels but one."""
    steps = np.clip((log_tau - forms.lowest) / PANEL, 0.0, forms.panels)
    panel = min(int(steps), forms.panels - 1)
    weight = np.zeros(forms.panels * POINTS)
    weight[panel * POINTS : (panel + 1) * POINTS] = point_shares(steps - panel)
    return weight


def side_by_side(one: Forms, other: Forms) -> Forms:
    """The forms of two neighbouring ranges of log tau, that of the first beginning where it did."""
    both = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in BY_POINT}
    return one._replace(**both)
