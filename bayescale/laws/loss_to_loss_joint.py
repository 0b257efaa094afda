"""Two losses of the same size and tokens as one table: both floors and the power between them, known together."""

from __future__ import annotations

from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogitNormal, LogNormal
from bayescale.language.quantities import IsTarget, Loss, Size, Tokens
from bayescale.laws.base import OWN_FORM, Law


class LossToLossJoint(Law):
    """Chinchilla for a source loss and, for a target loss, a power of what is reducible of it."""

    name = "loss-to-loss-joint"
    cites = ("brandfonbrener2024loss", "hoffmann2022training")
    claims = (
        "As loss-to-loss, with the source's reducible loss from Chinchilla in place of a measured one: both floors and "
        "the power have one posterior, and a target is predicted from size and tokens."
    )
    valid = (
        "As Chinchilla's, whose errors it hands to the target: from small targets it forecast four corpora 2 to 7 % "
        "too high, where loss-to-loss, with floors of its own, was off by 0.5 to 3 %. Both losses scatter alike."
    )
    needs = (
        "One row a loss, with is_target 0 for the source and 1 for the target; source runs as Chinchilla needs them, "
        "target runs fewer. A column run with effects='run' where a run gives both losses, which then err together."
    )
    unidentified = "As Chinchilla's: E_s against exponents. E and kappa, with targets over a narrow range of losses."
    unpublished = OWN_FORM

    E_s: Array = parameter("irreducible source loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter(
        "source loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7
    )
    B: Array = parameter(
        "source loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7
    )
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    Y: Array = parameter("target loss", at=("N0", "D0"), prior=LogNormal(2.5, 0.5), unit="nats/token", between=0.4)
    eta: Array = parameter(
        "percent that it changes by, per percent of the source", at=("N0", "D0"), prior=LogNormal(1.0, 0.4)
    )
    f: Array = parameter("irreducible share of Y", at=("N0", "D0"), prior=LogitNormal(0.65, 0.8))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens, t: IsTarget) -> Loss:
        reducible = self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.beta
        middle = self.A + self.B
        kappa = self.eta * middle / (self.E_s + middle) / (1 - self.f)
        target = self.Y * (self.f + (1 - self.f) * (reducible / middle) ** kappa)
        return (1 - t) * (self.E_s + reducible) + t * target

    @derived("irreducible target loss", unit="nats/token")
    def E(self) -> Any:
        return self.Y * self.f

    @derived("exponent")
    def kappa(self) -> Any:
        return self.eta * (self.A + self.B) / (self.E_s + self.A + self.B) / (1 - self.f)

    @derived("target loss above E where the source is 1 nat above E_s", unit="nats/token")
    def K(self) -> Any:
        return self.Y * (1 - self.f) * (self.A + self.B) ** -self.kappa
