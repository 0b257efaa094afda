"""The parametric law of Hoffmann et al. (2022), Approach 3."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from jax import Array

from bayescale.costs import Cost
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.additive import Additive, level_and_shares
from bayescale.laws.split import PowerTerm, best_split


class Chinchilla(Additive):
    """Irreducible loss plus one power law in model size and one in training tokens."""

    cites = ("hoffmann2022training", "besiroglu2024chinchilla")
    claims = (
        "Finite size and finite data each add their own power law to an irreducible loss; size and tokens replace each "
        "other at a rate that follows from the two, so every compute budget has one best split."
    )
    valid = (
        "Runs trained to the end of their schedule on fresh data, with hyper-parameters tuned at every size. Too low a "
        "loss is not claimed: beyond the data its exponents fall as larger runs enter."
    )
    needs = (
        "Sizes and tokens that vary apart from each other, such as several sizes at each of several budgets; runs "
        "near the compute-optimal path alone determine 3 of the 5 parameters."
    )
    unidentified = (
        "E against the exponents, unless runs reach losses near it; each coefficient against its exponent away from "
        "the centre of the design; a term that is below 2 % of the loss in every run."
    )

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(alpha="size exponent", beta="data exponent")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.beta

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

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """Hoffmann et al., eq. 4; for other costs than 6ND there is no closed form."""
        size, data = PowerTerm(self.A, self.alpha, self.N0), PowerTerm(self.B, self.beta, self.D0)
        return best_split(size, data, compute, cost)


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
