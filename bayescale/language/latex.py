"""Printing expressions: LaTeX for papers, Unicode for terminals."""

from __future__ import annotations

from collections.abc import Sequence

from bayescale.language.formula import Expression
from bayescale.language.printing import NONE, ON_A_LINE, Printer, looser

_UNICODE = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "psi": "ψ", "omega": "ω",
}  # fmt: skip
# Functions that LaTeX has a command for.
_COMMANDS = ("log", "min", "max", "tanh")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def expression_latex(expression: Expression) -> str:
    """Return LaTeX, without dollar signs.

    >>> expression_latex(Expression("add", (Expression("symbol", ("E",)), Expression("number", (2.0,)))))
    'E + 2'
    """
    return _LATEX(expression)


def expression_unicode(expression: Expression) -> str:
    """Return one line of Unicode text.

    >>> expression_unicode(Expression("neg", (Expression("symbol", (r"\\alpha",)),)))
    '-α'
    """
    return _TEXT(expression)


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


def _function(name: str, arguments: Sequence[str]) -> str:
    command = rf"\{name}" if name in _COMMANDS else rf"\operatorname{{{name}}}"
    return rf"{command}\left({', '.join(arguments)}\right)"


_LATEX = Printer(
    symbol=str,
    number="{:g}".format,
    brackets=r"\left({}\right)".format,
    function=_function,
    operations={
        "add": "{} + {}".format,
        "sub": "{} - {}".format,
        "neg": "-{}".format,
        "mul": r"{} \, {}".format,
        "div": r"\frac{{{}}}{{{}}}".format,
        "pow": "{}^{{{}}}".format,
        "exp": "e^{{{}}}".format,
        "sqrt": r"\sqrt{{{}}}".format,
    },
    bracketed=ON_A_LINE | {"pow": (looser(6), NONE)},
)
_TEXT = Printer(
    symbol=plain_symbol,
    number="{:g}".format,
    brackets="({})".format,
    function=lambda name, arguments: f"{name}({', '.join(arguments)})",
    operations={
        "add": "{} + {}".format,
        "sub": "{} - {}".format,
        "neg": "-{}".format,
        "mul": "{}·{}".format,
        "div": "{}/{}".format,
        "pow": "{}^{}".format,
    },
    # The minus of an exponent is read as its sign.
    bracketed=ON_A_LINE | {"div": (looser(3), looser(4)), "pow": (looser(6), looser(6) - {"neg"})},
)
