"""A law of one's own, in one file: copy it, and change the formula.

bayescale laws examples/my_law.py:Frontier
bayescale fit RUNS.csv --law examples/my_law.py:Frontier --out fit.nc
"""

from __future__ import annotations

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Compute, Loss
from bayescale.laws import Law


class Frontier(Law):
    """Loss of the best run at each budget: a floor and a power of compute."""

    claims = "The best loss at a budget falls to a floor as a power of compute."
    needs = "One run a budget, the best of its sizes, over three decades of compute."

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    K: Array = parameter("loss from finite compute", at="C0", prior=LogNormal(0.7, 1.0), unit="nats/token")
    gamma: Array = parameter("compute exponent", prior=LogNormal(0.15, 0.5))
    C0: float = anchor("C", symbol="C_0")

    def __call__(self, C: Compute) -> Loss:
        return self.E + self.K * (C / self.C0) ** -self.gamma

    def textbook(self) -> Frontier:
        return self.replace(K=self.K * self.C0**self.gamma, C0=1.0)

    @derived("compute that halves the reducible loss, in multiples")
    def halving(self) -> Array:
        return 2.0 ** (1.0 / self.gamma)
