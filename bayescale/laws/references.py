"""The bibliography that every citation key of the package points into."""

from __future__ import annotations

import re
from importlib.resources import files

from bayescale.language.errors import LawError


def bibliography() -> dict[str, str]:
    """Return every BibTeX entry by its key."""
    text = (files("bayescale.laws") / "references.bib").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=@)", text)
    return {match[1]: entry.strip() for entry in entries if (match := re.match(r"@\w+\{([^,]+),", entry))}


def citation(key: str) -> str:
    """Return the BibTeX entry of a key.

    Raises:
        LawError: an unknown key.
    """
    known = bibliography()
    if key not in known:
        raise LawError(f"There is no reference {key!r}; the bibliography has {', '.join(known)}.")
    return known[key]
