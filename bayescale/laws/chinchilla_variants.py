"""Chinchilla with one exponent for both inputs, and with an outer exponent."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
from jax import Array

from bayescale.costs import Cost
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.additive import Additive, level_and_shares
from bayescale.laws.base import OWN_FORM
from bayescale.laws.split import PowerTerm, best_split


class ChinchillaTied(Additive):
    """Chinchilla with one exponent for model size and tokens: the best split grows both in proportion."""

    cites = ("hoffmann2022training", "muennighoff2023scaling")
    claims = (
        "Size and data limit the loss by power laws of one exponent, so compute-optimal size and tokens both grow as "
        "the square root of compute, at a constant ratio."
    )
    valid = "As Chinchilla's, and where nothing speaks against equal exponents; a posterior of Chinchilla can tell."
    needs = "Runs on both sides of the best ratio of tokens to size; fewer than Chinchilla needs."
    unidentified = (
        "E against the exponent. That the exponents are equal is assumed, so intervals of the best split leave out the "
        "largest source of doubt about it, the exponent a."
    )

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("exponent of size and of data", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(alpha="common exponent")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.alpha

    @property
    def beta(self) -> Any:
        """The data exponent, which is that of size."""
        return self.alpha

    @staticmethod
    def slopes(others: tuple[Any, ...]) -> tuple[Any, Any]:
        return others[0], others[0]

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """Hoffmann et al., eq. 4, at equal exponents."""
        size, data = PowerTerm(self.A, self.alpha, self.N0), PowerTerm(self.B, self.alpha, self.D0)
        return best_split(size, data, compute, cost)


class ChinchillaOuter(Additive):
    """Chinchilla with a free outer exponent: size and data limit the loss less, or more, than by adding."""

    name = "chinchilla-outer"
    cites = ("hoffmann2022training", "kaplan2020scaling")
    claims = (
        "What finite size and finite data cost does not add up but combines by an outer exponent kappa: 1 is "
        "Chinchilla, smaller values come closer to the larger of the two, as in Kaplan's joint law."
    )
    valid = (
        "Inside the range of the data, as a test of additivity. It fits better than Chinchilla and forecasts worse, so "
        "take no forecast of larger runs from it alone."
    )
    needs = (
        "As Chinchilla's, with runs far from the best split on both sides: only these tell kappa from the exponents."
    )
    unidentified = "kappa and E against the exponents; runs near the compute-optimal path say nothing about kappa."
    unpublished = OWN_FORM

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size alone", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    B: Array = parameter("loss from finite data alone", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent with unlimited data", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent with unlimited size", prior=LogNormal(0.4, 0.4))
    kappa: Array = parameter("outer exponent", prior=LogNormal(1.0, 0.3))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(alpha="size exponent", beta="data exponent", kappa="outer exponent")

    # A and alpha are the law's with unlimited data whatever kappa is; with (A n^-a + B d^-b)^kappa they would be
    # determined by the data only together with kappa.
    def __call__(self, N: Size, D: Tokens) -> Loss:
        size = (self.A * (N / self.N0) ** -self.alpha) ** (1 / self.kappa)
        data = (self.B * (D / self.D0) ** -self.beta) ** (1 / self.kappa)
        return self.E + (size + data) ** self.kappa

    @staticmethod
    def reducible(logs: Any) -> Any:
        kappa = jnp.exp(logs[5])
        return kappa * jnp.logaddexp(logs[1] / kappa, logs[2] / kappa)

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """The split at which the sum inside the outer power is least."""
        size = PowerTerm(self.A ** (1 / self.kappa), self.alpha / self.kappa, self.N0)
        data = PowerTerm(self.B ** (1 / self.kappa), self.beta / self.kappa, self.D0)
        return best_split(size, data, compute, cost)


# The authors' code prints log A, log B, log E and the common exponent, fitted to 54 digitised C4 runs.
ChinchillaTied.published = MappingProxyType(
    {
        "muennighoff2023scaling": ChinchillaTied(
            E=math.exp(0.6254804), A=math.exp(6.255414), B=math.exp(7.3049974), alpha=0.3526596
        )
    }
)
