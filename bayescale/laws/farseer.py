"""The law of Li et al. (2025), in which every part of Chinchilla depends on model size."""

from __future__ import annotations

import math
from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace


class Farseer(Law):
    """Floor, coefficient and exponent of data all change with model size, each by a stretched exponential."""

    name = "farseer"
    cites = ("li2025farseer",)
    claims = (
        "Data fall by a power law whose exponent falls with model size, above a floor that falls with it too: larger "
        "models gain less from each doubling of tokens, and the best ratio of tokens to size grows with compute."
    )
    valid = (
        "Inside a two-dimensional grid of sizes and tokens and not far beyond; on its authors' runs it is closer than "
        "Chinchilla. The form holds for tokens, not for another unit of data."
    )
    needs = "A grid of about ten sizes by ten tokens or more, each over two decades: 100 runs for nine parameters."
    unidentified = (
        "The curvatures q, b and a in log size, unless the grid is wide; the nine constants of the paper one by one, "
        "which is why they are derived here and not estimated."
    )
    unpublished = (
        "The paper's constants are of losses in bits per character, from which losses per token do not follow without "
        "the corpus."
    )

    # The paper's slopes and curvatures lie within two sds of their priors, which twice as wide would have losses of
    # millions of nats at the ends of published designs.
    E: Array = parameter("floor", at="N0", prior=LogNormal(1.9, 0.35), unit="nats/token")
    s: Array = parameter("slope of log floor in log size", at="N0", prior=Normal(-0.05, 0.07))
    B: Array = parameter("loss from finite data", at=("N0", "D0"), prior=LogNormal(0.5, 1.0), unit="nats/token")
    g: Array = parameter("slope of log B in log size", at=("N0", "D0"), prior=Normal(0.1, 0.2))
    beta: Array = parameter("data exponent", at="N0", prior=LogNormal(0.4, 0.4))
    t: Array = parameter("slope of log beta in log size", at="N0", prior=Normal(-0.1, 0.08))
    # Centred on the signs of the paper; at 0 itself, a straight line, the formula is 0/0.
    q: Array = parameter("power of size in log floor", prior=Normal(0.1, 0.1))
    b: Array = parameter("power of size in log B", prior=Normal(-0.1, 0.1))
    a: Array = parameter("power of size in log beta", prior=Normal(0.05, 0.1))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    # The paper's three functions of size, u N^p + v, as value, slope and curvature at N0:
    # value + slope * ((N/N0)^p - 1) / p, which a straight line in log N continues at p = 0.
    def __call__(self, N: Size, D: Tokens) -> Loss:
        xp = namespace(N, D, *self.values.values())
        size = xp.log(N / self.N0)
        floor = self.E * xp.exp(self.s * bent(size, self.q))
        exponent = self.beta * xp.exp(self.t * bent(size, self.a))
        # B's slope is at D0 and the paper's at D = 1: they differ by the slope of beta times log D0.
        slope = self.g + self.beta * self.t * xp.log(self.D0)
        rise = slope * bent(size, self.b) - (exponent - self.beta) * xp.log(self.D0)
        return floor + self.B * xp.exp(rise - exponent * xp.log(D / self.D0))

    @derived("change of the data exponent with a decade of size")
    def beta_decade(self) -> Any:
        """d beta / d log10 N at N0."""
        return self.beta * self.t * math.log(10.0)


def bent(log_ratio: Any, power: Any) -> Any:
    """Return (x^power - 1) / power of x = exp(log_ratio): a line in log x, bent by ``power``."""
    return namespace(log_ratio, power).expm1(power * log_ratio) / power
