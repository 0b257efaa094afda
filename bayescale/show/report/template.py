"""The templates of a report, and how they are filled."""

from __future__ import annotations

from importlib import resources
from typing import Any


def template_text(name: str) -> str:
    """Return a file of the templates."""
    return (resources.files("bayescale.show.report") / "templates" / name).read_text(encoding="utf-8")


def environment(*, autoescape: bool, **delimiters: Any) -> Any:
    """Return Jinja's environment for one markup; a name that is not defined is an error.

    Args:
        autoescape: whether texts are escaped for HTML.
        delimiters: of blocks, variables and comments, where the usual ones mean something in the markup.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(template_text),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **delimiters,
    )
    made.globals["kind"] = lambda block: type(block).__name__
    return made
