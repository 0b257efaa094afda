"""Additive laws of mixtures of experts: by the granularity of experts, and by their number."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import Experts, Granularity, Loss, Size, Tokens
from bayescale.laws.additive import Additive, level_and_shares
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace
from bayescale.laws.routing import effective_experts


class ExpertsGranularity(Additive):
    """Chinchilla for mixtures of experts, with a loss from finite size that finer experts make smaller."""

    name = "experts-granularity"
    cites = ("krajewski2024scaling",)
    claims = (
        "Splitting every expert into G smaller ones, G times as many of which are used, lowers the part of the loss "
        "that is due to size, by a power of G that saturates."
    )
    valid = (
        "One ratio of all to active parameters (64 in the paper), G from 1 to 16. Params are counted one way in all."
    )
    needs = "Three or more values of G, spread over sizes and tokens, each of which varies for itself."
    unidentified = "gamma against g with G over less than a decade: only what G gains within it. E against exponents."
    unpublished = "The paper's constants reached us at second hand only."

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4, symbol="c")
    A: Array = parameter(
        "loss from finite size, at endless G", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7
    )
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    g: Array = parameter("further loss from finite size at G = 1, as a share of A", prior=LogNormal(0.15, 1.0))
    gamma: Array = parameter("granularity exponent", prior=LogNormal(0.6, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(
        alpha="size exponent", beta="data exponent", g="share of A at G = 1", gamma="granularity exponent"
    )

    # The paper's g is A g here: both parts of its size term fall with the same exponent.
    def __call__(self, N: Size, D: Tokens, G: Granularity) -> Loss:
        size = self.A * (1 + self.g * G**-self.gamma) * (N / self.N0) ** -self.alpha
        return self.E + size + self.B * (D / self.D0) ** -self.beta

    @staticmethod
    def reducible(logs: Any) -> Any:
        """At G = 1."""
        return jnp.logaddexp(logs[1] + jnp.log1p(jnp.exp(logs[5])), logs[2])


class ExpertsJoint(Law):
    """Chinchilla in active parameters for dense models and mixtures of experts, all parts of which experts change."""

    name = "experts-joint"
    cites = ("ludziejewski2025joint", "clark2022unified")
    claims = (
        "The number of experts changes coefficients and exponents of what size and data add to the loss, by powers of "
        "the effective number of experts; a dense model is one of one expert."
    )
    valid = "Numbers of experts, active sizes and tokens as in the table; up to 32 experts and 3e9 active in the paper."
    needs = (
        "A grid of active sizes, tokens and numbers of experts, one expert among them, where each varies for itself."
    )
    unidentified = (
        "m without runs in which more experts have stopped to help; gamma and zeta, the changes of exponents, with "
        "less than two decades of size and of tokens at several numbers of experts."
    )
    unpublished = "The paper's constants reached us at second hand only, with signs that we could not check."

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4, symbol="c")
    A: Array = parameter(
        "loss from finite size of one expert", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7
    )
    B: Array = parameter(
        "loss from finite data of one expert", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7
    )
    alpha: Array = parameter("size exponent of one expert", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent of one expert", prior=LogNormal(0.4, 0.4))
    delta: Array = parameter("exponent of experts in the size term", at="N0", prior=Normal(0.0, 0.2), between=0.1)
    omega: Array = parameter("exponent of experts in the data term", at="D0", prior=Normal(0.0, 0.2), between=0.1)
    gamma: Array = parameter("change of the size exponent per e-fold of experts", prior=Normal(0.0, 0.02), between=0.01)
    zeta: Array = parameter("change of the data exponent per e-fold of experts", prior=Normal(0.0, 0.02), between=0.01)
    m: Array = parameter("largest effective number of experts, less one", prior=LogNormal(300.0, 1.0), unit="experts")
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens, E: Experts) -> Loss:
        effective = effective_experts(E, 1 + 1 / self.m, 1 + self.m)
        log = namespace(N, D, E, *self.values.values()).log(effective)
        size = effective**self.delta * (N / self.N0) ** (self.gamma * log - self.alpha)
        data = effective**self.omega * (D / self.D0) ** (self.zeta * log - self.beta)
        return self.E + self.A * size + self.B * data

    def textbook(self) -> ExpertsJoint:
        """The same law with anchors at 1, so that all coefficients and powers of experts are those papers print."""
        xp = namespace(self.N0, self.D0, *self.values.values())
        return self.replace(
            A=self.A * self.N0**self.alpha,
            B=self.B * self.D0**self.beta,
            delta=self.delta - self.gamma * xp.log(self.N0),
            omega=self.omega - self.zeta * xp.log(self.D0),
            N0=1.0,
            D0=1.0,
        )

    @derived("largest effective number of experts", unit="experts", symbol="E_{max}")
    def E_max(self) -> Any:
        return 1.0 + self.m
