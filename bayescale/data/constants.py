"""What is the same in every row and no column: a number in place of a name, as ``{"chance": "0.25"}``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bayescale.data.cells import LARGEST
from bayescale.data.schema import COLUMNS
from bayescale.language.errors import SettingsError

# What a task has once, whatever model is tried on it.
CONSTANTS = ("chance", "items")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def constants(columns: Mapping[str, Any] | None, header: Sequence[str]) -> tuple[Any, dict[str, float]]:
    """Split what is asked of columns into their names and numbers that hold in every row.

    Only what a task has once, chance and items, may be a number; a column whose own name is ``0.25`` is that column.

    Args:
        columns: canonical name to source column, or to a number.
        header: the source's column names.

    Returns:
        canonical name to source column; canonical name to the number.

    Raises:
        SettingsError: a number that no cell of such a column may be.

    Examples:
        >>> constants({"accuracy": "acc", "chance": "0.25"}, ["acc"])
        ({'accuracy': 'acc'}, {'chance': 0.25})
    """
    if not isinstance(columns, Mapping):
        return columns, {}
    found = {name: float(columns[name]) for name in CONSTANTS if _is_number(columns.get(name), header)}
    for name, value in found.items():
        rule = COLUMNS[name]
        low = value <= rule.lower if rule.strict else value < rule.lower
        upper = min(rule.upper, LARGEST)
        if low or value > upper or not math.isfinite(value):
            share = f"; a share, not a percentage: write {value / 100:g}" if rule.upper == 1 < value <= 100 else ""
            most = f" and at most {upper:g}" if value > upper or rule.upper < math.inf else ""
            raise SettingsError(
                f"{name} must be {'above' if rule.strict else 'at least'} {rule.lower:g}{most}, got {value:g}{share}."
            )
    return {name: column for name, column in columns.items() if name not in found}, found


def _is_number(asked: Any, header: Sequence[str]) -> bool:
    """Whether a number is meant, and no column."""
    if isinstance(asked, str):
        return asked not in header and NUMBER.fullmatch(asked.strip()) is not None
    return isinstance(asked, int | float) and not isinstance(asked, bool)
