"""The cells of printed tables: the same words or number as plain text, as Markdown and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bayescale.language.declare import default_symbol
from bayescale.language.latex import plain_symbol
from bayescale.show.escape import breakable, escape, escape_markdown, one_line
from bayescale.show.numbers import format_estimate, format_number, powers

_SIMPLE_NAME = re.compile(r"([A-Za-z]|alpha|beta|gamma|delta|eta|kappa|lambda|mu|nu|rho|sigma|tau|phi|omega)(_\w+)?")
LONGEST_WORD = 24


@dataclass(frozen=True)
class Cell:
    """What stands at one place of a table.

    Args:
        text: as plain text, on one line; whoever prints HTML escapes it.
        markdown: as Markdown.
        latex: as LaTeX.
        status: ``"pass"``, ``"warn"`` or ``"fail"`` of a verdict, which pages colour; empty for all else.
    """

    text: str
    markdown: str
    latex: str
    status: str = field(default="", repr=False)


EMPTY = Cell("", "", "")


def words(text: str, *, absent: str = "") -> Cell:
    """Text of any origin, printed as it stands; ``absent`` where there is none.

    >>> words("R&D_1").latex
    'R\\\\&D\\\\_1'
    """
    shown = one_line(text) or absent
    if shown == "–":
        return Cell(shown, shown, "--")
    # A word of more letters than this sticks out of a column if it cannot be broken.
    is_long = any(len(word) > LONGEST_WORD for word in shown.split())
    return Cell(shown, escape_markdown(shown), breakable(shown) if is_long else escape(shown))


def number(value: float, *, digits: int = 3) -> Cell:
    """A number to a count of significant digits.

    >>> number(7.2e9)
    Cell(text='7.2×10⁹', markdown='7.2×10⁹', latex='$7.2\\\\times10^{9}$')
    """
    text = powers(format_number(value, digits=digits))
    return Cell(text, text, f"${format_number(value, digits=digits, latex=True)}$")


def estimate(
    median: float, lower: float, upper: float, *, digits: int = 3, errors: Sequence[float] | None = None
) -> tuple[Cell, Cell]:
    """A median and its interval, as :func:`bayescale.show.numbers.format_estimate` rounds them."""
    plain = format_estimate(median, lower, upper, digits=digits, errors=errors)
    latex = format_estimate(median, lower, upper, digits=digits, latex=True, errors=errors)
    middle, interval = (Cell(powers(p), powers(p), f"${code}$") for p, code in zip(plain, latex, strict=True))
    return middle, interval


def parameter(name: str) -> Cell:
    """The name of a posterior variable: its symbol where it is a letter, and the name itself where it is a word.

    >>> parameter("alpha_population").text, parameter("alpha_population").latex, parameter("floor").text
    ('α_population', '$\\\\alpha_{\\\\mathrm{population}}$', 'floor')
    """
    if not _SIMPLE_NAME.fullmatch(name):
        return words(name)
    head, _, tail = name.partition("_")
    code = f"${default_symbol(head)}{rf'_{{\mathrm{{{escape(tail)}}}}}' if tail else ''}$"
    text = plain_symbol(default_symbol(head)) + (f"_{tail}" if tail else "")
    return Cell(text, escape_markdown(text), code)
