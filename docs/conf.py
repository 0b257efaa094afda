"""How Sphinx builds the site: ``make docs`` writes it to build/docs, and a warning is an error."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from make_site import make, relinked_in_place, with_other_pages  # noqa: E402

project = "bayescale"
author = copyright = "The bayescale authors"
release = version = version_of("bayescale")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "sphinxcontrib.bibtex"]
exclude_patterns = ["images"]
html_theme = "furo"
html_title = "bayescale"
html_show_copyright = html_show_sourcelink = False
myst_enable_extensions = ["dollarmath"]
smartquotes = False  # options keep both of their dashes
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
bibtex_bibfiles = ["../bayescale/laws/references.bib"]
# Surname, year and the first word of the title, as all keys of the bibliography.
KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z]+\b")


def cite(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Make citations of the keys below "References:" of a docstring."""
    below = False
    for position, line in enumerate(lines):
        if re.fullmatch(r"\s*[A-Z][a-z]+:\s*", line):
            below = line.strip() == "References:"
        elif below:
            lines[position] = KEY.sub(r":cite:t:`\g<0>`", line)


def lead(app: Any, docname: str, source: list[str]) -> None:
    """List pages that the index does not name, and lead links to files of other folders to where the site has them."""
    if docname == "index":
        source[0] = with_other_pages(source[0])
    if not docname.startswith("generated/"):
        source[0] = relinked_in_place(source[0], DOCS / Path(docname).parent)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    make()
    app.connect("autodoc-process-docstring", cite, priority=400)
    app.connect("source-read", lead)
