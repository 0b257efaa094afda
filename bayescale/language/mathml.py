"""Printing expressions as MathML, which browsers show and screen readers read without scripts or fonts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bayescale.language.formula import Expression
from bayescale.language.latex import plain_symbol
from bayescale.language.printing import NONE, ON_A_LINE, Printer, looser


def expression_mathml(expression: Expression) -> str:
    """Return presentation MathML of an expression, to stand inside of ``<math>``.

    >>> expression_mathml(Expression("add", (Expression("symbol", ("E",)), Expression("number", (2.0,)))))
    '<mrow><mi>E</mi><mo>+</mo><mn>2</mn></mrow>'
    """
    return _MATHML(expression)


def symbol_mathml(latex: str) -> str:
    r"""Return the MathML of a LaTeX symbol.

    >>> symbol_mathml(r"\alpha_{N}"), symbol_mathml("N_0")
    ('<msub><mi>α</mi><mi>N</mi></msub>', '<msub><mi>N</mi><mn>0</mn></msub>')
    """
    head, _, tail = latex.partition("_")
    first = f"<mi>{escape(plain_symbol(head))}</mi>"
    if not tail:
        return first
    below = escape(plain_symbol(tail.strip("{}")))
    tag = "mn" if below.isdigit() else "mi"
    return f"<msub>{first}<{tag}>{below}</{tag}></msub>"


def _brackets(inner: str) -> str:
    return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"


def _row(inner: str) -> str:
    return f"<mrow>{inner}</mrow>"


def _number(value: float) -> str:
    shown = f"<mn>{abs(value):g}</mn>"
    return _row(f"<mo>−</mo>{shown}") if value < 0 else shown


def _function(name: str, arguments: Sequence[str]) -> str:
    return _row(f"<mi>{escape(name)}</mi><mo>\N{FUNCTION APPLICATION}</mo>{_brackets('<mo>,</mo>'.join(arguments))}")


# Fractions and powers take exactly two elements, so what may be several stands in a row of its own.
_MATHML = Printer(
    symbol=symbol_mathml,
    number=_number,
    brackets=_brackets,
    function=_function,
    operations={
        "add": "<mrow>{}<mo>+</mo>{}</mrow>".format,
        "sub": "<mrow>{}<mo>−</mo>{}</mrow>".format,
        "neg": "<mrow><mo>−</mo>{}</mrow>".format,
        "mul": "<mrow>{}<mo>\N{INVISIBLE TIMES}</mo>{}</mrow>".format,
        "div": "<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>".format,
        "pow": "<msup>{}<mrow>{}</mrow></msup>".format,
        "exp": "<msup><mi>e</mi><mrow>{}</mrow></msup>".format,
        "sqrt": "<msqrt>{}</msqrt>".format,
    },
    bracketed=ON_A_LINE | {"pow": (looser(6), NONE)},
)
