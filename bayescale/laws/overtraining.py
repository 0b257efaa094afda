"""The law of Gadre et al. (2024) in compute and tokens per parameter."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from jax import Array

from bayescale.costs import Cost, SixND
from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.base import Law


class Overtraining(Law):
    """Loss as one power of compute at every ratio of tokens to parameters; over-training moves its coefficient only."""

    name = "overtraining"
    cites = ("gadre2024language",)
    claims = (
        "At a fixed ratio M of tokens to parameters loss falls with compute by the same exponent whatever M is: "
        "E + (a M^eta + b M^-eta) C^-eta. It is chinchilla-tied in other letters, with eta half its exponent, and M_0 "
        "the one ratio that is optimal at every budget."
    )
    valid = (
        "Runs over-trained up to some tens of times beyond the optimal ratio, past warm-up, with C = 6ND. Leave out "
        "runs shorter than the optimal ratio by more than a few times: they may not have left warm-up."
    )
    needs = "At least two ratios of tokens to parameters at two or more sizes, on both sides of the best ratio."
    unidentified = (
        "M_0, where all runs are over-trained: only its product with the coefficient is then determined. E against eta."
    )

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    K: Array = parameter(
        "loss above E at the best ratio", at=("N0", "D0"), prior=LogNormal(0.8, 1.0), unit="nats/token", between=0.7
    )
    M: Array = parameter(
        "best tokens per parameter, in multiples",
        at=("N0", "D0"),
        prior=LogNormal(1.0, 1.5),
        unit="tokens/parameter",
        symbol="M_0",
    )
    eta: Array = parameter("compute exponent", prior=LogNormal(0.2, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    # K/2 M_0^-eta is a and K/2 M_0^eta is b: the data determine K and M_0 one by one, a and b together.
    def __call__(self, N: Size, D: Tokens) -> Loss:
        size, tokens = N / self.N0, D / self.D0
        ratio = tokens / size / self.M
        return self.E + 0.5 * self.K * (ratio**self.eta + ratio**-self.eta) * (size * tokens) ** -self.eta

    def textbook(self) -> Overtraining:
        """The same law with anchors at 1, so that M is in tokens per parameter."""
        return self.replace(K=self.K * (self.N0 * self.D0) ** self.eta, M=self.M * self.D0 / self.N0, N0=1.0, D0=1.0)

    @derived("coefficient of M^eta C^-eta", symbol="a")
    def coefficient_a(self) -> Any:
        """The paper's a, with C = 6ND in FLOP."""
        law = self.textbook()
        return 0.5 * law.K * 6.0**law.eta * law.M**-law.eta

    @derived("coefficient of M^-eta C^-eta", symbol="b")
    def coefficient_b(self) -> Any:
        """The paper's b, with C = 6ND in FLOP."""
        law = self.textbook()
        return 0.5 * law.K * 6.0**law.eta * law.M**law.eta

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """The best ratio at every budget."""
        if not isinstance(cost, SixND):
            return None
        params = (compute / (6.0 * self.M * self.D0 / self.N0)) ** 0.5
        return params, cost.tokens(params, compute)


def _published(A: float, B: float, exponent: float, E: float) -> Overtraining:
    """From what the authors' code fits: A N^-exponent + B 6^(-exponent/2) D^-exponent + E, of N = sqrt(C/6M)."""
    B = B * 6.0 ** (-exponent / 2)
    return Overtraining(E=E, K=2.0 * (A * B) ** 0.5, M=(B / A) ** (1 / exponent), eta=exponent / 2)


# The authors' code on their runs, loss on C4, total sizes; the figures have four digits.
Overtraining.published = MappingProxyType(
    {
        "gadre2024language-c4": _published(113.7, 189.5, 0.24247, 1.5083),
        "gadre2024language-redpajama": _published(166.2, 366.7, 0.27285, 1.8366),
        "gadre2024language-refinedweb": _published(125.1, 246.2, 0.25439, 1.7345),
    }
)
