"""The joint law in model size and data of Kaplan et al. (2020)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from jax import Array

from bayescale.costs import Cost, SixND
from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.base import Law


class KaplanND(Law):
    """Loss without a floor: model size and data limit it jointly, and it falls to zero as both grow."""

    name = "kaplan-nd"
    cites = ("kaplan2020scaling",)

    L_N: Array = parameter("loss with unlimited data", at="N0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    L_D: Array = parameter("loss with unlimited size", at="D0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    alpha_N: Array = parameter("size exponent", prior=LogNormal(0.08, 0.4))
    alpha_D: Array = parameter("data exponent", prior=LogNormal(0.08, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        size = (self.L_N * (N / self.N0) ** -self.alpha_N) ** (1 / self.alpha_D)
        data = (self.L_D * (D / self.D0) ** -self.alpha_D) ** (1 / self.alpha_D)
        return (size + data) ** self.alpha_D

    @derived("size scale", unit="parameters", symbol="N_c")
    def N_c(self) -> Any:
        """Size at which the size-limited loss is 1 nat/token: (N_c/N)^alpha_N."""
        return self.N0 * self.L_N ** (1 / self.alpha_N)

    @derived("data scale", unit="tokens", symbol="D_c")
    def D_c(self) -> Any:
        """Tokens at which the data-limited loss is 1 nat/token: (D_c/D)^alpha_D."""
        return self.D0 * self.L_D ** (1 / self.alpha_D)

    @derived("exponent of compute-optimal size in compute")
    def a(self) -> Any:
        """Exponent a in N* proportional to C^a."""
        return self.alpha_D / (self.alpha_N + self.alpha_D)

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """Stationary point of (N_c/N)^p + D_c/D on 6ND = C with p = alpha_N / alpha_D."""
        if not isinstance(cost, SixND):
            return None
        power = self.alpha_N / self.alpha_D
        params = (power * self.N_c**power * compute / (6.0 * self.D_c)) ** (1 / (1 + power))
        return params, cost.tokens(params, compute)


# Table 2 of Kaplan et al.; with L_N = L_D = 1 the anchors are the paper's scales N_c and D_c.
KaplanND.published = MappingProxyType(
    {"kaplan2020scaling": KaplanND(L_N=1.0, L_D=1.0, alpha_N=0.076, alpha_D=0.103, N0=6.4e13, D0=1.8e13)}
)
