"""Straight coordinates of curves of one input: level, share above the floor and slope, all at the anchor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)) without overflow."""
    xp = x.__array_namespace__()
    return xp.exp(-softplus(-x))


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)) without overflow."""
    xp = x.__array_namespace__()
    return xp.logaddexp(x, 0.0 * x)


def break_at_anchor(change: Any, place: Any, width: Any) -> tuple[Any, Any]:
    """Log of the factor of a break at the anchor, and the part of its change of exponent that has happened there.

    Args:
        change: of the exponent.
        place: log of the break's place in multiples of the anchor.
        width: in log x.
    """
    return -change * width * softplus(-place / width), sigmoid(-place / width)


def straightened(E: Any, B: Any, exponent: Any, breaks: Sequence[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """Return log of the level, logit of the share of the floor, and the slope of the log, all at the anchor.

    Args:
        E, B: logs of floor and of what is above it without breaks.
        exponent: before the breaks.
        breaks: change, log place and width of each.
    """
    xp = E.__array_namespace__()
    for change, place, width in breaks:
        log_factor, done = break_at_anchor(change, place, width)
        B, exponent = B + log_factor, exponent + change * done
    return xp.logaddexp(E, B), E - B, exponent * sigmoid(B - E)


def bent_back(
    level: Any, floor: Any, slope: Any, breaks: Sequence[tuple[Any, Any, Any]]
) -> tuple[tuple[Any, Any, Any], Any]:
    """Inverse of :func:`straightened` with the log of its Jacobian: of logs E and B and the exponent, -log share."""
    E, B = level - softplus(-floor), level - softplus(floor)
    exponent = slope / sigmoid(-floor)
    for change, place, width in breaks:
        log_factor, done = break_at_anchor(change, place, width)
        B, exponent = B - log_factor, exponent - change * done
    return (E, B, exponent), softplus(floor)
