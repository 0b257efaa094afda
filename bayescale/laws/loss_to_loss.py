"""Laws from one loss to another: of the same runs on two test sets, or of two corpora at the same sizes and tokens."""

from __future__ import annotations

from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogitNormal, LogNormal
from bayescale.language.quantities import Loss, SourceLoss
from bayescale.laws.base import Law
from bayescale.laws.rounded import positive_part

_PAIR = "Constants belong to one pair of corpora or test sets; none are recommended for others."

# How far the corner of max(L - E_s, 0) is rounded off, in units of E_s: a loss 20 % above E_s counts 0.06 % too high
# above it, one at E_s as half a percent of E_s, and a lower one as less, so that none has no target.
ROUNDING = 0.01


def above(loss: Any, floor: Any) -> Any:
    """Return loss - floor, rounded off so that it is positive, smooth and increasing also below ``floor``.

    >>> round(above(3.0, 2.0), 4), above(2.0, 2.0), above(1.5, 2.0) > 0
    (1.0001, 0.01, True)
    """
    return positive_part(loss, floor, ROUNDING)


class LossOffset(Law):
    """Loss on another test set, at a constant distance in log loss."""

    name = "loss-offset"
    cites = ("kaplan2020scaling",)
    claims = "Models that are better on one set are better on another by the same factor, whatever their size and data."
    valid = "Similar sets and a narrow range of losses: with a floor in either loss the ratio must drift. Above chance."
    needs = "Both losses of each run, on sets that are the same for all runs; a spread of losses shows a drift."
    unidentified = "Nothing in it. Noise in the source loss is taken for noise of the target: intervals are then wide."
    unpublished = _PAIR

    r: Array = parameter("loss over source loss", prior=LogNormal(1.0, 0.3), between=0.3)

    def __call__(self, L: SourceLoss) -> Loss:
        return self.r * L


class LossToLoss(Law):
    """Loss from another loss: a shifted power law with a floor in each."""

    name = "loss-to-loss"
    cites = ("brandfonbrener2024loss",)
    claims = (
        "What is reducible of one loss is a power of what is reducible of another: across corpora at the same size and "
        "tokens (train to train), or across test sets (train to test, test to test)."
    )
    valid = (
        "Losses of the kind and range of the table, above the source's floor E_s. Below it the law says nothing, and "
        "the formula is only a continuation, close to E."
    )
    needs = (
        "Pairs of losses from runs of the same size and tokens, or of the same run; losses from far above to near the "
        "lower end, since curvature alone tells the floors."
    )
    unidentified = (
        "E_s, kappa and E, of which one replaces another over a narrow range of losses, while level and slope at its "
        "middle, Y and eta, are known. Noise in the source loss is taken for the target's."
    )
    unpublished = _PAIR

    # What a design tells one by one: level and slope at its middle. Curvature tells of the two floors one number only,
    # eta / (1 - f) - 1 / (1 - f_s), and with kappa and the floors as parameters the posterior is a bent ridge.
    Y: Array = parameter("loss where the source is L0", at="L0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    eta: Array = parameter("percent that it changes by, per percent of the source", at="L0", prior=LogNormal(1.0, 0.4))
    f: Array = parameter("irreducible share of Y", at="L0", prior=LogitNormal(0.65, 0.8))
    f_s: Array = parameter("irreducible share of L0", at="L0", prior=LogitNormal(0.65, 0.8))
    L0: float = anchor("L", symbol="L_0")

    # The share f_s keeps E_s below the middle of a design; that it is below the lowest loss too is for the data to say.
    def __call__(self, L: SourceLoss) -> Loss:
        reducible = above(L / self.L0, self.f_s) / above(1.0, self.f_s)
        return self.Y * (self.f + (1 - self.f) * reducible ** (self.eta * (1 - self.f_s) / (1 - self.f)))

    # The paper: L = K (L_s - E_s)^kappa + E.
    @derived("irreducible loss", unit="nats/token")
    def E(self) -> Any:
        return self.Y * self.f

    @derived("irreducible source loss", unit="nats/token")
    def E_s(self) -> Any:
        return self.L0 * self.f_s

    @derived("exponent")
    def kappa(self) -> Any:
        return self.eta * (1 - self.f_s) / (1 - self.f)

    @derived("loss above E where the source is 1 nat above E_s", unit="nats/token")
    def K(self) -> Any:
        return self.Y * (1 - self.f) * (self.L0 * above(1.0, self.f_s)) ** -self.kappa
