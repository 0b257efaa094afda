"""Broken neural scaling laws of Caballero et al. (2023): a power whose exponent changes, smoothly, at breaks."""

# Annotations are evaluated where a class is made, since the quantities are arguments there.
from typing import Any

from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogitNormal, LogNormal, Normal
from bayescale.laws.axes import ERROR_OF_EXAMPLES, LOSS_OF_TOKENS, ONE_CURVE, Axes
from bayescale.laws.base import Law
from bayescale.laws.centred import bent_back, sigmoid, straightened
from bayescale.laws.namespace import namespace

_CITES = ("caballero2023broken",)
_NEEDS = "One curve over several decades with points on both sides of each break; where there are none, fewer breaks."
_VALID = "As far as the data. What bends wherever the data do promises nothing beyond them, not even a further fall."
_UNSEEN = (
    "Breaks beyond the data, which nothing in them announces: the prior alone decides whether there is one, and so "
    "what is predicted far beyond."
)
_SHARED = (
    " Two breaks where the data show one: they share it in several ways, and the posterior has as many modes, between "
    "which chains do not move (R-hat); one break is the law for such data."
)
_SMOOTH = "width of break {} in log x"

# Breaks narrower than a twentieth are kinks, on which gradients are of no use; wider ones than 3 are no breaks.
_NARROWEST, _WIDEST = 0.05, 3.0
_WIDTH = LogitNormal(0.3, 0.9, _NARROWEST, _WIDEST)
# Slopes before a break have the sign of learning more often than not; what a break changes may have any.
_FIRST, _CHANGE = Normal(0.2, 0.3), Normal(0.0, 0.5)
# Within a factor of fifty of the middle of the design on either side, in nine of ten cases.
_PLACE = LogNormal(1.0, 2.4)


def bend(x: Any, place: Any, change: Any, width: Any) -> Any:
    """Return the factor by which the exponent grows by ``change`` beyond ``place``: (1 + (x/d)^(1/f))^(-c f)."""
    return (1.0 + x ** (1.0 / width) * place ** (-1.0 / width)) ** (-change * width)


def _width(logit: Any) -> Any:
    """The width of a break from its unconstrained value."""
    return _NARROWEST + (_WIDEST - _NARROWEST) * sigmoid(logit)


def _one_break(axes: Axes) -> type[Law]:
    """The broken law with one break, of these quantities."""

    class BNSL1(Law):
        __qualname__ = f"BNSL1{axes.ending}"
        __doc__ = f"Broken power: {axes.word} of one input, with one break."

        name = axes.name("bnsl-1")
        cites = _CITES
        claims = (
            f"The {axes.word} is a floor and a power, of which the exponent changes from c0 to c0 + c1 at x = d1, over "
            "a range of exp(f1): a plateau before learning starts, a slower second phase, one turn from falling to "
            "rising."
        )
        valid = _VALID
        needs = _NEEDS
        unidentified = _UNSEEN
        unpublished = ONE_CURVE
        starts = 32
        straight_everywhere = True

        E: Array = parameter(f"irreducible {axes.word}", prior=axes.floor, unit=axes.unit)
        B: Array = parameter(f"{axes.word} above it without the break", at="x0", prior=axes.excess, unit=axes.unit)
        c0: Array = parameter("exponent before the break, of any sign", prior=_FIRST, symbol="c_0")
        c1: Array = parameter("change of the exponent, of any sign", prior=_CHANGE, symbol="c_1")
        d1: Array = parameter("place of the break, in multiples", at="x0", prior=_PLACE, symbol="d_1")
        f1: Array = parameter(_SMOOTH.format(1), prior=_WIDTH, symbol="f_1")
        x0: float = anchor("x", symbol=axes.symbol)

        def __call__(self, x: axes.x) -> axes.y:  # type: ignore[name-defined]
            z = x / self.x0
            return self.E + self.B * z**-self.c0 * bend(z, self.d1, self.c1, self.f1)

        def textbook(self) -> Any:
            """The same law with the anchor at 1."""
            return self.replace(B=self.B * self.x0**self.c0, d1=self.d1 * self.x0, x0=1.0)

        # Level, slope and share of the floor at the anchor are what data know, wherever the break is; before and after
        # it they are other functions of B and c0.
        @staticmethod
        def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
            E, B, c0, c1, d1, f1 = logs
            return *straightened(E, B, c0, [(c1, d1, _width(f1))]), c1, d1, f1

        @staticmethod
        def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            level, floor, slope, c1, d1, f1 = coordinates
            first, jacobian = bent_back(level, floor, slope, [(c1, d1, _width(f1))])
            return (*first, c1, d1, f1), jacobian

    return BNSL1


def _two_breaks(axes: Axes) -> type[Law]:
    """The broken law with two breaks, of these quantities."""

    class BNSL2(Law):
        __qualname__ = f"BNSL2{axes.ending}"
        __doc__ = f"Broken power: {axes.word} of one input, with two breaks, double descent included."

        name = axes.name("bnsl-2")
        cites = _CITES
        claims = (
            f"The {axes.word} is a floor and a power, of which the exponent changes at d1 and again exp(s) times "
            "farther: with changes of opposite sign it falls, rises and falls again. The breaks are in order."
        )
        valid = _VALID
        needs = _NEEDS
        unidentified = _UNSEEN + _SHARED
        unpublished = ONE_CURVE
        starts = 32
        straight_everywhere = True

        E: Array = parameter(f"irreducible {axes.word}", prior=axes.floor, unit=axes.unit)
        B: Array = parameter(f"{axes.word} above it without the breaks", at="x0", prior=axes.excess, unit=axes.unit)
        c0: Array = parameter("exponent before the breaks, of any sign", prior=_FIRST, symbol="c_0")
        c1: Array = parameter("change of it at the first break, of any sign", prior=_CHANGE, symbol="c_1")
        d1: Array = parameter("place of the first break, in multiples", at="x0", prior=_PLACE, symbol="d_1")
        f1: Array = parameter(_SMOOTH.format(1), prior=_WIDTH, symbol="f_1")
        c2: Array = parameter("change of it at the second break, of any sign", prior=_CHANGE, symbol="c_2")
        # Breaks that could change places would give every posterior twice.
        s: Array = parameter("log of the distance between the breaks", prior=LogNormal(1.5, 0.7))
        f2: Array = parameter(_SMOOTH.format(2), prior=_WIDTH, symbol="f_2")
        x0: float = anchor("x", symbol=axes.symbol)

        def __call__(self, x: axes.x) -> axes.y:  # type: ignore[name-defined]
            z, d2 = x / self.x0, self.d1 * namespace(self.s).exp(self.s)
            first, second = bend(z, self.d1, self.c1, self.f1), bend(z, d2, self.c2, self.f2)
            return self.E + self.B * z**-self.c0 * first * second

        def textbook(self) -> Any:
            """The same law with the anchor at 1."""
            return self.replace(B=self.B * self.x0**self.c0, d1=self.d1 * self.x0, x0=1.0)

        @staticmethod
        def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
            E, B, c0, c1, d1, f1, c2, s, f2 = logs
            breaks = [(c1, d1, _width(f1)), (c2, d1 + s.__array_namespace__().exp(s), _width(f2))]
            return *straightened(E, B, c0, breaks), c1, d1, f1, c2, s, f2

        @staticmethod
        def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            level, floor, slope, c1, d1, f1, c2, s, f2 = coordinates
            breaks = [(c1, d1, _width(f1)), (c2, d1 + s.__array_namespace__().exp(s), _width(f2))]
            first, jacobian = bent_back(level, floor, slope, breaks)
            return (*first, c1, d1, f1, c2, s, f2), jacobian

    return BNSL2


BNSL1, BNSL1Error = _one_break(LOSS_OF_TOKENS), _one_break(ERROR_OF_EXAMPLES)
BNSL2, BNSL2Error = _two_breaks(LOSS_OF_TOKENS), _two_breaks(ERROR_OF_EXAMPLES)
