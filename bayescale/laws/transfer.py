"""The law of Hernandez et al. (2021) for what training before fine-tuning is worth in tokens."""

from __future__ import annotations

from typing import Any

from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import FinetuneTokens, IsPretrained, Loss, Size
from bayescale.laws.additive import Additive, level_and_shares


class EffectiveTransfer(Additive):
    """Chinchilla in fine-tuning tokens plus what training before was worth: a power of both tokens and size."""

    name = "effective-transfer"
    cites = ("hernandez2021transfer",)
    claims = (
        "Training before is worth so many tokens of the new data, k D_F^alpha_T N^beta_T: the more the larger the "
        "model, and little more with more fine-tuning. The exponents are about 0.2 and 0.4 in the paper."
    )
    valid = (
        "Little data for the size, up to about a tenth of what the model could use: beyond it the two curves meet or "
        "cross, which the formula does not know. No fine-tuning at all is outside of it. One source corpus and recipe."
    )
    needs = (
        "Runs on the new data alone (is_pretrained 0) and runs that start from a trained model (1), both over sizes "
        "and over two decades of fine-tuning tokens."
    )
    unidentified = (
        "k, alpha_T and beta_T without runs from scratch, which say what a token is worth; alpha_T where all "
        "fine-tuning is short against what it transfers."
    )
    unpublished = (
        "The paper's constants are of characters and of Kaplan's loss from scratch, and reached us at second hand only."
    )

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7)
    B: Array = parameter(
        "loss from finite data from scratch", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token", between=0.7
    )
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    k: Array = parameter("tokens transferred, in multiples", at=("N0", "D0"), prior=LogNormal(1.0, 1.5), unit="tokens")
    alpha_T: Array = parameter("exponent of transfer in fine-tuning tokens", prior=LogNormal(0.2, 0.6))
    beta_T: Array = parameter("exponent of transfer in size", prior=LogNormal(0.4, 0.5))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = level_and_shares(
        alpha="size exponent",
        beta="data exponent",
        k="tokens transferred / D0",
        alpha_T="exponent of transfer in fine-tuning tokens",
        beta_T="exponent of transfer in size",
    )

    def __call__(self, N: Size, D: FinetuneTokens, p: IsPretrained) -> Loss:
        size, tokens = N / self.N0, D / self.D0
        effective = tokens + p * self.k * tokens**self.alpha_T * size**self.beta_T
        return self.E + self.A * size**-self.alpha + self.B * effective**-self.beta

    def textbook(self) -> Any:
        """The same law with anchors at 1, so that k D_F^alpha_T N^beta_T is in tokens."""
        k = self.k * self.D0 ** (1.0 - self.alpha_T) * self.N0**-self.beta_T
        return super().textbook().replace(k=k)

    def transferred(self, params: Any, tokens: Any) -> Any:
        """Return the effective data transferred, D_T = k D_F^alpha_T N^beta_T, in tokens.

        Args:
            params: model size.
            tokens: fine-tuning tokens D_F.

        References:
            hernandez2021transfer, equation 1.2
        """
        return self.D0 * self.k * (tokens / self.D0) ** self.alpha_T * (params / self.N0) ** self.beta_T
