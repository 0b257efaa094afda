"""From cells to numbers and labels: every unusable cell is kept with its row, column and reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from bayescale.data.scaled import SCALED
from bayescale.data.schema import Column
from bayescale.language.counts import written_out
from bayescale.language.errors import BadCell, DataError
from bayescale.language.labels import RESERVED

SHOWN_CELLS = 10
# A table with more bad cells than this is bad as a whole; holding millions of them would exhaust memory.
MOST_CELLS = 100_000
# No count or loss is beyond these; products and ratios of three that are not can be computed with.
LARGEST, SMALLEST = 1e50, 1e-50
# Long enough to recognise a cell by, short enough for one line of a message.
LONGEST_VALUE = 40

MISSING_NUMBERS = frozenset({"", "-", "na", "n/a", "nan", "<na>", "null", "none", "nat"})
# Shorter than the list for numbers: "None" or "NA" may well be the name of a family.
MISSING_TEXTS = frozenset({"", "nan", "<na>"})

THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3}){2,}(\.[0-9]*)?|[0-9]{1,3}(,[0-9]{3})+\.[0-9]*")
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)

# What a source hands over for one column: numbers as numpy has them, or text with None for a missing cell.
Values = np.ndarray | Sequence[str | None]


class CellLog:
    """The unusable cells met while one table is read."""

    def __init__(self, source: str):
        self.source = source
        self.cells: list[BadCell] = []
        self.count = 0
        self.spare: dict[str, None] | None = {}
        self.percent: dict[str, str] = {}

    def add(self, row: int, column: str, value: str, reason: str, *, spare: str | None = None) -> None:
        """Note one cell; ``spare`` is its canonical column where the table could be read without that."""
        self.count += 1
        # One cell of a column that is needed, and leaving columns out is no remedy any more.
        self.spare = None if spare is None or self.spare is None else self.spare | {spare: None}
        if len(self.cells) < MOST_CELLS:
            shown = value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
            self.cells.append(BadCell(row, column, shown, reason))

    def raise_if_any(self) -> None:
        """Raise one error that tells of all cells.

        Raises:
            DataError: when any cell was noted.
        """
        if not self.count:
            return
        cells = tuple(sorted(self.cells, key=lambda cell: cell.row))
        first = "; ".join(str(cell) for cell in cells[:SHOWN_CELLS])
        more = f"; and {self.count - SHOWN_CELLS:,} more" if self.count > SHOWN_CELLS else ""
        noun = "cell" if self.count == 1 else "cells"
        remedy = f" (to leave out what is not needed: columns={self.spare})" if self.spare else ""
        # As a whole: a 1 of such a column would pass for 100 %, so cells are not mended one by one.
        percent = f"; if it is in per cent, read it so: columns={self.percent}" if self.percent else ""
        raise DataError(f"{self.source} has {self.count:,} unusable {noun}: {first}{more}{percent}{remedy}.", cells)


def parse_numbers(
    values: Values, rows: np.ndarray, *, column: Column, name: str, log: CellLog, optional: bool = False
) -> np.ndarray:
    """Read one column of numbers, noting the cells that cannot be used.

    Args:
        values: the cells.
        rows: their row numbers in the source, from 1.
        column: what a usable cell is.
        name: the column's name in the source, for messages.
        log: where unusable cells go.
        optional: whether the table could be read without this column.

    Returns:
        float64 values, over rows; NaN or out of bounds where the cell was noted.
    """
    numbers, broken = _to_floats(values)
    low = numbers <= column.lower if column.strict else numbers < column.lower
    high = numbers > column.upper
    extreme = is_extreme(numbers) & (column.strict | (np.abs(numbers) > LARGEST))  # shares may be next to nothing
    if column.name in SCALED and column.upper == 1 and ((numbers > 1) & (numbers <= 100)).any():
        log.percent[column.name] = f"{name}*0.01"
    for index in np.flatnonzero(broken | low | high | extreme | ~np.isfinite(numbers)).tolist():
        text = _shown(values[index])
        reason = _reason(text, numbers[index], column=column, broken=bool(broken[index]))
        log.add(int(rows[index]), name, text, reason, spare=column.name if optional else None)
    return numbers


def parse_texts(values: Values, rows: np.ndarray, *, column: Column, name: str, log: CellLog) -> list[str]:
    """Read one column of labels (NFC, stripped), noting the cells that cannot be used.

    Args:
        values: the cells.
        rows: their row numbers in the source, from 1.
        column: the canonical column.
        name: the column's name in the source, for messages.
        log: where unusable cells go.

    Returns:
        labels, over rows.
    """
    known: dict[str | float | None, tuple[str, str | None]] = {}
    labels = []
    for index, value in enumerate(values if isinstance(values, list) else list(values)):
        if value not in known:
            label = unicodedata.normalize("NFC", _shown(value)).strip()
            known[value] = label, _label_reason(label, family=column.name == "family")
        label, reason = known[value]
        labels.append(label)
        if reason:
            log.add(int(rows[index]), name, label, reason, spare=None if column.name == "family" else column.name)
    return labels


def is_extreme(numbers: np.ndarray) -> np.ndarray:
    """Which numbers are larger, or nearer to zero, than anything that is measured."""
    return (np.abs(numbers) > LARGEST) | ((numbers != 0) & (np.abs(numbers) < SMALLEST))


def extreme_reason(number: float) -> str:
    """Say why such a number cannot be used."""
    return f"is beyond {LARGEST:.0e}" if abs(number) > LARGEST else f"is nearer to 0 than {SMALLEST:.0e}"


def _to_floats(values: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers (NaN where there is none) and a mask of the cells that are no numbers."""
    broken = np.zeros(len(values), dtype=bool)
    try:
        return np.array(values, dtype=np.float64), broken
    except (TypeError, ValueError):
        pass
    numbers = np.full(len(values), np.nan)
    for index, value in enumerate(values):
        try:
            numbers[index] = np.nan if value is None else float(value)
        except ValueError:
            broken[index] = True
    return numbers, broken


def _reason(text: str, number: float, *, column: Column, broken: bool) -> str:
    """Say why a cell cannot be used."""
    if text.strip().lower() in MISSING_NUMBERS or (not broken and np.isnan(number)):
        return "is missing"
    if broken:
        return "is not a number" + _number_hint(text.strip())
    if np.isinf(number):
        return "is infinite"
    if number > column.upper:
        percent = " (a share, not a percentage: write 0.45 for 45 %)" if column.upper == 1 and number <= 100 else ""
        return f"is above {column.upper:g}{percent}"
    if number < column.lower or (number == column.lower and column.strict):
        return _low_reason(column)
    return extreme_reason(number)


def _low_reason(column: Column) -> str:
    if column.lower == 0:
        return "is not positive" if column.strict else "is negative"
    if column.name == "loss":
        return f"is not above {column.lower:g}, as a perplexity must be"
    return f"is not above {column.lower:g}" if column.strict else f"is below {column.lower:g}"


def _number_hint(text: str) -> str:
    """Return the remedy for the ways in which people and spreadsheets write numbers."""
    if plain := written_out(text):
        return f" (write {plain})"
    if THOUSANDS.fullmatch(text):
        return " (write it without thousands separators)"
    if DECIMAL_COMMA.fullmatch(text):
        return " (write a point as the decimal mark and no thousands separators)"
    return ""


def _label_reason(label: str, *, family: bool) -> str | None:
    """Say why a label cannot be used, or None."""
    if label.lower() in MISSING_TEXTS:
        return "is missing"
    kinds = {unicodedata.category(character) for character in label}
    if "Cc" in kinds:
        return "contains control characters"
    if "Cs" in kinds:
        return "contains halves of characters (surrogates), which no file can hold"
    if family and label.casefold() in RESERVED:
        return "is a reserved name"
    return None


def _shown(value: object) -> str:
    """Return a cell as text: whole floats as integers, as in a table where a gap turned integers into floats."""
    if value is None:
        return ""
    if isinstance(value, float | np.floating):
        return f"{value:.15g}"
    return str(value)
