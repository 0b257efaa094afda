"""The laws of Kaplan et al. (2020) in one limiting quantity, and in model size and steps."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Compute, Loss, Size, Step, Tokens
from bayescale.laws.base import Law

_NO_FLOOR = "the loss of text has a floor that this law lacks, so it must fail at large scale."
_SCALE = "far beyond any data, in units of the tokenizer; the exponent compares with that of no law with a floor."

# The paper gives compute in PF-days.
PF_DAY = 1e15 * 86_400.0


class KaplanN(Law):
    """Loss of models that neither data nor training limit: a power of model size, without a floor."""

    name = "kaplan-n"
    cites = ("kaplan2020scaling",)
    claims = "With unlimited data, trained to convergence, loss is a power of the size without embeddings."
    valid = f"Runs that size alone limits, 1e3 to 1.5e9 parameters in the paper; {_NO_FLOOR}"
    needs = "Sizes over two decades or more, each trained on more data than it can use."
    unidentified = f"N_c, {_SCALE}"

    L_N: Array = parameter("loss", at="N0", prior=LogNormal(3.0, 0.5), unit="nats/token")
    alpha_N: Array = parameter("size exponent", prior=LogNormal(0.08, 0.4))
    N0: float = anchor("N", symbol="N_0")

    def __call__(self, N: Size) -> Loss:
        return self.L_N * (N / self.N0) ** -self.alpha_N

    @derived("size scale", unit="parameters", symbol="N_c")
    def N_c(self) -> Any:
        """Size at which the loss is 1 nat/token: (N_c/N)^alpha_N."""
        return self.N0 * self.L_N ** (1 / self.alpha_N)


class KaplanD(Law):
    """Loss of large models stopped early on limited data: a power of training tokens, without a floor."""

    name = "kaplan-d"
    cites = ("kaplan2020scaling",)
    claims = "Where size does not limit and training stops at the best test loss, loss is a power of the tokens."
    valid = f"Runs that data alone limit, 2e7 to 2e10 tokens in the paper; {_NO_FLOOR}"
    needs = "Tokens over two decades or more, each with a model that is larger than it can use."
    unidentified = f"D_c, {_SCALE}"

    L_D: Array = parameter("loss", at="D0", prior=LogNormal(3.0, 0.5), unit="nats/token")
    alpha_D: Array = parameter("data exponent", prior=LogNormal(0.08, 0.4))
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, D: Tokens) -> Loss:
        return self.L_D * (D / self.D0) ** -self.alpha_D

    @derived("data scale", unit="tokens", symbol="D_c")
    def D_c(self) -> Any:
        """Tokens at which the loss is 1 nat/token: (D_c/D)^alpha_D."""
        return self.D0 * self.L_D ** (1 / self.alpha_D)


class KaplanC(Law):
    """Loss of the best run of each budget: a power of training compute, without a floor."""

    name = "kaplan-c"
    cites = ("kaplan2020scaling",)
    claims = (
        "The lowest loss at a budget is a power of it: of the compute as spent, or, with another exponent, of the "
        "least compute C_min, spent at a batch far below the critical one. The formula is the same; the table decides."
    )
    valid = f"The frontier of the runs, with each budget's best size; 1e-8 to 1e1 PF-days in the paper; {_NO_FLOOR}"
    needs = "One run a budget, the best of its sizes, over three decades or more; not all runs of a table."
    unidentified = f"C_c, {_SCALE} Minima over noisy runs are too low, and the more runs a budget has the lower."

    L_C: Array = parameter("loss", at="C0", prior=LogNormal(3.0, 0.5), unit="nats/token")
    alpha_C: Array = parameter("compute exponent", prior=LogNormal(0.05, 0.4))
    C0: float = anchor("C", symbol="C_0")

    def __call__(self, C: Compute) -> Loss:
        return self.L_C * (C / self.C0) ** -self.alpha_C

    @derived("compute scale", unit="FLOP", symbol="C_c")
    def C_c(self) -> Any:
        """Compute at which the loss is 1 nat/token: (C_c/C)^alpha_C."""
        return self.C0 * self.L_C ** (1 / self.alpha_C)


class KaplanNS(Law):
    """Loss during training with unlimited data: a power of model size plus a power of optimiser steps."""

    name = "kaplan-ns"
    cites = ("kaplan2020scaling",)
    claims = (
        "Along a training curve the loss is what size alone leaves plus a power of the steps S_min that a batch far "
        "above the critical one would need; bayescale.laws.least_steps converts steps taken at another batch."
    )
    valid = f"After warm-up, before the learning rate decays, on fresh data; {_NO_FLOOR}"
    needs = "Checkpoints of several sizes, steps over two decades; steps corrected for the batch, as the column step."
    unidentified = f"N_c and S_c, {_SCALE}"

    L_N: Array = parameter("loss with unlimited steps", at="N0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    L_S: Array = parameter("loss from finite steps", at="S0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha_N: Array = parameter("size exponent", prior=LogNormal(0.08, 0.4))
    alpha_S: Array = parameter("step exponent", prior=LogNormal(0.7, 0.4))
    N0: float = anchor("N", symbol="N_0")
    S0: float = anchor("S", symbol="S_0")

    def __call__(self, N: Size, S: Step) -> Loss:
        return self.L_N * (N / self.N0) ** -self.alpha_N + self.L_S * (S / self.S0) ** -self.alpha_S

    @derived("size scale", unit="parameters", symbol="N_c")
    def N_c(self) -> Any:
        """Size at which the loss with unlimited steps is 1 nat/token."""
        return self.N0 * self.L_N ** (1 / self.alpha_N)

    @derived("step scale", unit="steps", symbol="S_c")
    def S_c(self) -> Any:
        """Steps at which what they add to the loss is 1 nat/token."""
        return self.S0 * self.L_S ** (1 / self.alpha_S)


# Table 5 of Kaplan et al.; at a loss of 1 the anchors are the paper's scales. The exponents and scales of its joint fit
# of size and steps, another table, differ a little; the values that we have of that are from second hand.
KaplanN.published = MappingProxyType({"kaplan2020scaling": KaplanN(L_N=1.0, alpha_N=0.076, N0=8.8e13)})
KaplanD.published = MappingProxyType({"kaplan2020scaling": KaplanD(L_D=1.0, alpha_D=0.095, D0=5.4e13)})
KaplanC.published = MappingProxyType(
    {
        "kaplan2020scaling": KaplanC(L_C=1.0, alpha_C=0.057, C0=1.6e7 * PF_DAY),
        "kaplan2020scaling-min": KaplanC(L_C=1.0, alpha_C=0.050, C0=3.1e8 * PF_DAY),
    }
)
KaplanNS.published = MappingProxyType(
    {"kaplan2020scaling": KaplanNS(L_N=1.0, alpha_N=0.076, N0=8.8e13, L_S=1.0, alpha_S=0.76, S0=2.1e3)}
)
