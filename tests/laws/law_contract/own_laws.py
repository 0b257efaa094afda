"""Laws that a user might write, and all laws that the contract is tried on."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from bayescale.costs import Cost, SixND
from bayescale.language.declare import PooledCoordinate, anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Compute, Loss, Size, Tokens
from bayescale.laws import CATALOGUE, Law


class Reciprocal(Law):
    """A user's own law: one scale per input, one common exponent."""

    floor: Array = parameter("irreducible loss", prior=LogNormal(1.5, 0.3), unit="nats/token")
    size_gap: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.5, 0.5), unit="nats/token")
    data_gap: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.5, 0.5), unit="nats/token")
    gamma: Array = parameter("common exponent", prior=LogNormal(0.4, 0.3))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.floor + self.size_gap * (N / self.N0) ** -self.gamma + self.data_gap / (D / self.D0) ** self.gamma

    @derived("exponent of compute-optimal size in compute")
    def a(self) -> Any:
        """One half, whatever the parameters."""
        return 0.5 + 0.0 * self.gamma

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        if not isinstance(cost, SixND):
            return None
        ratio = (self.size_gap / self.data_gap) ** (1 / self.gamma)
        params = (ratio * compute / 6.0 * self.N0 / self.D0) ** 0.5
        return params, cost.tokens(params, compute)


class Frontier(Law):
    """A user's own law of compute alone, without optimum: in a textbook form, and with coordinates of its own."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.5, 0.3), unit="nats/token")
    K: Array = parameter("loss from finite compute", at="C0", prior=LogNormal(0.5, 0.5), unit="nats/token")
    gamma: Array = parameter("compute exponent", prior=LogNormal(0.05, 0.3))
    C0: float = anchor("C", symbol="C_0")

    pooled = (
        PooledCoordinate("level", "log of the loss E + K at C0", 0.3),
        PooledCoordinate("share", "log of K / E", 0.3),
        PooledCoordinate("gamma", "log of the exponent", 0.3),
    )

    def __call__(self, C: Compute) -> Loss:
        return self.E + self.K * (C / self.C0) ** -self.gamma

    def textbook(self) -> Frontier:
        return self.replace(K=self.K * self.C0**self.gamma, C0=1.0)

    @staticmethod
    def pool(logs: Any) -> Any:
        E, K, gamma = logs
        return jnp.stack([jnp.logaddexp(E, K), K - E, gamma])

    @staticmethod
    def unpool(coordinates: Any) -> Any:
        level, share, gamma = coordinates
        E = level - jnp.logaddexp(0.0, share)
        return jnp.stack([E, E + share, gamma])


class Plain(Law):
    """A user's own law with nothing but a formula."""

    height: Array = parameter("loss of one parameter", prior=LogNormal(20.0, 0.3), unit="nats/token")
    slope: Array = parameter("size exponent", prior=LogNormal(0.08, 0.3))

    def __call__(self, N: Size) -> Loss:
        return self.height * N**-self.slope


LAWS = (*CATALOGUE, Reciprocal, Frontier, Plain)
