"""Printing expressions: LaTeX for papers, Unicode for terminals."""

from __future__ import annotations

from collections.abc import Callable

from bayescale.language.formula import Expression

# Binding strength: an operand that binds more loosely than its operation needs brackets.
STRENGTH = {"add": 1, "sub": 1, "neg": 2, "mul": 3, "div": 3, "pow": 5}
_UNICODE = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "psi": "ψ", "omega": "ω",
}  # fmt: skip
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def expression_latex(expression: Expression) -> str:
    """Return LaTeX, without dollar signs.

    >>> expression_latex(Expression("add", (Expression("symbol", ("E",)), Expression("number", (2.0,)))))
    'E + 2'
    """
    kind, operands = expression.operation, expression.operands
    if kind == "symbol":
        return operands[0]
    if kind == "number":
        return f"{operands[0]:g}"
    if kind == "div":
        return rf"\frac{{{expression_latex(operands[0])}}}{{{expression_latex(operands[1])}}}"
    if kind == "pow":
        return f"{_inside(operands[0], 6, expression_latex, latex=True)}^{{{expression_latex(operands[1])}}}"
    if kind == "exp":
        return f"e^{{{expression_latex(operands[0])}}}"
    if kind == "sqrt":
        return rf"\sqrt{{{expression_latex(operands[0])}}}"
    if kind in STRENGTH:
        return _infix(expression, expression_latex, r" \, ", latex=True)
    name = rf"\{kind}" if kind in ("log", "min", "max", "tanh") else rf"\operatorname{{{kind}}}"
    return rf"{name}\left({', '.join(map(expression_latex, operands))}\right)"


def expression_unicode(expression: Expression) -> str:
    """Return one line of Unicode text."""
    kind, operands = expression.operation, expression.operands
    if kind == "symbol":
        return plain_symbol(operands[0])
    if kind == "number":
        return f"{operands[0]:g}"
    if kind == "div":
        return f"{_inside(operands[0], 3, expression_unicode)}/{_inside(operands[1], 4, expression_unicode)}"
    if kind == "pow":
        return (
            f"{_inside(operands[0], 6, expression_unicode)}^{_inside(operands[1], 6, expression_unicode, unary=True)}"
        )
    if kind in STRENGTH:
        return _infix(expression, expression_unicode, "·")
    return f"{kind}({', '.join(map(expression_unicode, operands))})"


def plain_symbol(latex: str) -> str:
    r"""Return a LaTeX symbol as plain Unicode.

    >>> plain_symbol(r"\alpha_{N}"), plain_symbol("N_0"), plain_symbol(r"k_\eta")
    ('α_N', 'N₀', 'k_η')
    """
    head, _, tail = latex.partition("_")
    head = _UNICODE.get(head.lstrip("\\"), head.lstrip("\\"))
    tail = tail.strip("{}")
    tail = _UNICODE.get(tail.lstrip("\\"), tail.lstrip("\\"))
    return head + (tail.translate(_SUBSCRIPTS) if tail.isdigit() else f"_{tail}" if tail else "")


def _infix(expression: Expression, printer: Callable[..., str], times: str, latex: bool = False) -> str:
    kind, operands = expression.operation, expression.operands
    own = STRENGTH[kind]
    if kind == "neg":
        return f"-{_inside(operands[0], own + 1, printer, latex)}"
    mark = {"add": " + ", "sub": " - ", "mul": times}[kind]
    # The right operand of a minus needs brackets already at equal strength.
    right = own + 1 if kind == "sub" else own
    return f"{_inside(operands[0], own, printer, latex)}{mark}{_inside(operands[1], right, printer, latex)}"


def _inside(
    expression: Expression, needed: int, printer: Callable[..., str], latex: bool = False, unary: bool = False
) -> str:
    text = printer(expression)
    strength = STRENGTH.get(expression.operation, 9)
    if strength >= needed or (unary and expression.operation == "neg"):
        return text
    return rf"\left({text}\right)" if latex else f"({text})"
