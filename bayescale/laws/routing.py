"""The law of Clark et al. (2022) for routed language models: a gain from experts that saturates and depends on size."""

from __future__ import annotations

import math
from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import Experts, Loss, Size
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace


def effective_experts(experts: Any, shift: Any, most: Any) -> Any:
    """Return the effective number of experts, which rises from a start to ``most``.

    1/e = 1/(E - 1 + shift) + 1/most. At one expert it is E_start, the half harmonic mean of shift and most, so that
    shift is the paper's (1/E_start - 1/E_max)^-1; of any positive shift and most there is a curve.

    >>> round(effective_experts(1.0, 2.0, 300.0), 4), round(effective_experts(1e9, 2.0, 300.0), 2)
    (1.9868, 300.0)
    """
    beyond = experts - 1 + shift
    return beyond * most / (beyond + most)


class Routing(Law):
    """Loss from the size without experts and the number of experts, whose gain saturates and changes with size."""

    name = "routing"
    cites = ("clark2022unified",)
    claims = (
        "At equal tokens the loss is a power of size and of an effective number of experts, which saturates; the gain "
        "from experts shrinks with size (gamma above 0), until none is left at some size. It is one law a technique."
    )
    valid = (
        "One number of training tokens for all runs. That the gain vanishes is of such designs: laws with tokens as an "
        "input, such as experts-joint, do not have it. Params are those of the model with one expert, as used a token."
    )
    needs = "Three or more sizes, each with one expert and with numbers of experts over two decades."
    unidentified = (
        "E_max without runs of a hundred experts and more, and u without runs of one to four; the size at which the "
        "gain vanishes, far beyond the sizes of the table."
    )
    unpublished = (
        "The paper's constants of each technique reached us at second hand only; its runs are public, and are fitted "
        "here instead."
    )

    L_N: Array = parameter("loss at one effective expert", at="N0", prior=LogNormal(3.0, 0.5), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.08, 0.4))
    beta: Array = parameter("exponent of effective experts", at="N0", prior=LogNormal(0.05, 0.7))
    gamma: Array = parameter("fall of that exponent per e-fold of size", prior=Normal(0.0, 0.005), between=0.002)
    u: Array = parameter("shift of the number of experts", prior=LogNormal(2.0, 0.7), unit="experts")
    E_max: Array = parameter("largest effective number of experts", prior=LogNormal(300.0, 1.0), unit="experts")
    N0: float = anchor("N", symbol="N_0")

    def __call__(self, N: Size, E: Experts) -> Loss:
        effective = effective_experts(E, self.u, self.E_max)
        xp = namespace(N, E, *self.values.values())
        return self.L_N * (N / self.N0) ** (self.gamma * xp.log(effective) - self.alpha) * effective**-self.beta

    def textbook(self) -> Routing:
        """The same law with its anchor at 1."""
        log_size = namespace(self.N0, *self.values.values()).log(self.N0)
        return self.replace(L_N=self.L_N * self.N0**self.alpha, beta=self.beta + self.gamma * log_size, N0=1.0)

    # The paper: log10 L = a log10 N + b log10 e + c log10 N log10 e + d, with e the effective number of experts.
    @derived("coefficient of log10 N in log10 L")
    def a(self) -> Any:
        return -self.alpha

    @derived("coefficient of log10 of effective experts in log10 L")
    def b(self) -> Any:
        """At N = 1, far from any model."""
        return -self.textbook().beta

    @derived("coefficient of the product of the logs in log10 L")
    def c(self) -> Any:
        return self.gamma * math.log(10.0)

    @derived("constant of log10 L")
    def d(self) -> Any:
        return namespace(self.N0, *self.values.values()).log10(self.textbook().L_N)

    @derived("effective number of experts of one expert", unit="experts", symbol="E_{start}")
    def E_start(self) -> Any:
        return effective_experts(1.0, self.u, self.E_max)
