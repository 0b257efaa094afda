"""The report as a folder of LaTeX: a document, its tables, a paragraph on methods, and the bibliography."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from bayescale.laws.describe import formula
from bayescale.show.escape import breakable, escape
from bayescale.show.report.blocks import Drawing, Section, Table
from bayescale.show.report.drawing import pdf_of
from bayescale.show.report.files import file_name
from bayescale.show.report.template import environment

# Tables of more rows go on over pages.
LONG = 30
# Characters that pdfLaTeX prints by itself: ASCII, and letters of European languages written in Latin.
_KNOWN = frozenset(range(0x20, 0x7F)) | frozenset(range(0xA1, 0x180)) - {0xAD}


def latex(
    title: str, sections: Sequence[Section], methods: str, bibtex: str, macros: str, version: str
) -> dict[str, str | bytes]:
    """Return the files of the folder by their names in it.

    Args:
        title: of the report.
        sections: what it says.
        methods: LaTeX of a paragraph.
        bibtex: entries of all that is cited.
        macros: the numbers for manuscripts.
        version: of the package that wrote it.
    """
    blocks = [block for section in sections for block in section.blocks]
    files: dict[str, str | bytes] = {
        f"tables/{file_name(block.name)}.tex": table_latex(block) for block in blocks if isinstance(block, Table)
    }
    drawings = {f"figures/{file_name(b.name)}.pdf": pdf_of(b.figure) for b in blocks if isinstance(b, Drawing)}
    body = (
        _environment()
        .get_template("report.tex")
        .render(title=escape(title), sections=sections, version=version, characters="")
    )
    texts = "".join([body, methods, macros, *(str(text) for text in files.values())])
    declared = "\n".join(_characters(texts))
    body = (
        _environment()
        .get_template("report.tex")
        .render(title=escape(title), sections=sections, version=version, characters=declared)
    )
    named = {"report.tex": body, "methods.tex": methods, "macros.tex": macros, "references.bib": bibtex}
    return {**named, **files, **drawings}


def table_latex(block: Table) -> str:
    """A table with its caption; a long one goes on over pages."""
    caption, label = escape(block.caption), f"tab:{file_name(block.name)}"
    if len(block.grid.rows) > LONG:
        return block.grid.longtable(rf"{caption}\label{{{label}}}")
    tabular = block.grid.latex(stacked=True).rstrip("\n")
    named = [rf"\caption{{{caption}}}", rf"\label{{{label}}}"]
    return "\n".join([r"\begin{table}", r"\centering\small", *named, rf"\fitline{{{tabular}}}", r"\end{table}"]) + "\n"


def _characters(text: str) -> Iterator[str]:
    """Declarations of the characters that pdfLaTeX does not know: it then prints their numbers and goes on."""
    unknown = sorted({c for c in text if ord(c) not in _KNOWN and not unicodedata.category(c).startswith("C")})
    if unknown:
        yield r"% Letters that pdfLaTeX has no font for are printed as their numbers; XeLaTeX and LuaLaTeX print them."
        yield r"\ifdefined\DeclareUnicodeCharacter"
        for character in unknown:
            code = f"{ord(character):04X}"
            yield rf"\DeclareUnicodeCharacter{{{code}}}{{{_SPELT.get(character, rf'\texttt{{<{code}>}}')}}}"
        yield r"\fi"


_SPELT = {"×": r"\ensuremath{\times}", "−": r"\ensuremath{-}", "≤": r"\ensuremath{\leq}", "–": r"\textendash{}"}


@cache
def _environment() -> Any:
    made = environment(
        autoescape=False,  # of HTML; what goes into LaTeX is escaped by the filters
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<{",
        variable_end_string="}>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    made.filters |= {"tex": escape, "breakable": breakable, "slug": file_name}
    made.globals["formula"] = lambda block: formula(block.law, latex=True)
    return made
