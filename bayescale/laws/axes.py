"""What laws of a single input are of: loss over training tokens, or task error over training examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayescale.language.prior import Prior
from bayescale.language.priors import LogitNormal, LogNormal
from bayescale.language.quantities import Error, Examples, Loss, Quantity, Tokens, quantity_of

# Why curves have no published values.
ONE_CURVE = "Constants belong to one curve of one model; none are recommended for others."


@dataclass(frozen=True)
class Axes:
    """The input and the response of a learning curve, and the priors that depend on what they are.

    Args:
        x: annotation of the input.
        y: annotation of the response.
        ending: of the names of classes.
        word: for the response, in the descriptions of parameters.
        unit: of the response.
        height: prior of the response in the middle of the design.
        floor: prior of what is irreducible.
        excess: prior of what exceeds it, in the middle of the design.
        guess: prior of the response of guessing.
        exponent: prior of the exponent of a power of x.
    """

    x: Any
    y: Any
    ending: str
    word: str
    unit: str
    height: Prior
    floor: Prior
    excess: Prior
    guess: Prior
    exponent: Prior

    def name(self, curve: str) -> str:
        """The name of a law in the catalogue."""
        return f"{curve}-{self.ending.lower()}" if self.ending else curve

    @property
    def symbol(self) -> str:
        """LaTeX of the anchor."""
        quantity = quantity_of(self.x)
        assert isinstance(quantity, Quantity)
        return f"{quantity.symbol}_0"


LOSS_OF_TOKENS = Axes(
    Tokens,
    Loss,
    ending="",
    word="loss",
    unit="nats/token",
    height=LogNormal(3.0, 0.5),
    floor=LogNormal(1.7, 0.35),
    excess=LogNormal(0.4, 1.0),
    # Of a uniform guess among 2,000 to 250,000 tokens of a vocabulary: 7.6 to 12.4.
    guess=LogNormal(10.0, 0.2),
    exponent=LogNormal(0.4, 0.5),
)
# Errors of trained models are anywhere between a tenth and the error of guessing, which is 1 - 1/K for K classes.
ERROR_OF_EXAMPLES = Axes(
    Examples,
    Error,
    ending="Error",
    word="error",
    unit="",
    height=LogNormal(0.5, 0.7),
    floor=LogNormal(0.15, 1.0),
    excess=LogNormal(0.3, 1.0),
    guess=LogitNormal(0.9, 1.5),
    exponent=LogNormal(0.4, 0.7),
)
AXES = (LOSS_OF_TOKENS, ERROR_OF_EXAMPLES)
