"""Counts as people write them: ``7e9`` or ``7B`` parameters, ``1.4e12`` or ``1.4T`` tokens."""

from __future__ import annotations

import re

# Powers of ten.
LETTERS = {"k": 3, "m": 6, "b": 9, "t": 12}
_WITH_LETTER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([kmbt])", re.IGNORECASE)


def count(word: str) -> float:
    """Return the number of a word, which may end in k, M, B or T (trillion).

    Raises:
        ValueError: it is none.

    >>> count("7e9"), count("7B"), count("1.4T"), count("70m")
    (7000000000.0, 7000000000.0, 1400000000000.0, 70000000.0)
    """
    if found := _WITH_LETTER.fullmatch(word.strip()):
        # From text, so that 1.1B is the number next to 1.1e9.
        return float(f"{found[1]}e{LETTERS[found[2].lower()]}")
    return float(word)


def is_count(word: str) -> bool:
    """Whether a word is a number, as :func:`count` reads it."""
    try:
        count(word)
    except ValueError:
        return False
    return True
