"""The law of Muennighoff et al. (2023) for data that are repeated."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import HalfNormal, LogNormal
from bayescale.language.quantities import Loss, Size, Tokens, UniqueTokens
from bayescale.laws.additive import Additive, level_and_shares
from bayescale.laws.namespace import namespace


def decaying(excess: Any, rate: Any) -> Any:
    """Return what repeats or excess parameters are worth, (1 - exp(-rate * excess)) / rate: ``excess`` at rate 0.

    The paper writes R* (1 - exp(-R/R*)) with R* = 1 / rate. Data say much of small rates and little of large R*.
    """
    return -namespace(excess, rate).expm1(-rate * excess) / rate


def useful_size(size: Any, base: Any, rate: Any) -> Any:
    """Return what a model is worth of whose parameters only ``base`` count in full."""
    return base * (1 + decaying(size / base - 1, rate))


class DataConstrained(Additive):
    """Chinchilla with repeated data: each pass over the same tokens, and each excess parameter, is worth less."""

    name = "data-constrained"
    cites = ("muennighoff2023scaling",)
    claims = (
        "Tokens that repeat are worth exponentially less with every pass, and so are parameters beyond what is optimal "
        "for the unique tokens; up to about four epochs repeated data are nearly as good as new."
    )
    valid = (
        "Up to some tens of epochs. It cannot describe losses that rise with more repeats, as they do in large models "
        "on little data: leave such runs out, and say so."
    )
    needs = (
        "Total and unique tokens of each run, with one epoch, a few and many at the same size; sizes above and below "
        "what the unique tokens are optimal for."
    )
    unidentified = (
        "R_D* and R_N* each: the published 15.4 and 5.3 fit their own data no better than 47 and 2.3 do. Identified "
        "are the value of four epochs and, in part, of excess parameters; read value_4 instead of R_D."
    )

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    # Half-normal in 1/R*: 0 is repeats as good as new, and a scale of 0.3 leaves room for halving by the third repeat.
    r_D: Array = parameter("rate at which repeats lose value", prior=HalfNormal(0.3), unit="1/epoch")
    r_N: Array = parameter("rate at which excess parameters lose value", prior=HalfNormal(0.5))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(
        alpha="size exponent",
        beta="data exponent",
        r_D="rate at which repeats lose value",
        r_N="rate at which excess parameters lose value",
    )

    def __call__(self, N: Size, D: Tokens, U: UniqueTokens) -> Loss:
        xp = namespace(N, D, U, *self.values.values())
        unique = xp.minimum(D / self.D0, U / self.D0)
        tokens = unique * (1 + decaying(D / self.D0 / unique - 1, self.r_D))
        # The size at which alpha A n^-alpha = beta B d^-beta, optimal for the unique tokens.
        optimal = (self.alpha * self.A / (self.beta * self.B)) ** (1 / self.alpha) * unique ** (self.beta / self.alpha)
        size = useful_size(N / self.N0, xp.minimum(N / self.N0, optimal), self.r_N)
        return self.E + self.A * size**-self.alpha + self.B * tokens**-self.beta

    @staticmethod
    def reducible(logs: Any) -> Any:
        """At the anchors no token repeats, but parameters may be in excess."""
        _, A, B, alpha, beta, _, r_N = logs
        log_optimal = (alpha + A - beta - B) / jnp.exp(alpha)
        size = useful_size(1.0, jnp.exp(jnp.minimum(log_optimal, 0.0)), jnp.exp(r_N))
        return jnp.logaddexp(A - jnp.exp(alpha) * jnp.log(size), B)

    @derived("repeats at which their value has fallen to 1/e", unit="epochs", symbol="R_D^*")
    def R_D(self) -> Any:
        """The paper's R_D*; repeats without end are worth so many epochs of new data."""
        return 1.0 / self.r_D

    @derived("excess parameters, in multiples, at which their value has fallen to 1/e", symbol="R_N^*")
    def R_N(self) -> Any:
        """The paper's R_N*."""
        return 1.0 / self.r_N

    @derived("worth of four epochs in epochs of new data", unit="epochs", symbol="v_4")
    def value_4(self) -> Any:
        """D'/U at D = 4 U: 4 if repeats are as good as new, 1 if they are worthless."""
        return 1.0 + decaying(3.0, self.r_D)


# Printed by the authors' code: the Chinchilla part fitted to digitised C4 runs with tied exponents, R_D* and R_N* to
# their own 182 runs.
DataConstrained.published = MappingProxyType(
    {
        "muennighoff2023scaling": DataConstrained(
            E=math.exp(0.6254804),
            A=math.exp(6.255414),
            B=math.exp(7.3049974),
            alpha=0.3526596,
            beta=0.3526596,
            r_D=1 / 15.387756,
            r_N=1 / 5.309743,
        )
    }
)
