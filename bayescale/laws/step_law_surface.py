"""Step Law as what it says of the loss: a surface over size, tokens, learning rate and batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import BatchTokens, LearningRate, Loss, Size, Tokens
from bayescale.laws.bowl import Bowl, bowl
from bayescale.laws.namespace import namespace
from bayescale.laws.step_law import BATCH, BATCH_DATA, BATCH_SIZE, RATE, RATE_DATA, RATE_SIZE, VALID

_UNPUBLISHED = (
    "The paper prints the centre alone, which is that of step-law-lr and step-law-batch; neither floor nor bowl."
)

_NEEDS = (
    "Grids of learning rate and batch size with the best inside, not at an edge, for sizes and tokens that vary apart; "
    "runs far from the best and diverged ones as lower bounds (censor, noise censored)."
)
_UNIDENTIFIED = (
    "The settings' exponents to better than the scatter of the cells around them: read the table with a group per cell "
    "and pool L_0, eta_0 and B_0 partially. Far from the best the bowl is a sketch."
)
# A factor of two in a setting costs some 0.3 % of the loss.
_CURVATURE, _SKEW = LogNormal(0.015, 1.0), LogNormal(0.5, 0.7)
_TILT, _TWIST = Normal(0.5, 0.5), Normal(0.0, 0.5)
# Doubling size or data lowers the loss by two to five per cent around the designs of published grids.
_SLOPE = LogNormal(0.05, 0.7)


def floor(size: Any, data: Any, *, L_0: Any, s_N: Any, s_D: Any, alpha: Any, beta: Any) -> Any:
    """Return the loss at the best settings: its log is a constant and a power each of size and data.

    Over the few e-folds of a grid of settings this and a sum of powers are one curve. Here level, slopes and exponents
    have one parameter each, which such a grid determines one by one; of a floor and two coefficients it does not.

    Args:
        size, data: in multiples of the anchors.
        L_0: at the anchors.
        s_N, s_D: how steeply its log falls there with the logs of size and data.
        alpha, beta: exponents by which the slopes fall.
    """
    xp = namespace(size, data, s_N, alpha)
    return L_0 * xp.exp(-s_N * (1.0 - size**-alpha) / alpha - s_D * (1.0 - data**-beta) / beta)


class _Surface(Bowl, abstract=True):
    """Base of the two surfaces: their centre, and what is printed of it."""

    if TYPE_CHECKING:
        L_0: Any
        s_N: Any
        s_D: Any
        alpha: Any
        beta: Any
        eta_0: Any
        B_0: Any
        a_N: Any
        a_D: Any
        b_D: Any
        N0: Any
        D0: Any

    def centre(self, **plan: Any) -> tuple[Any, Any]:
        """The best learning rate and batch size, in tokens, at ``params`` and ``tokens``."""
        size, data = plan["params"] / self.N0, plan["tokens"] / self.D0
        return self.eta_0 * size**self.a_N * data**self.a_D, self.B_0 * self.size_effect(size) * data**self.b_D

    def size_effect(self, size: Any) -> Any:
        """What the size does to the best batch size: nothing."""
        return 1.0

    @derived("irreducible loss", unit="nats/token")
    def E(self) -> Any:
        """At unlimited size and data."""
        return self.L_0 * namespace(self.s_N, self.alpha).exp(-self.s_N / self.alpha - self.s_D / self.beta)

    @derived("best learning rate at one parameter and one token", symbol=r"\eta_1")
    def eta_1(self) -> Any:
        """The constant that papers print."""
        return self.centre(params=1.0, tokens=1.0)[0]

    @derived("best batch size at one parameter and one token", unit="tokens", symbol="B_1")
    def B_1(self) -> Any:
        """The constant that papers print."""
        return self.centre(params=1.0, tokens=1.0)[1]


class StepLaw(_Surface):
    """Loss around the best learning rate and batch size, which move with size and tokens as Step Law has it."""

    name = "step-law"
    cites = ("li2025predictable",)
    claims = (
        "At each size and number of tokens the loss is a bowl in log learning rate and log batch size, of one shape, "
        "whose centre moves by two power laws; batch size does not depend on model size."
    )
    valid = f"{VALID} Losses up to 2 % above the best."
    needs = _NEEDS
    unidentified = _UNIDENTIFIED
    unpublished = _UNPUBLISHED

    L_0: Array = parameter("least loss", at=("N0", "D0"), prior=LogNormal(2.3, 0.35), unit="nats/token", symbol="L_0")
    s_N: Array = parameter("fall of the log of the loss per e-fold of size", at="N0", prior=_SLOPE)
    s_D: Array = parameter("fall of the log of the loss per e-fold of data", at="D0", prior=_SLOPE)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    eta_0: Array = parameter("best learning rate", at=("N0", "D0"), prior=RATE, symbol=r"\eta_0")
    a_N: Array = parameter("exponent of the best learning rate in size", prior=RATE_SIZE)
    a_D: Array = parameter("exponent of the best learning rate in data", prior=RATE_DATA)
    B_0: Array = parameter("best batch size", at="D0", prior=BATCH, unit="tokens", symbol="B_0")
    b_D: Array = parameter("exponent of the best batch size in data", prior=BATCH_DATA)
    k_eta: Array = parameter("curvature along the learning rate", prior=_CURVATURE, symbol=r"k_{\eta}")
    k_B: Array = parameter("curvature along the batch size", prior=_CURVATURE)
    tilt: Array = parameter("exponent of the best learning rate in batch size", prior=_TILT, symbol=r"\tau")
    skew: Array = parameter("growth of the slope above the best learning rate", prior=_SKEW, symbol=r"\kappa")
    twist: Array = parameter("exponent of k_B in the learning rate", prior=_TWIST, symbol=r"\omega")
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens, eta: LearningRate, B: BatchTokens) -> Loss:
        xp = namespace(N, D, eta, B, *self.values.values())
        size, data = xp.log(N / self.N0), xp.log(D / self.D0)
        rate = xp.log(eta / self.eta_0) - self.a_N * size - self.a_D * data
        batch = xp.log(B / self.B_0) - self.b_D * data
        above = bowl(rate, batch, k_eta=self.k_eta, k_B=self.k_B, tilt=self.tilt, skew=self.skew, twist=self.twist)
        slopes = {"s_N": self.s_N, "s_D": self.s_D, "alpha": self.alpha, "beta": self.beta}
        return floor(N / self.N0, D / self.D0, L_0=self.L_0, **slopes) * (1.0 + above)


class StepLawND(_Surface):
    """Step Law's surface with a best batch size that may depend on model size too."""

    name = "step-law-nd"
    cites = ("li2025predictable",)
    claims = (
        "As step-law, but the best batch size is a power of model size too; on the authors' own dense grid it falls "
        "with size, and bowls then fit closer."
    )
    valid = f"{VALID} Losses up to 2 % above the best."
    needs = _NEEDS
    unidentified = _UNIDENTIFIED
    unpublished = _UNPUBLISHED

    L_0: Array = parameter("least loss", at=("N0", "D0"), prior=LogNormal(2.3, 0.35), unit="nats/token", symbol="L_0")
    s_N: Array = parameter("fall of the log of the loss per e-fold of size", at="N0", prior=_SLOPE)
    s_D: Array = parameter("fall of the log of the loss per e-fold of data", at="D0", prior=_SLOPE)
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    eta_0: Array = parameter("best learning rate", at=("N0", "D0"), prior=RATE, symbol=r"\eta_0")
    a_N: Array = parameter("exponent of the best learning rate in size", prior=RATE_SIZE)
    a_D: Array = parameter("exponent of the best learning rate in data", prior=RATE_DATA)
    B_0: Array = parameter("best batch size", at=("N0", "D0"), prior=BATCH, unit="tokens", symbol="B_0")
    b_N: Array = parameter("exponent of the best batch size in size", prior=BATCH_SIZE)
    b_D: Array = parameter("exponent of the best batch size in data", prior=BATCH_DATA)
    k_eta: Array = parameter("curvature along the learning rate", prior=_CURVATURE, symbol=r"k_{\eta}")
    k_B: Array = parameter("curvature along the batch size", prior=_CURVATURE)
    tilt: Array = parameter("exponent of the best learning rate in batch size", prior=_TILT, symbol=r"\tau")
    skew: Array = parameter("growth of the slope above the best learning rate", prior=_SKEW, symbol=r"\kappa")
    twist: Array = parameter("exponent of k_B in the learning rate", prior=_TWIST, symbol=r"\omega")
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens, eta: LearningRate, B: BatchTokens) -> Loss:
        xp = namespace(N, D, eta, B, *self.values.values())
        size, data = xp.log(N / self.N0), xp.log(D / self.D0)
        rate = xp.log(eta / self.eta_0) - self.a_N * size - self.a_D * data
        batch = xp.log(B / self.B_0) - self.b_N * size - self.b_D * data
        above = bowl(rate, batch, k_eta=self.k_eta, k_B=self.k_B, tilt=self.tilt, skew=self.skew, twist=self.twist)
        slopes = {"s_N": self.s_N, "s_D": self.s_D, "alpha": self.alpha, "beta": self.beta}
        return floor(N / self.N0, D / self.D0, L_0=self.L_0, **slopes) * (1.0 + above)

    def size_effect(self, size: Any) -> Any:
        """What the size does to the best batch size."""
        return size**self.b_N
