"""What results are labelled with where it is no family of the data; no family may be called so."""

from __future__ import annotations

from collections.abc import Sequence

ALL = "(all)"
NEW_FAMILY = "(new family)"
POPULATION = "(population)"

RESERVED = (ALL, NEW_FAMILY, POPULATION)


def common_label(families: Sequence[str]) -> str:
    """Return the label of what is not one family's of several: the name of the only family, else ``(all)``.

    >>> common_label(["dense"]), common_label(["dense", "sparse"]), common_label([])
    ('dense', '(all)', '(all)')
    """
    return families[0] if len(families) == 1 else ALL
