"""The parametric law of Hoffmann et al. (2022), Approach 3."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from bayescale.costs import Cost, SixND
from bayescale.language.declare import PooledCoordinate, anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.base import Law


class Chinchilla(Law):
    """Irreducible loss plus one power law in model size and one in training tokens."""

    cites = ("hoffmann2022training", "besiroglu2024chinchilla")

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.beta

    def textbook(self) -> Chinchilla:
        """The same law with anchors at 1, so that A and B are the coefficients papers print."""
        return self.replace(A=self.A * self.N0**self.alpha, B=self.B * self.D0**self.beta, N0=1.0, D0=1.0)

    # Data pin down the level far better than its three parts, so families scatter in level and shares: a family with
    # few runs borrows the shares and exponents of the others and keeps its own level.
    pooled = (
        PooledCoordinate("level", "log of the loss E + A + B at N0 and D0", 0.4),
        PooledCoordinate("size_share", "log of A / E", 0.3),
        PooledCoordinate("data_share", "log of B / E", 0.3),
        PooledCoordinate("alpha", "log of the size exponent", 0.3),
        PooledCoordinate("beta", "log of the data exponent", 0.3),
    )

    @staticmethod
    def pool(logs: Any) -> Any:
        E, A, B, alpha, beta = logs
        return jnp.stack([jnp.logaddexp(E, jnp.logaddexp(A, B)), A - E, B - E, alpha, beta])

    @staticmethod
    def unpool(coordinates: Any) -> Any:
        level, size, data, alpha, beta = coordinates
        E = level - jnp.logaddexp(0.0, jnp.logaddexp(size, data))
        return jnp.stack([E, E + size, E + data, alpha, beta])

    # At the centre of the design the data determine the loss and its two slopes; exponents then are curvature alone.
    @staticmethod
    def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
        E, A, B, alpha, beta = logs
        xp = E.__array_namespace__()
        return xp.logaddexp(E, xp.logaddexp(A, B)), A + alpha, B + beta, alpha, beta

    @staticmethod
    def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        level, size_slope, data_slope, alpha, beta = coordinates
        xp = level.__array_namespace__()
        A, B = size_slope - alpha, data_slope - beta
        # log(E / level); of the map, only d E / d level = level / E differs from 1 on the diagonal.
        floor = xp.log1p(-(xp.exp(A - level) + xp.exp(B - level)))
        return (level + floor, A, B, alpha, beta), -floor

    @classmethod
    def published_starts(cls, anchors: Mapping[str, float]) -> Chinchilla:
        """The 4,500 starts of Hoffmann et al., App. D.2: a grid in log E, log A, log B and the exponents.

        An exponent of 0 is infinitely far away on the log scale, on which exponents are positive; it is taken as 0.05,
        a tenth of the grid's step.
        """
        exponent, log_coefficient = np.array([0.05, 0.5, 1.0, 1.5, 2.0]), np.arange(0.0, 30.0, 5.0)
        axes = (np.arange(-1.0, 1.5, 0.5), log_coefficient, log_coefficient, exponent, exponent)
        log_E, log_A, log_B, alpha, beta = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
        A = np.exp(log_A - alpha * math.log(anchors["N0"]))
        B = np.exp(log_B - beta * math.log(anchors["D0"]))
        return cls(E=np.exp(log_E), A=A, B=B, alpha=alpha, beta=beta, **anchors)

    @derived("exponent of compute-optimal size in compute")
    def a(self) -> Any:
        """Exponent a in N* proportional to C^a."""
        return self.beta / (self.alpha + self.beta)

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """Hoffmann et al., eq. 4, written with anchors; for other costs than 6ND there is no closed form."""
        if not isinstance(cost, SixND):
            return None
        total = self.alpha + self.beta
        ratio = (self.alpha * self.A) / (self.beta * self.B)
        # Stationary point of A (N/N0)^-alpha + B (D/D0)^-beta on N D = C/6, in units of the anchors.
        budget = compute / (6.0 * self.N0 * self.D0)
        params = self.N0 * ratio ** (1.0 / total) * budget ** (self.beta / total)
        return params, cost.tokens(params, compute)


# Hoffmann et al. print rounded values and their TeX source has more digits; Besiroglu et al. refitted their points.
Chinchilla.published = MappingProxyType(
    {
        "hoffmann2022training": Chinchilla(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28),
        "hoffmann2022training-unrounded": Chinchilla(
            E=math.exp(0.5267228), A=math.exp(6.0073404), B=math.exp(6.0179186), alpha=0.33917084, beta=0.2849083
        ),
        "besiroglu2024chinchilla": Chinchilla(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658),
    }
)
