"""Figures as vector graphics: SVG that is a part of the page, PDF for LaTeX."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bayescale.show.figures import hover

# Colours that the page sets, so that figures can be read on a dark one.
_INK = {"#000000": "currentColor", "#1a1a1a": "currentColor", "#595959": "currentColor", "#666666": "var(--grey)"}
_PAPER = {"#ffffff": "var(--paper)", "#e6e6e6": "var(--grid)", "#d9d9d9": "var(--band)", "#cccccc": "var(--band)"}


def svg_of(figure: Any, name: str, alternative: str) -> str:
    """Return a figure as an SVG element of an HTML page, its letters drawn as shapes.

    Args:
        figure: of matplotlib.
        name: letters, digits and hyphens; what the element's own names begin with.
        alternative: the text for those who cannot see it.
    """
    from html import escape

    told = list(hover.spoken(figure))
    drawn = _saved(figure, "svg", name).decode("utf-8")
    for group, words in told:
        drawn = hover.with_titles(drawn, group, words)
    # The page has the style that the element would bring along.
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", drawn, flags=re.DOTALL)
    inside = re.search(r'<svg[^>]*?viewBox="([^"]+)"[^>]*>(.*)</svg>', body, flags=re.DOTALL)
    if inside is None:
        raise RuntimeError("matplotlib wrote no SVG element")
    box, content = inside.groups()
    for colour, shown in (_INK | _PAPER).items():
        content = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: {shown}", content)
    # Two figures of a page must not share names; what is never referred to needs none.
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', content))
    content = re.sub(r'\sid="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", content)
    content = re.sub(r'url\(#([^)"]+)\)', rf"url(#{name}-\1)", content)
    content = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{name}-\1"', content)
    head = f'<svg role="img" aria-label="{escape(alternative)}" viewBox="{box}" fill="currentColor">'
    return f"{head}{re.sub(r'\n\s*', '\n', content).strip()}</svg>"


def pdf_of(figure: Any) -> bytes:
    """Return a figure as a PDF file."""
    return _saved(figure, "pdf", "bayescale")


def _saved(figure: Any, form: str, salt: str) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    settings: Any = {"svg.hashsalt": salt, "svg.fonttype": "path", "pdf.fonttype": 42}
    # Dates would make two reports of one fit differ.
    metadata = {"Date": None} if form == "svg" else {"CreationDate": None}
    with rc_context(settings), _without_missing_glyphs():
        figure.savefig(buffer, format=form, transparent=True, bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()


@contextmanager
def _without_missing_glyphs() -> Iterator[None]:
    """Letters that the font lacks are drawn as boxes; the tables have the names in full."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font|Matplotlib currently does not support")
        yield
