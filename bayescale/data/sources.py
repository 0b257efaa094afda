"""Where tables come from: one interface over text files, Parquet files and DataFrames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bayescale.data.cells import Values
from bayescale.language.errors import DataError


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some consecutive rows: their numbers in the source (first data row is 1) and the cells of each column."""

    rows: np.ndarray
    columns: dict[str, Values]


# Columns of a table at most; the widest public ones have some hundred.
MOST_COLUMNS = 10_000
# The name of a table that has none.
FRAME = "DataFrame"


class Source(ABC):
    """A table that is read in chunks, so that memory stays bounded whatever its size."""

    name: str
    header: tuple[str, ...]

    @abstractmethod
    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """Yield the rows of the wanted columns, in order."""


def check_header(header: Sequence[str], *, name: str) -> None:
    """Refuse a header of more columns than a table of runs has, or in which a column name is used twice.

    Raises:
        DataError: with their number, or the names that repeat.
    """
    if len(header) > MOST_COLUMNS:
        raise DataError(
            f"{name} has {len(header):,} columns and up to {MOST_COLUMNS:,} are read: keep those that the runs need."
        )
    repeated = sorted(column for column, count in Counter(header).items() if column and count > 1)
    if repeated:
        names = ", ".join(repr(column) for column in repeated)
        raise DataError(f"{name} has more than one column named {names}: rename or remove the others.")


def too_many_rows(name: str, max_rows: int) -> DataError:
    """Return the error for a table beyond the limit."""
    return DataError(
        f"{name} has more than max_rows={max_rows:,} rows: keep one row per run or thin the checkpoints, "
        "or raise max_rows."
    )
