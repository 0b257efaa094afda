"""Families that nobody named: a text column that nothing uses, and that splits the table into groups of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from bayescale.data.cells import MISSING_NUMBERS, Values
from bayescale.data.sources import Source
from bayescale.language.errors import DataError, DataWarning

# More groups than this are seldom families, and one value is none; rows and columns that are looked at, at most.
MOST_GROUPS, MOST_ROWS, MOST_COLUMNS = 50, 200_000, 100
NAMED = 4


def unnamed_families(
    source: Source, numbers: Mapping[str, np.ndarray], used: Collection[str], declined: Collection[str]
) -> DataWarning | None:
    """Return a warning where runs of several groups would be fitted as one curve without a word.

    A column that says the size of the model, or names its runs, splits no table into families: of those each has
    several sizes, or several numbers of tokens where there are no sizes.

    Args:
        source: the table.
        numbers: its values by canonical name, over rows.
        used: the columns of the source that are read.
        declined: canonical names that the caller leaves out.
    """
    free = [column for column in source.header if column and column not in used][:MOST_COLUMNS]
    design = next((numbers[name] for name in ("params", "tokens", "compute", "examples") if name in numbers), None)
    if "family" in declined or design is None or not free or len(design) > MOST_ROWS:
        return None
    for column, labels in _texts(source, free).items():
        counts = Counter(labels)
        if 2 <= len(counts) <= MOST_GROUPS and len(labels) == len(design) and _are_families(labels, design):
            return _said(column, counts)
    return None


def _texts(source: Source, columns: Sequence[str]) -> dict[str, list[str]]:
    """The columns of labels, none of which is missing; nothing where a column that nobody wants cannot be read."""
    found: dict[str, list[str]] = {column: [] for column in columns}
    try:
        for chunk in source.chunks(columns):
            for column in list(found):
                if (labels := _labels(chunk.columns[column])) is None:
                    del found[column]
                else:
                    found[column] += labels
            if not found:
                break
    except DataError:
        return {}
    return found


def _labels(values: Values) -> list[str] | None:
    """Cells as labels; None if one is missing or a number."""
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return None
    labels = ["" if value is None else str(value).strip() for value in values]
    for label in set(labels):
        if label.lower() in MISSING_NUMBERS or _is_number(label):
            return None
    return labels


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _are_families(labels: Sequence[str], design: np.ndarray) -> bool:
    """Whether at least two groups have at least two designs each."""
    designs: dict[str, set[float]] = {}
    for label, value in zip(labels, design.tolist(), strict=True):
        designs.setdefault(label, set()).add(value)
    return sum(len(values) > 1 for values in designs.values()) > 1


def _said(column: str, counts: Counter[str]) -> DataWarning:
    named = ", ".join(f"{label!r} ({count})" for label, count in counts.most_common(NAMED))
    more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
    return DataWarning(
        "families-unnamed",
        f"column {column!r} splits the table into {len(counts)} groups ({named}{more}), and no family is named: all "
        f"runs are taken for one curve. Name the families with columns={{'family': {column!r}}}, or say "
        "that they are one, columns={'family': None}.",
    )
