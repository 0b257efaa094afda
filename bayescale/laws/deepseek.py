"""The laws of the DeepSeek LLM paper: the best model scale, data, batch size and learning rate of a budget."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogitNormal, LogNormal, Normal
from bayescale.language.quantities import BatchTokens, Compute, FlopPerToken, LearningRate, Tokens
from bayescale.laws.base import Law

_VALID = "Budgets of 1e17 to 3e20 FLOP in the paper, C = M D with M the FLOP per token outside the embeddings."
_BUDGETS = "The best run of each of several budgets, or all runs near it, over three decades of compute or more."
_SETTINGS = "Batch sizes and learning rates around the best, at budgets over three decades or more."

# Published exponents of optimal size in compute have mean 0.53 and sd 0.10 over corpora and modalities.
_SHARE = LogitNormal(0.5, 0.4)
# Optima at a budget are known to a factor of thousands before any data, since C0 is that of the design.
_VAGUE = 3.0


class DeepSeekModel(Law):
    """The model scale, in FLOP per token, that makes best use of a budget: a power of compute."""

    name = "deepseek-model"
    cites = ("bi2024deepseek",)
    claims = (
        "The best model scale is a power of compute, and since C = M D the best data are the rest of it: the two "
        "exponents sum to 1. Better data move the exponent of the model up."
    )
    valid = _VALID
    needs = _BUDGETS
    unidentified = "M0 as papers print it, at one FLOP: it is extrapolated over many decades. Read M_0 with its anchor."

    M_0: Array = parameter("best model scale", at="C0", prior=LogNormal(1e9, _VAGUE), unit="FLOP/token", symbol="M_0")
    a: Array = parameter("exponent of the best model scale in compute", prior=_SHARE)
    C0: float = anchor("C", symbol="C_0")

    def __call__(self, C: Compute) -> FlopPerToken:
        return self.M_0 * (C / self.C0) ** self.a

    def textbook(self) -> DeepSeekModel:
        return self.replace(M_0=self.M_0 * self.C0**-self.a, C0=1.0)

    @derived("exponent of the best data in compute")
    def b(self) -> Any:
        """D = C / M."""
        return 1.0 - self.a

    @derived("best tokens at C0", unit="tokens", symbol="D_0")
    def D_0(self) -> Any:
        """The other half of the budget."""
        return self.C0 / self.M_0


class DeepSeekData(Law):
    """The tokens that make best use of a budget: compute over the best model scale."""

    name = "deepseek-data"
    cites = ("bi2024deepseek",)
    claims = "The law deepseek-model, said of tokens: the exponent of data is 1 less that of the model scale."
    valid = _VALID
    needs = _BUDGETS
    unidentified = (
        "D_0 as papers print it, at one FLOP: it is extrapolated over many decades. Read D_0 with its anchor."
    )

    D_0: Array = parameter("best tokens", at="C0", prior=LogNormal(1e10, _VAGUE), unit="tokens", symbol="D_0")
    a: Array = parameter("exponent of the best model scale in compute", prior=_SHARE)
    C0: float = anchor("C", symbol="C_0")

    def __call__(self, C: Compute) -> Tokens:
        return self.D_0 * (C / self.C0) ** (1.0 - self.a)

    def textbook(self) -> DeepSeekData:
        return self.replace(D_0=self.D_0 * self.C0 ** (self.a - 1.0), C0=1.0)

    @derived("exponent of the best data in compute")
    def b(self) -> Any:
        """D = C / M."""
        return 1.0 - self.a


class DeepSeekBatch(Law):
    """The batch size that is best at a budget: a power of compute."""

    name = "deepseek-batch"
    cites = ("bi2024deepseek",)
    claims = "The best batch size grows as a power of compute, whatever the size of the model."
    valid = f"{_VALID} At compute-optimal size: over-trained models are Step Law's."
    needs = _SETTINGS
    unidentified = "Whether compute, data or size matters, where a design has one ratio of tokens to parameters."

    B_0: Array = parameter("best batch size", at="C0", prior=LogNormal(5e5, 1.5), unit="tokens", symbol="B_0")
    b: Array = parameter("exponent of the best batch size in compute", prior=Normal(0.33, 0.1))
    C0: float = anchor("C", symbol="C_0")

    def __call__(self, C: Compute) -> BatchTokens:
        return self.B_0 * (C / self.C0) ** self.b

    def textbook(self) -> DeepSeekBatch:
        return self.replace(B_0=self.B_0 * self.C0**-self.b, C0=1.0)


class DeepSeekRate(Law):
    """The learning rate that is best at a budget: a power of compute."""

    name = "deepseek-lr"
    cites = ("bi2024deepseek",)
    claims = "The best learning rate falls slowly as a power of compute, whatever the size of the model."
    valid = f"{_VALID} At compute-optimal size: over-trained models are Step Law's."
    needs = _SETTINGS
    unidentified = "Whether compute, data or size matters, where a design has one ratio of tokens to parameters."

    eta_0: Array = parameter("best learning rate", at="C0", prior=LogNormal(1e-3, 1.5), symbol=r"\eta_0")
    e: Array = parameter("exponent of the best learning rate in compute", prior=Normal(-0.12, 0.08))
    C0: float = anchor("C", symbol="C_0")

    def __call__(self, C: Compute) -> LearningRate:
        return self.eta_0 * (C / self.C0) ** self.e

    def textbook(self) -> DeepSeekRate:
        return self.replace(eta_0=self.eta_0 * self.C0**-self.e, C0=1.0)


# The fits that the paper prints, with four digits.
DeepSeekModel.published = MappingProxyType({"bi2024deepseek": DeepSeekModel(M_0=0.1715, a=0.5243)})
DeepSeekData.published = MappingProxyType({"bi2024deepseek": DeepSeekData(D_0=5.8316, a=0.5243)})
DeepSeekBatch.published = MappingProxyType({"bi2024deepseek": DeepSeekBatch(B_0=0.2920, b=0.3271)})
DeepSeekRate.published = MappingProxyType({"bi2024deepseek": DeepSeekRate(eta_0=0.3118, e=-0.1250)})
