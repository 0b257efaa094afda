"""Formulas as LaTeX, as text and as MathML are the same formula, with brackets where they are needed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bayescale.language.formula import Expression
from bayescale.language.latex import expression_latex, expression_unicode
from bayescale.language.mathml import expression_mathml
from bayescale.laws import CATALOGUE
from bayescale.laws.describe import formula, formula_mathml

# Elements of MathML that take two others, no more and no less.
PAIRS = ("mfrac", "msub", "msup")
X, MINUS = Expression("symbol", ("x",)), Expression("number", (-1.5,))


def of(operation: str, *operands: Expression) -> Expression:
    return Expression(operation, operands)


def check_mathml(markup: str) -> ElementTree.Element:
    element = ElementTree.fromstring(markup)
    for part in element.iter():
        assert part.tag not in PAIRS or len(part) == 2, ElementTree.tostring(part, "unicode")
    return element


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_formulas_of_laws_are_mathml_with_their_text(law):
    element = check_mathml(formula_mathml(law))
    assert element.tag == "math"
    assert element.get("alttext") == formula(law)


# LaTeX, text, and the text of the MathML, in which brackets stand as in the others.
PRINTED = {
    "a sum in a product": (of("mul", of("add", X, X), X), r"\left(x + x\right) \, x", "(x + x)·x"),
    "a sum right of a minus": (of("sub", X, of("add", X, X)), r"x - \left(x + x\right)", "x - (x + x)"),
    "a sum left of a minus": (of("sub", of("add", X, X), X), "x + x - x", "x + x - x"),
    "a minus in a sum": (of("add", X, of("neg", X)), "x + -x", "x + -x"),
    "the minus of a sum": (of("neg", of("add", X, X)), r"-\left(x + x\right)", "-(x + x)"),
    "a fraction below a fraction": (of("div", X, of("div", X, X)), r"\frac{x}{\frac{x}{x}}", "x/(x/x)"),
    "the power of a power": (of("pow", of("pow", X, X), X), r"\left(x^{x}\right)^{x}", "(x^x)^x"),
    "the minus of an exponent": (of("pow", X, of("neg", X)), "x^{-x}", "x^-x"),
    "a sum in an exponent": (of("pow", X, of("add", X, X)), "x^{x + x}", "x^(x + x)"),
    "a negative number in an exponent": (of("exp", MINUS), "e^{-1.5}", "exp(-1.5)"),
    "the power of a negative number": (of("pow", MINUS, X), r"\left(-1.5\right)^{x}", "(-1.5)^x"),
    "a function": (of("softplus", X), r"\operatorname{softplus}\left(x\right)", "softplus(x)"),
    "a function that LaTeX knows": (of("min", X, of("sub", X, X)), r"\min\left(x, x - x\right)", "min(x, x - x)"),
}


@pytest.mark.parametrize("kind", PRINTED)
def test_operations_are_printed_with_the_brackets_that_they_need(kind):
    expression, latex, text = PRINTED[kind]
    assert (expression_latex(expression), expression_unicode(expression)) == (latex, text)
    made = check_mathml(expression_mathml(expression))
    # On paper powers and fractions need no brackets around what is above or below, as in LaTeX.
    assert "".join(made.itertext()).count("(") == latex.count("(")
