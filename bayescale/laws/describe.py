"""What the catalogue says of a law: its printed formula and its record for tables and JSON."""

from __future__ import annotations

from typing import Any

from bayescale.language.formula import Expression, formula_of
from bayescale.language.latex import expression_latex, expression_unicode
from bayescale.laws.base import PAGE, Law


def formula(law: type[Law], *, latex: bool = False) -> str:
    """Return the law's formula, ``L(N, D) = ...``, traced from its code.

    Args:
        law: a law class.
        latex: LaTeX without dollar signs instead of Unicode.
    """
    symbols = {p.name: p.symbol for p in law.parameters} | {a.name: a.symbol for a in law.anchors}
    arguments = {argument: quantity.symbol for argument, quantity in law.arguments.items()}
    body = formula_of(law, arguments, symbols)
    printer = expression_latex if latex else expression_unicode
    left = ", ".join(printer(Expression("symbol", (symbol,))) for symbol in arguments.values())
    response = printer(Expression("symbol", (law.response.symbol,)))
    return f"{response}({left}) = {printer(body)}"


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
        "cites": list(law.cites),
    }
