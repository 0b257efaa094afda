"""The laws of Kumar et al. (2024) for training in low precision and for quantising after training."""

from __future__ import annotations

from typing import Any

from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import BitsActivations, BitsKV, BitsPost, BitsWeights, Loss, Size, Tokens
from bayescale.laws.additive import Additive, level_and_shares
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace

_UNPUBLISHED = (
    "The paper's constants reached us at second hand only, and without the loss in full precision that they belong to."
)


class Precision(Additive):
    """Chinchilla for training in low precision: bits of weights, activations and cache take a share of the size."""

    name = "precision"
    cites = ("kumar2024precision",)
    claims = (
        "A model trained in P bits is worth one of 1 - exp(-P/gamma) times its parameters; weights, activations and "
        "key-value cache each have such a factor, and the factors multiply."
    )
    valid = "Training in 3 to 16 bits, of the kinds of numbers and the recipe of the table; not quantising afterwards."
    needs = (
        "Few bits of weights, activations and cache, each for itself, at several sizes and three numbers of tokens or "
        "more; 16 bits in some runs."
    )
    unidentified = (
        "A gamma whose bits are not below about four times it in any run. A low factor of size common to all runs, "
        "which A absorbs: without runs of many bits the gammas are known from curvature alone."
    )
    unpublished = _UNPUBLISHED

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    gamma_w: Array = parameter("bits of weights that keep 63 % of the size", prior=LogNormal(2.0, 0.5), unit="bits")
    gamma_a: Array = parameter("bits of activations that keep 63 % of the size", prior=LogNormal(2.0, 0.5), unit="bits")
    gamma_kv: Array = parameter("bits of the cache that keep 63 % of the size", prior=LogNormal(1.0, 0.5), unit="bits")
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(
        alpha="size exponent",
        beta="data exponent",
        gamma_w="bits of weights",
        gamma_a="bits of activations",
        gamma_kv="bits of the cache",
    )

    def __call__(self, N: Size, D: Tokens, P_w: BitsWeights, P_a: BitsActivations, P_kv: BitsKV) -> Loss:
        xp = namespace(N, D, P_w, P_a, P_kv, *self.values.values())
        kept = xp.expm1(-P_w / self.gamma_w) * xp.expm1(-P_a / self.gamma_a) * -xp.expm1(-P_kv / self.gamma_kv)
        return self.E + self.A * (N / self.N0 * kept) ** -self.alpha + self.B * (D / self.D0) ** -self.beta


class PostTrainingQuantisation(Law):
    """Chinchilla plus what quantising after training adds, which grows with the tokens a model has seen."""

    name = "post-training-quantisation"
    cites = ("kumar2024precision",)
    claims = (
        "Quantising a trained model adds a loss that falls by e per gamma_P bits, falls with size and rises with "
        "training tokens: beyond some tokens more training makes the quantised model worse."
    )
    valid = (
        "Models trained in 16 bits or so and quantised by one method. Bits so few that the model breaks are outside."
    )
    needs = "Each model at several bits after training, 16 among them, with tokens per parameter over two decades."
    unidentified = "Q, an extrapolation to no bits, without gamma_P: two numbers of bits or fewer leave a ridge."
    unpublished = _UNPUBLISHED

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    Q: Array = parameter(
        "loss from quantising to no bits", at=("N0", "D0"), prior=LogNormal(10.0, 1.5), unit="nats/token", between=0.7
    )
    gamma_P: Array = parameter("bits that divide it by e", prior=LogNormal(0.6, 0.4), unit="bits")
    gamma_N: Array = parameter("exponent of its fall with size", prior=LogNormal(0.4, 0.5))
    gamma_D: Array = parameter("exponent of its rise with tokens", prior=LogNormal(0.5, 0.5))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens, P: BitsPost) -> Loss:
        size, tokens = N / self.N0, D / self.D0
        xp = namespace(N, D, P, *self.values.values())
        added = self.Q * size**-self.gamma_N * tokens**self.gamma_D * xp.exp(-P / self.gamma_P)
        return self.E + self.A * size**-self.alpha + self.B * tokens**-self.beta + added

    def textbook(self) -> Any:
        """The same law with anchors at 1, so that Q is the paper's C_T."""
        return self.replace(
            A=self.A * self.N0**self.alpha,
            B=self.B * self.D0**self.beta,
            Q=self.Q * self.N0**self.gamma_N * self.D0**-self.gamma_D,
            N0=1.0,
            D0=1.0,
        )
