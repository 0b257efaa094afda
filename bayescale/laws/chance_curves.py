"""The curve M4 of Alabdulmohsin et al. (2022): from guessing to a floor, as the root of an equation."""

# Annotations are evaluated where a class is made, since the quantities are arguments there.
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.formula import printed
from bayescale.language.priors import LogitNormal, LogNormal
from bayescale.laws.axes import ERROR_OF_EXAMPLES, LOSS_OF_TOKENS, ONE_CURVE, Axes
from bayescale.laws.base import Law
from bayescale.laws.centred import sigmoid, softplus
from bayescale.laws.namespace import namespace

# Newton's steps to the root; the last two alone are differentiated, which gives exact derivatives up to the third.
STEPS, DIFFERENTIATED = 8, 2


def share(ratio: Any, alpha: Any) -> Any:
    """Return the u between 0 and 1 that solves u / (1 - u)^alpha = ratio, for NumPy and JAX arrays alike.

    >>> float(share(2.0, 1.0).round(12))
    0.666666666667
    """
    if namespace(ratio, alpha) is jnp:
        return _share(ratio, alpha)
    logit = _first(np, np.log(ratio), alpha)
    for _ in range(STEPS):
        logit = _step(np, logit, np.log(ratio), alpha)
    return 1.0 / (1.0 + np.exp(-logit))


def _printed_share(ratio: Any, alpha: Any) -> Any:
    target = jnp.log(ratio)
    logit = _first(jnp, *jax.lax.stop_gradient((target, alpha)))
    for _ in range(STEPS - DIFFERENTIATED):
        logit = _step(jnp, logit, *jax.lax.stop_gradient((target, alpha)))
    for _ in range(DIFFERENTIATED):
        logit = _step(jnp, logit, target, alpha)
    return 1.0 / (1.0 + jnp.exp(-logit))


# In terms of the logit t of u the equation is t + (alpha - 1) log(1 + e^t) = log(ratio). Its left side has slopes
# between 1 and alpha and bends in one direction only: from wherever it starts, Newton's method overshoots at most once
# and then approaches from one side. The start is the root of the two asymptotes, t and alpha t.
def _first(xp: Any, target: Any, alpha: Any) -> Any:
    return xp.where(target > 0, target / alpha, target)


def _step(xp: Any, logit: Any, target: Any, alpha: Any) -> Any:
    softplus = xp.maximum(logit, 0.0) + xp.log1p(xp.exp(-xp.abs(logit)))
    slope = 1.0 + (alpha - 1.0) / (1.0 + xp.exp(-logit))
    return logit - (logit + (alpha - 1.0) * softplus - target) / slope


_printed_share.__name__ = "share"
_share = printed(_printed_share)


def _straightened(logs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Log of the level, logit of the floor's share, logit of the place, log of the slope, all at the anchor; log alpha.

    Args:
        logs: of E_c, logit of phi, logs of B, beta and alpha.
    """
    E_c, phi, B, beta, alpha = logs
    xp = B.__array_namespace__()
    place = _first(xp, B, xp.exp(alpha))
    for _ in range(STEPS):
        place = _step(xp, place, B, xp.exp(alpha))
    floor = phi + softplus(-place)
    level = E_c + xp.log(sigmoid(phi) + sigmoid(-phi) * sigmoid(place))
    slope = beta - softplus(floor) - softplus(place) - _log_slope(xp, place, alpha)
    return level, floor, place, slope, alpha


def _bent_back(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """Inverse of :func:`_straightened`, and the log of its Jacobian."""
    level, floor, place, slope, alpha = coordinates
    xp = level.__array_namespace__()
    asymmetry = xp.exp(alpha)
    B = place + (asymmetry - 1.0) * softplus(place)
    bent = _log_slope(xp, place, alpha)
    beta = slope + softplus(floor) + softplus(place) + bent
    E_c = level + xp.log(sigmoid(floor) + xp.exp(softplus(-place) - softplus(floor)))
    return (E_c, floor - softplus(-place), B, beta, alpha), bent


def _log_slope(xp: Any, place: Any, alpha: Any) -> Any:
    """Log of 1 - u + alpha u, by which the logit of u changes less than the log of the odds."""
    return xp.log(sigmoid(-place) + xp.exp(alpha) * sigmoid(place))


def _m4(axes: Axes) -> type[Law]:
    """The curve M4 of these quantities."""

    class M4(Law):
        __qualname__ = f"M4{axes.ending}"
        __doc__ = f"M4: {axes.word} of one input, from that of guessing to a floor."

        name = axes.name("m4")
        cites = ("alabdulmohsin2022revisiting",)
        claims = (
            f"Between the {axes.word} of guessing and a floor, u/(1 - u)^alpha is a power of what training has seen, "
            "where u is the place between them, 1 for guessing: a sigmoid on a log axis. share(r, alpha) in the "
            "formula is the u at which u/(1 - u)^alpha = r."
        )
        valid = "Whole training curves, with the plateau at the start; it has no second plateau and no rise."
        needs = "A curve from near guessing to well below it. Where guessing is known, set a narrow prior of E_c."
        unidentified = "alpha and E_c, where the start of the curve is missing; phi, unless the curve bends at the end."
        unpublished = ONE_CURVE

        starts = 16
        straight_everywhere = True

        E_c: Array = parameter(f"{axes.word} of guessing", prior=axes.guess, unit=axes.unit)
        phi: Array = parameter("irreducible part of it", prior=LogitNormal(0.2, 1.0))
        B: Array = parameter("odds of the place between floor and guessing", at="x0", prior=LogNormal(1.0, 1.5))
        beta: Array = parameter("exponent of the odds", prior=LogNormal(0.7, 0.7))
        alpha: Array = parameter("asymmetry, 1 for a logistic curve", prior=LogNormal(1.0, 0.5))
        x0: float = anchor("x", symbol=axes.symbol)

        def __call__(self, x: axes.x) -> axes.y:  # type: ignore[name-defined]
            place = share(self.B * (x / self.x0) ** -self.beta, self.alpha)
            return self.E_c * (self.phi + (1.0 - self.phi) * place)

        def textbook(self) -> Any:
            """The same law with the anchor at 1."""
            return self.replace(B=self.B * self.x0**self.beta, x0=1.0)

        @derived(f"irreducible {axes.word}", unit=axes.unit)
        def E(self) -> Any:
            """The value at the end of all training."""
            return self.E_c * self.phi

        # Level, slope and share of the floor at the anchor are what data know; where the plateau at the start is
        # missing, they know nothing of the place between floor and guessing. An error of guessing is below 1, which
        # would be a bound on these coordinates.
        @staticmethod
        def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
            return _straightened(logs) if axes.guess.positive else logs

        @staticmethod
        def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            return _bent_back(coordinates) if axes.guess.positive else (coordinates, 0.0 * coordinates[0])

    return M4


M4, M4Error = _m4(LOSS_OF_TOKENS), _m4(ERROR_OF_EXAMPLES)
