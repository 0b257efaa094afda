"""Counts as people write them: ``7e9`` or ``7B`` parameters, ``1.4e12`` or ``1.4T`` tokens."""

from __future__ import annotations

import re

# Powers of ten.
LETTERS = {"k": 3, "m": 6, "g": 9, "b": 9, "t": 12}
_WITH_LETTER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([kmgbt])", re.IGNORECASE)


def written_out(word: str) -> str | None:
    """Return a number that ends in a letter as one with an exponent; None for any other word.

    >>> written_out("1.4T"), written_out("7e9")
    ('1.4e12', None)
    """
    found = _WITH_LETTER.fullmatch(word.strip())
    return f"{found[1]}e{LETTERS[found[2].lower()]}" if found else None


def count(word: str) -> float:
    """Return the number of a word, which may end in k, M, B (or G) or T.

    Raises:
        ValueError: it is none.

    >>> count("7e9"), count("7B"), count("1.4T"), count("70m")
    (7000000000.0, 7000000000.0, 1400000000000.0, 70000000.0)
    """
    return float(written_out(word) or word)


def is_count(word: str) -> bool:
    """Whether a word is a number, as :func:`count` reads it."""
    try:
        count(word)
    except ValueError:
        return False
    return True
