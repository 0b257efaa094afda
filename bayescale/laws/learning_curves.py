"""The curves M1 to M3 of Alabdulmohsin et al. (2022): powers of a single input, without floor, with one, and bent."""

# Annotations are evaluated where a class is made, since the quantities are arguments there.
from typing import Any

from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.laws.axes import ERROR_OF_EXAMPLES, LOSS_OF_TOKENS, ONE_CURVE, Axes
from bayescale.laws.base import Law
from bayescale.laws.floor_and_power import floor_and_power, level_and_slope

_CITES = ("alabdulmohsin2022revisiting",)
_BEYOND = (
    "The floor, unless the curve visibly bends: it is then the prior's, and so is all that is far beyond the data."
)
_NEEDS = (
    "One training curve, or runs of one kind, over two decades or more, without warm-up; checkpoints are correlated."
)


def _m1(axes: Axes) -> type[Law]:
    """The curve M1 of these quantities."""

    class M1(Law):
        __qualname__ = f"M1{axes.ending}"
        __doc__ = f"M1: {axes.word} of one input as a power, without a floor."

        name = axes.name("m1")
        cites = _CITES
        claims = (
            f"The {axes.word} is a power of what training has seen. The law that straight lines on log axes assume."
        )
        valid = "Between two plateaus, guessing and the floor, and there only."
        needs = _NEEDS
        unidentified = "Nothing, which is no merit: that there is no floor is assumed, not found."
        unpublished = ONE_CURVE

        B: Array = parameter(axes.word, at="x0", prior=axes.height, unit=axes.unit)
        beta: Array = parameter("exponent", prior=axes.exponent)
        x0: float = anchor("x", symbol=axes.symbol)

        def __call__(self, x: axes.x) -> axes.y:  # type: ignore[name-defined]
            return self.B * (x / self.x0) ** -self.beta

        def textbook(self) -> Any:
            """The same law with the anchor at 1."""
            return self.replace(B=self.B * self.x0**self.beta, x0=1.0)

    return M1


def _m2(axes: Axes) -> type[Law]:
    """The curve M2 of these quantities."""

    class M2(Law):
        __qualname__ = f"M2{axes.ending}"
        __doc__ = f"M2: {axes.word} of one input as a power and a floor."

        name = axes.name("m2")
        cites = _CITES
        claims = f"What training has seen lowers the {axes.word} as a power, to a floor; the broken law without breaks."
        valid = "From where learning is under way: a plateau of guessing before it is not in the formula."
        needs = _NEEDS
        unidentified = _BEYOND
        unpublished = ONE_CURVE

        E: Array = parameter(f"irreducible {axes.word}", prior=axes.floor, unit=axes.unit)
        B: Array = parameter(f"{axes.word} above it", at="x0", prior=axes.excess, unit=axes.unit)
        beta: Array = parameter("exponent", prior=axes.exponent)
        x0: float = anchor("x", symbol=axes.symbol)

        def __call__(self, x: axes.x) -> axes.y:  # type: ignore[name-defined]
            return self.E + self.B * (x / self.x0) ** -self.beta

        def textbook(self) -> Any:
            """The same law with the anchor at 1."""
            return self.replace(B=self.B * self.x0**self.beta, x0=1.0)

        # At the anchor data determine the level and the slope; the exponent then is curvature alone.
        @staticmethod
        def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
            E, B, beta = logs
            return *level_and_slope(E, B, beta), beta

        @staticmethod
        def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            level, slope, beta = coordinates
            E, B, jacobian = floor_and_power(level, slope, beta)
            return (E, B, beta), jacobian

    return M2


def _m3(axes: Axes) -> type[Law]:
    """The curve M3 of these quantities."""

    class M3(Law):
        __qualname__ = f"M3{axes.ending}"
        __doc__ = f"M3: {axes.word} of one input as a power that levels off."

        name = axes.name("m3")
        cites = _CITES
        claims = (
            f"The {axes.word} is a power of 1/x + gamma: a power of what training has seen up to about 1/gamma, "
            "constant far beyond."
        )
        valid = "From where learning is under way, as M2. The floor comes with the exponent: it is sharper than M2's."
        needs = _NEEDS
        unidentified = (
            "gamma, unless the curve visibly bends: it is then the prior's, and so is all that is far beyond."
        )
        unpublished = ONE_CURVE

        B: Array = parameter(f"{axes.word} of a power without floor", at="x0", prior=axes.height, unit=axes.unit)
        beta: Array = parameter("exponent", prior=axes.exponent)
        gamma: Array = parameter("inverse of where it levels off, in multiples", at="x0", prior=LogNormal(0.1, 1.5))
        x0: float = anchor("x", symbol=axes.symbol)

        def __call__(self, x: axes.x) -> axes.y:  # type: ignore[name-defined]
            return self.B * (self.x0 / x + self.gamma) ** self.beta

        def textbook(self) -> Any:
            """The same law with the anchor at 1."""
            return self.replace(B=self.B * self.x0**self.beta, gamma=self.gamma / self.x0, x0=1.0)

        @derived(f"irreducible {axes.word}", unit=axes.unit)
        def E(self) -> Any:
            """The value far beyond 1/gamma."""
            return self.B * self.gamma**self.beta

        # At the anchor data determine the level and the slope, beta / (1 + gamma); gamma then is curvature alone.
        @staticmethod
        def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
            B, beta, gamma = logs
            xp = B.__array_namespace__()
            more = xp.log1p(xp.exp(gamma))
            return B + xp.exp(beta) * more, beta - more, gamma

        @staticmethod
        def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            level, slope, gamma = coordinates
            xp = level.__array_namespace__()
            more = xp.log1p(xp.exp(gamma))
            beta = slope + more
            return (level - xp.exp(beta) * more, beta, gamma), 0.0 * level

    return M3


# M1 of tokens is Kaplan et al.'s law of data.
M1Error = _m1(ERROR_OF_EXAMPLES)
M2, M2Error = _m2(LOSS_OF_TOKENS), _m2(ERROR_OF_EXAMPLES)
M3, M3Error = _m3(LOSS_OF_TOKENS), _m3(ERROR_OF_EXAMPLES)
