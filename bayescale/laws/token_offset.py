"""Chinchilla with corrections at the small end: tokens lost to starting up, and embeddings that count for less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import EmbeddingSize, Loss, Size, Tokens
from bayescale.laws.additive import Additive, level_and_shares
from bayescale.laws.base import OWN_FORM
from bayescale.laws.embedding_weight import WeighsEmbeddings
from bayescale.laws.rounded import positive_part

# How far the corner of max(D - D_w, 0) is rounded off, in units of D_w. At twice D_w tokens are counted 0.25 % too
# high, which is less than the noise of any published loss can see; at D_w they are a twentieth of it, and never zero.
ROUNDING = 0.1

_CLAIMS = (
    "training wastes its first tokens, in warm-up and while everything is still learnt at once, so that data count "
    "from a start-up cost on"
)
_EMBEDDINGS = "a parameter of an embedding counts for a part of what another parameter does"


def useful_tokens(tokens: Any, lost: Any) -> Any:
    """Return tokens - lost, rounded off so that it is positive, smooth and increasing also below ``lost``.

    A design says only that lost is below its smallest tokens, which a prior cannot know, and a plan may ask for fewer.

    >>> round(useful_tokens(10.0, 1.0), 3), round(useful_tokens(1.0, 1.0), 3), useful_tokens(0.5, 1.0) > 0
    (9.0, 0.05, True)
    """
    return positive_part(tokens, lost, ROUNDING)


class _Offset(Additive, abstract=True):
    """Base of the laws with a start-up cost, whose sixth field D_w is in multiples of D0."""

    if TYPE_CHECKING:
        D_w: Any

    def textbook(self) -> Any:
        """The same law with anchors at 1, so that D_w is in tokens."""
        return super().textbook().replace(D_w=self.D_w * self.D0)

    @classmethod
    def moved(cls, logs: tuple[Any, ...], by: Mapping[str, float]) -> tuple[Any, ...]:
        moved = list(super().moved(logs, by))
        moved[5] = moved[5] + by.get("D0", 0.0)
        return tuple(moved)

    @staticmethod
    def reducible(logs: Any) -> Any:
        data = logs[2] - jnp.exp(logs[4]) * jnp.log(useful_tokens(1.0, jnp.exp(logs[5])))
        return jnp.logaddexp(logs[1], data)


class ChinchillaOffset(_Offset):
    """Chinchilla with a start-up cost: the first tokens of a run are lost."""

    name = "chinchilla-offset"
    cites = ("hoffmann2022training", "besiroglu2024chinchilla")
    claims = (
        f"Chinchilla, but {_CLAIMS}. It fits loss-to-loss and Chinchilla's own points a quarter to a third closer than "
        "Chinchilla, with a lower data exponent: more compute goes to tokens."
    )
    valid = "As Chinchilla's, for runs of several times the start-up cost. Below it the formula is only a continuation."
    needs = "As Chinchilla's, with runs of few tokens, a few times the start-up cost, at several sizes."
    unidentified = (
        "D_w, where no run has fewer than about twenty times as many tokens; then it is the prior's. How lost tokens "
        "enter: other forms of a start-up cost fit as well and move the exponent a by 0.02 and more."
    )
    unpublished = OWN_FORM

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    D_w: Array = parameter("tokens lost at the start, in multiples", at="D0", prior=LogNormal(0.03, 1.0), unit="tokens")
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(alpha="size exponent", beta="data exponent", D_w="start-up tokens / D0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        tokens = useful_tokens(D / self.D0, self.D_w)
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * tokens**-self.beta


class ChinchillaEmbedding(WeighsEmbeddings):
    """Chinchilla with a weight for embedding parameters in the model size."""

    name = "chinchilla-embedding"
    cites = ("hoffmann2022training", "kaplan2020scaling", "pearce2024reconciling")
    claims = (
        f"Chinchilla, but {_EMBEDDINGS}: 0 is size without embeddings, as Kaplan et al. count, 1 is total size, as "
        "Hoffmann et al. do."
    )
    valid = "As Chinchilla's, down to sizes at which embeddings are most of a model."
    needs = "Total size and embedding parameters of each run, with shares of embeddings that vary: small models."
    unidentified = "w, where embeddings are less than about a tenth of every model; w against alpha in narrow designs."
    unpublished = OWN_FORM

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    w: Array = parameter("weight of embedding parameters", prior=LogNormal(0.3, 0.7))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(alpha="size exponent", beta="data exponent", w="weight of embeddings")

    def __call__(self, N: Size, D: Tokens, N_emb: EmbeddingSize) -> Loss:
        size = N / self.N0 - (1 - self.w) * (N_emb / self.N0)
        return self.E + self.A * size**-self.alpha + self.B * (D / self.D0) ** -self.beta


class ChinchillaOffsetEmbedding(WeighsEmbeddings, _Offset):
    """Chinchilla with both corrections at the small end: a start-up cost and a weight for embeddings."""

    name = "chinchilla-offset-embedding"
    cites = ("hoffmann2022training", "kaplan2020scaling", "pearce2024reconciling")
    claims = f"Chinchilla, but {_CLAIMS}, and {_EMBEDDINGS}."
    valid = "As Chinchilla's, down to small models and short runs."
    needs = "What chinchilla-offset and chinchilla-embedding need: short runs, small models, embedding parameters."
    unidentified = "D_w and w in designs without short runs and small models; each is then its prior's."
    unpublished = OWN_FORM

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    D_w: Array = parameter("tokens lost at the start, in multiples", at="D0", prior=LogNormal(0.03, 1.0), unit="tokens")
    w: Array = parameter("weight of embedding parameters", prior=LogNormal(0.3, 0.7))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(
        alpha="size exponent", beta="data exponent", D_w="start-up tokens / D0", w="weight of embeddings"
    )

    def __call__(self, N: Size, D: Tokens, N_emb: EmbeddingSize) -> Loss:
        size = N / self.N0 - (1 - self.w) * (N_emb / self.N0)
        tokens = useful_tokens(D / self.D0, self.D_w)
        return self.E + self.A * size**-self.alpha + self.B * tokens**-self.beta
