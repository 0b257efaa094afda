"""What somebody who wrote a name wrongly may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

# Comparing takes the square of the length: nobody means a name of thousands of letters, nor one of 10,000 columns.
LONGEST, MOST = 100, 2_000


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like a wrong one, whatever the case, or None.

    >>> nearest("Chincila", ["chinchilla", "kaplan-nd"])
    'chinchilla'
    """
    lowered = {str(name).lower(): name for name in islice(known, MOST) if len(str(name)) <= LONGEST}
    if len(str(wrong)) > LONGEST:
        return None
    near = difflib.get_close_matches(str(wrong).lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` as part of a sentence, or nothing."""
    near = nearest(wrong, known)
    return f", did you mean {near!r}?" if near is not None else ""
