"""Printing expressions: one walk over a formula, whatever the markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bayescale.language.formula import Expression

# Binding strength of operations; symbols, numbers and functions bind more strongly than any.
STRENGTH = {"add": 1, "sub": 1, "neg": 2, "mul": 3, "div": 3, "pow": 5}


def looser(strength: int) -> frozenset[str]:
    """The operations that bind more loosely, which need brackets.

    >>> sorted(looser(3))
    ['add', 'neg', 'sub']
    """
    return frozenset(operation for operation, own in STRENGTH.items() if own < strength)


NONE = looser(0)
# What needs brackets among the operands of an operation. On the right of a minus equal strength does, too.
ON_A_LINE = {"sub": (NONE, looser(2)), "neg": (looser(3),), "mul": (looser(3), looser(3))}


@dataclass(frozen=True)
class Printer:
    """How a markup writes expressions.

    Args:
        symbol: writes a symbol, given in LaTeX.
        number: writes a number.
        brackets: puts brackets around what is printed.
        function: writes a function of a name and printed arguments.
        operations: write an operation, by name, of printed operands; others are functions.
        bracketed: by operation and operand, the operations that need brackets there; none by default.
    """

    symbol: Callable[[str], str]
    number: Callable[[float], str]
    brackets: Callable[[str], str]
    function: Callable[[str, Sequence[str]], str]
    operations: Mapping[str, Callable[..., str]]
    bracketed: Mapping[str, tuple[frozenset[str], ...]]

    def __call__(self, expression: Expression) -> str:
        """Print an expression."""
        kind, operands = expression.operation, expression.operands
        if kind == "symbol":
            return self.symbol(operands[0])
        if kind == "number":
            return self.number(operands[0])
        loose = self.bracketed.get(kind, (NONE,) * len(operands))
        parts = [self._inside(operand, each) for operand, each in zip(operands, loose, strict=True)]
        return self.operations[kind](*parts) if kind in self.operations else self.function(kind, parts)

    def _inside(self, operand: Expression, loose: frozenset[str]) -> str:
        text = self(operand)
        # The sign of a number below an exponent would be read as the minus of the power.
        signed = operand.operation == "number" and operand.operands[0] < 0 and loose >= {"neg", "pow"}
        return self.brackets(text) if signed or operand.operation in loose else text
