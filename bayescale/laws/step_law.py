"""Step Law: the best learning rate and batch size as powers of model size and training tokens."""

from __future__ import annotations

from types import MappingProxyType

from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import BatchTokens, LearningRate, Size, Tokens
from bayescale.laws.base import OWN_FORM, Law

# Priors of the centre of a bowl, also of the whole surface: any design's middle, any sign, decades of scaling.
RATE, BATCH = LogNormal(2e-3, 1.5), LogNormal(5e5, 1.5)
RATE_SIZE, RATE_DATA = Normal(-0.4, 0.4), Normal(0.2, 0.3)
BATCH_SIZE, BATCH_DATA = Normal(0.0, 0.3), Normal(0.5, 0.3)

VALID = (
    "Sizes without embeddings of 2e8 to 1e9 and 4e9 to 1e11 tokens in the public grid, AdamW with a cosine to a fixed "
    "final learning rate; other schedules, optimisers and parametrisations move the constants."
)
_OPTIMA = "The best settings, or all settings near the best, of sizes and tokens that vary apart from each other."
_EDGE = (
    "The distance to the true optimum: near-optimal settings lie in a flat bowl, and their middle is not its bottom "
    "where the bowl leans or the grid ends. The law step-law fits the bowl itself."
)


class StepLawRate(Law):
    """The best learning rate: a power of model size and of training tokens."""

    name = "step-law-lr"
    cites = ("li2025predictable",)
    claims = "The best peak learning rate falls with model size and grows with training tokens."
    valid = VALID
    needs = _OPTIMA
    unidentified = _EDGE

    eta_0: Array = parameter("best learning rate", at=("N0", "D0"), prior=RATE, symbol=r"\eta_0")
    a_N: Array = parameter("exponent of the best learning rate in size", prior=RATE_SIZE)
    a_D: Array = parameter("exponent of the best learning rate in data", prior=RATE_DATA)
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> LearningRate:
        return self.eta_0 * (N / self.N0) ** self.a_N * (D / self.D0) ** self.a_D

    def textbook(self) -> StepLawRate:
        return self.replace(eta_0=self.eta_0 * self.N0**-self.a_N * self.D0**-self.a_D, N0=1.0, D0=1.0)


class StepLawBatch(Law):
    """The best batch size: a power of training tokens, whatever the model size."""

    name = "step-law-batch"
    cites = ("li2025predictable",)
    claims = "The best batch size grows with training tokens and does not depend on model size."
    valid = VALID
    needs = _OPTIMA
    unidentified = _EDGE

    B_0: Array = parameter("best batch size", at="D0", prior=BATCH, unit="tokens", symbol="B_0")
    b_D: Array = parameter("exponent of the best batch size in data", prior=BATCH_DATA)
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, D: Tokens) -> BatchTokens:
        return self.B_0 * (D / self.D0) ** self.b_D

    def textbook(self) -> StepLawBatch:
        return self.replace(B_0=self.B_0 * self.D0**-self.b_D, D0=1.0)


class StepLawBatchND(Law):
    """The best batch size, should model size matter too: a power of both."""

    name = "step-law-batch-nd"
    cites = ("li2025predictable",)
    claims = "The best batch size is a power of model size and training tokens; an exponent of 0 in size is Step Law."
    valid = VALID
    needs = _OPTIMA
    unidentified = _EDGE
    unpublished = OWN_FORM

    B_0: Array = parameter("best batch size", at=("N0", "D0"), prior=BATCH, unit="tokens", symbol="B_0")
    b_N: Array = parameter("exponent of the best batch size in size", prior=BATCH_SIZE)
    b_D: Array = parameter("exponent of the best batch size in data", prior=BATCH_DATA)
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> BatchTokens:
        return self.B_0 * (N / self.N0) ** self.b_N * (D / self.D0) ** self.b_D

    def textbook(self) -> StepLawBatchND:
        return self.replace(B_0=self.B_0 * self.N0**-self.b_N * self.D0**-self.b_D, N0=1.0, D0=1.0)


# Printed in the abstract of the paper; the means of the authors' 1,000 draws are these to the digits given.
StepLawRate.published = MappingProxyType({"li2025predictable": StepLawRate(eta_0=1.79, a_N=-0.713, a_D=0.307)})
StepLawBatch.published = MappingProxyType({"li2025predictable": StepLawBatch(B_0=0.58, b_D=0.571)})
