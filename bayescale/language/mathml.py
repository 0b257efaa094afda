"""Printing expressions as MathML, which browsers show and screen readers read without scripts or fonts."""

from __future__ import annotations

from html import escape

from bayescale.language.formula import Expression
from bayescale.language.latex import STRENGTH, plain_symbol

_SIGNS = {"add": "+", "sub": "−", "mul": "⁢"}  # times is invisible, as on paper


def expression_mathml(expression: Expression) -> str:
    """Return presentation MathML of an expression, to stand inside of ``<math>``.

    >>> expression_mathml(Expression("add", (Expression("symbol", ("E",)), Expression("number", (2.0,)))))
    '<mrow><mi>E</mi><mo>+</mo><mn>2</mn></mrow>'
    """
    kind, operands = expression.operation, expression.operands
    if kind == "symbol":
        return symbol_mathml(operands[0])
    if kind == "number":
        return f"<mn>{operands[0]:g}</mn>".replace("<mn>-", "<mo>−</mo><mn>")
    parts = [expression_mathml(operand) for operand in operands]
    if kind == "div":
        return f"<mfrac>{_row(parts[0])}{_row(parts[1])}</mfrac>"
    if kind == "pow":
        return f"<msup>{_inside(operands[0], 6)}{_row(parts[1])}</msup>"
    if kind == "exp":
        return f"<msup><mi>e</mi>{_row(parts[0])}</msup>"
    if kind == "sqrt":
        return f"<msqrt>{parts[0]}</msqrt>"
    if kind == "neg":
        return f"<mrow><mo>−</mo>{_inside(operands[0], STRENGTH[kind] + 1)}</mrow>"
    if kind in _SIGNS:
        # The right operand of a minus needs brackets already at equal strength.
        left, right = STRENGTH[kind], STRENGTH[kind] + (kind == "sub")
        return f"<mrow>{_inside(operands[0], left)}<mo>{_SIGNS[kind]}</mo>{_inside(operands[1], right)}</mrow>"
    return f"<mrow><mi>{escape(kind)}</mi><mo>⁡</mo>{_brackets('<mo>,</mo>'.join(parts))}</mrow>"


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


def _inside(expression: Expression, needed: int) -> str:
    printed = expression_mathml(expression)
    return printed if STRENGTH.get(expression.operation, 9) >= needed else _brackets(printed)


def _brackets(inner: str) -> str:
    return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"


def _row(inner: str) -> str:
    return f"<mrow>{inner}</mrow>"
