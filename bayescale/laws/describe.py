"""What the catalogue says of a law: its printed formula and its record for tables and JSON."""

from __future__ import annotations

from html import escape
from typing import Any

from bayescale.language.formula import Expression, formula_of
from bayescale.language.latex import expression_latex, expression_unicode
from bayescale.language.mathml import expression_mathml
from bayescale.laws.base import PAGE, Law


def formula(law: type[Law], *, latex: bool = False) -> str:
    """Return the law's formula, ``L(N, D) = ...``, traced from its code.

    Args:
        law: a law class.
        latex: LaTeX without dollar signs instead of Unicode.
    """
    printer = expression_latex if latex else expression_unicode
    response, arguments, body = _parts(law)
    return f"{printer(response)}({', '.join(map(printer, arguments))}) = {printer(body)}"


def formula_mathml(law: type[Law]) -> str:
    """Return the law's formula as a MathML element, with its plain form as the text for those who cannot see it."""
    response, arguments, body = _parts(law)
    inputs = "<mo>,</mo>".join(map(expression_mathml, arguments))
    left = f"{expression_mathml(response)}<mo>⁡</mo><mrow><mo>(</mo>{inputs}<mo>)</mo></mrow>"
    right = expression_mathml(body)
    return f'<math display="block" alttext="{escape(formula(law))}"><mrow>{left}<mo>=</mo>{right}</mrow></math>'


def _parts(law: type[Law]) -> tuple[Expression, tuple[Expression, ...], Expression]:
    """Response, arguments and body of the formula."""
    symbols = {p.name: p.symbol for p in law.parameters} | {a.name: a.symbol for a in law.anchors}
    arguments = {argument: quantity.symbol for argument, quantity in law.arguments.items()}
    body = formula_of(law, arguments, symbols)
    left = tuple(Expression("symbol", (symbol,)) for symbol in arguments.values())
    return Expression("symbol", (law.response.symbol,)), left, body


def law_record(law: type[Law]) -> dict[str, Any]:
    """Return the law as one JSON-ready record: what it takes, gives, claims, needs, estimates and cites."""
    return {
        "name": law.name,
        "summary": (law.__doc__ or "").strip().splitlines()[0],
        "inputs": list(law.inputs()),
        "response": law.response.name,
        "formula": formula(law),
        **{page: getattr(law, page) for page in PAGE},
        "parameters": [
            {"name": p.name, "meaning": p.meaning, "unit": p.unit, "symbol": p.symbol, "prior": str(p.prior)}
            for p in law.parameters
        ],
        "derived": [
            {"name": d.name, "meaning": d.doc, "unit": d.unit, "symbol": d.symbol} for d in law.derived_quantities
        ],
        "published": list(law.published),
        "unpublished": law.unpublished,
        "cites": list(law.cites),
    }
