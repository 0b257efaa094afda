"""The report as one HTML file without scripts and without anything to load."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from bayescale.laws.describe import formula_mathml
from bayescale.show.cells import Cell
from bayescale.show.escape import one_line
from bayescale.show.grid import LONG, Grid
from bayescale.show.report.blocks import Drawing, Section
from bayescale.show.report.drawing import svg_of
from bayescale.show.report.files import file_name
from bayescale.show.report.template import environment, template_text


def html(title: str, sections: Sequence[Section], citations: Sequence[tuple[str, str, str]], version: str) -> str:
    """Return the page.

    Args:
        title: of the report.
        sections: what it says.
        citations: key, reference in words and what it is cited for.
        version: of the package that wrote it.
    """
    style = template_text("style.css").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html")
        .render(title=title, sections=sections, citations=citations, style=style, digest=digest, version=version)
    )


def in_words(entry: str) -> str:
    """A BibTeX entry as a line of a list of references.

    >>> in_words("@article{a, author = {Doe, J. and Roe, R.}, title = {A {T}itle}, journal = {J}, year = {2020}}")
    'Doe, J. and Roe, R. (2020). A Title. J.'
    """
    fields = dict(re.findall(r"(\w+)\s*=\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", entry))
    plain = {name: _without_tex(value) for name, value in fields.items()}
    author = plain.get("author", "").replace(" and others", " et al.")
    place = plain.get("journal") or plain.get("booktitle") or plain.get("note", "")
    year = f" ({plain['year']})" if "year" in plain else ""
    volume = f" {plain['volume']}" if "volume" in plain else ""
    first = f"{author}{year}"
    return (
        f"{first}{'' if first.endswith('.') else '.'} {plain.get('title', '')}.{f' {place}{volume}.' if place else ''}"
    )


def _without_tex(text: str) -> str:
    accents = {r"\'e": "é", r"\'a": "á", r"\'o": "ó", r"\"o": "ö", r"\"u": "ü", r"\"a": "ä", r"\`e": "è", r"\~n": "ñ"}
    for code, letter in accents.items():
        text = text.replace(code, letter)
    return " ".join(re.sub(r"[{}]|\\&", lambda m: "&" if m[0] == r"\&" else "", text).replace("--", "–").split())


@cache
def _environment() -> Any:
    from markupsafe import Markup

    made = environment(autoescape=True)
    made.filters |= {"line": one_line, "slug": file_name}
    made.globals |= {
        # These two return markup that they have escaped themselves.
        "formula": lambda block: Markup(formula_mathml(block.law)),
        "drawn": lambda block: Markup(_drawn(block)),
        "classes": _classes,
    }
    return made


def _drawn(block: Drawing) -> str:
    return svg_of(block.figure, file_name(block.name), one_line(block.alternative))


def _classes(grid: Grid, index: int, cell: Cell | None = None) -> str:
    """The classes of a cell: how it is aligned, whether it needs several lines, and the verdict that it is."""
    text, status = (cell.text, cell.status) if cell else ("", "")
    return " ".join(filter(None, (grid.sides[index], "long" if len(text) > LONG else "", status)))
