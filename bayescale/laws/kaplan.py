"""The joint law in model size and data of Kaplan et al. (2020), as published and with a floor."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jax import Array

from bayescale.costs import Cost
from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.base import OWN_FORM, Law
from bayescale.laws.split import PowerTerm, best_split


class _Joint(Law, abstract=True):
    """Base of the laws in which size and data limit the loss jointly: the outer exponent is that of data."""

    if TYPE_CHECKING:
        L_N: Any
        L_D: Any
        alpha_N: Any
        alpha_D: Any
        N0: Any
        D0: Any

    def limited(self, N: Any, D: Any) -> Any:
        """The loss that falls to zero as size and data grow."""
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
        size = PowerTerm(self.L_N ** (1 / self.alpha_D), self.alpha_N / self.alpha_D, self.N0)
        data = PowerTerm(self.L_D ** (1 / self.alpha_D), 1.0, self.D0)
        return best_split(size, data, compute, cost)


class KaplanND(_Joint):
    """Loss without a floor: model size and data limit it jointly, and it falls to zero as both grow."""

    name = "kaplan-nd"
    cites = ("kaplan2020scaling",)
    claims = (
        "Size and data each bound the loss by a power law, and together by a smooth maximum of the two bounds; "
        "overfitting depends on N^(alpha_N/alpha_D) / D alone."
    )
    valid = (
        "Sizes without embeddings, up to about 1e9 parameters and 2e10 tokens. Without a floor it must fail at large "
        "scale: the loss of text has one."
    )
    needs = "Sizes and tokens that vary apart from each other, some runs limited by each."
    unidentified = (
        "N_c and D_c, far beyond any data: units of the tokenizer without a meaning of their own. The exponents are of "
        "a law without a floor and compare with no other law's."
    )

    L_N: Array = parameter("loss with unlimited data", at="N0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    L_D: Array = parameter("loss with unlimited size", at="D0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    alpha_N: Array = parameter("size exponent", prior=LogNormal(0.08, 0.4))
    alpha_D: Array = parameter("data exponent", prior=LogNormal(0.08, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.limited(N, D)


class KaplanNDFloor(_Joint):
    """Kaplan's joint law in model size and data, above an irreducible loss."""

    name = "kaplan-nd-floor"
    cites = ("kaplan2020scaling", "brandfonbrener2024loss")
    claims = "As Kaplan's joint law, above a loss that neither size nor data reduce."
    valid = "As Chinchilla's. A smooth maximum of two bounds instead of their sum is a claim that data can test."
    needs = "As Chinchilla's: sizes and tokens that vary apart, with runs far from the best split on both sides."
    unidentified = "E against the exponents, unless runs reach losses near it; N_c and D_c, which are extrapolations."
    unpublished = OWN_FORM

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    L_N: Array = parameter("loss above E with unlimited data", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    L_D: Array = parameter("loss above E with unlimited size", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha_N: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    alpha_D: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.limited(N, D)


# Table 2 of Kaplan et al.; with L_N = L_D = 1 the anchors are the paper's scales N_c and D_c.
KaplanND.published = MappingProxyType(
    {"kaplan2020scaling": KaplanND(L_N=1.0, L_D=1.0, alpha_N=0.076, alpha_D=0.103, N0=6.4e13, D0=1.8e13)}
)
