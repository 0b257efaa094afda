"""The parametric law of Hoffmann et al. (2022), Approach 3."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
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
