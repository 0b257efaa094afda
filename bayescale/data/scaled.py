"""Counts in millions and shares in per cent: a column that is read times a number, as ``"tokens_b*1e9"``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bayescale.data.schema import DESIGN_COLUMNS

# Counts that people write in other units, and shares that they write in per cent.
SCALED = (*DESIGN_COLUMNS, "accuracy", "error", "chance", "accuracy_se", "error_se")

# Far more than the units of any count are apart; a column times more than this is none.
MOST_TIMES = 1e30
TIMES = re.compile(r"(?P<column>.*\S)\s*\*\s*(?P<factor>\d+(?:\.\d*)?(?:[eE][+]?\d+)?)")


def unscaled(
    columns: Mapping[str, str | None] | None, header: Sequence[str]
) -> tuple[Mapping[str, str | None] | None, dict[str, float]]:
    """Split what is asked of columns into their names and the numbers that they are read times.

    Only params, tokens and compute are counts that people write in other units, and only accuracy, error and chance
    shares that they write in per cent; a column whose own name is ``tokens_b*1e9`` is that column.

    Args:
        columns: canonical name to source column, or to a source column times a number.
        header: the source's column names.

    Returns:
        canonical name to source column; canonical name to the number.

    Examples:
        >>> unscaled({"tokens": "tokens_b*1e9", "loss": "val*2"}, ["tokens_b", "val"])
        ({'tokens': 'tokens_b', 'loss': 'val*2'}, {'tokens': 1000000000.0})
    """
    if not isinstance(columns, Mapping):
        return columns, {}
    names, factors = dict(columns), {}
    for canonical in (name for name in SCALED if isinstance(names.get(name), str)):
        asked = str(names[canonical])
        found = None if asked in header else TIMES.fullmatch(asked)
        if found and 1 / MOST_TIMES <= float(found["factor"]) <= MOST_TIMES:
            names[canonical], factors[canonical] = found["column"], float(found["factor"])
    return names, factors


def scale_of(column: str, median: float, least: float) -> str:
    """Return a column with the factor that brings its median where such counts are, at least to ``least``.

    >>> scale_of("tokens_b", 15.2, 1e8), scale_of("size", 410.0, 1e7)
    ('tokens_b*1e9', 'size*1e6')
    >>> scale_of("tokens_b*1e3", 15200.0, 1e8)
    'tokens_b*1e9'
    """
    found = TIMES.fullmatch(column)
    name, already = (found["column"], float(found["factor"])) if found else (column, 1.0)
    power = 6 if median * 1e6 >= least else 9
    return f"{name}*{already * 10**power:g}".replace("e+0", "e").replace("e+", "e")
