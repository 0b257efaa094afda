"""DataFrames and Parquet files as sources; neither is ever changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from bayescale.data.cells import Values
from bayescale.data.sources import FRAME, Chunk, Source, check_header, too_many_rows
from bayescale.data.text_files import ANY_EXPANSION, EXPANSION
from bayescale.language.errors import DataError

# Rows turned from Parquet into memory at a time.
BATCH_ROWS = 65_536
# Bytes of a binary cell of fixed width; decimals have up to 32.
LONGEST_FIXED = 64
# Bits of a whole number that is shown by its digits; no float is as large.
LONGEST_WHOLE = 2_048


class FrameSource(Source):
    """A pandas DataFrame; its index is ignored, row k is ``frame.iloc[k - 1]``.

    Args:
        frame: the table.
        max_rows: the largest number of rows to accept.

    Raises:
        DataError: when it has no rows, too many, or ambiguous columns.
    """

    def __init__(self, frame: pd.DataFrame, *, max_rows: int):
        self.name = FRAME
        if isinstance(frame.columns, pd.MultiIndex):
            raise DataError("DataFrame has columns of several levels: flatten them to one name each.")
        self.header = tuple(str(name).strip() for name in frame.columns)
        check_header(self.header, name=self.name)
        _check_length(len(frame), name=self.name, max_rows=max_rows)
        self._frame = frame

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """Yield all rows of the wanted columns."""
        columns = {name: cells_of(self._frame.iloc[:, self.header.index(name)]) for name in wanted}
        yield Chunk(np.arange(1, len(self._frame) + 1), columns)


class ParquetSource(Source):
    """A Parquet file.

    Args:
        path: the file.
        max_rows: the largest number of rows to accept.

    Raises:
        DataError: when it is no Parquet file, or has no rows, too many, or ambiguous columns.
    """

    def __init__(self, path: Path, *, max_rows: int):
        self.name = path.name
        self._path = path
        with self._opened() as file:
            self._names = tuple(file.schema_arrow.names)
            rows = file.metadata.num_rows
            self._limits = limits(file, path.stat().st_size)
        self.header = tuple(name.strip() for name in self._names)
        check_header(self.header, name=self.name)
        _check_length(rows, name=self.name, max_rows=max_rows)

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """Yield the rows of the wanted columns, in order."""
        names = {name: self._names[self.header.index(name)] for name in wanted}
        for stored in names.values():
            if reason := self._limits.get(stored):
                raise DataError(f"{self.name}, column {stored!r}: {reason}.")
        first = 1
        with self._opened(list(names.values())) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(names.values())):
                columns = {name: _arrow_cells(batch.column(stored)) for name, stored in names.items()}
                yield Chunk(np.arange(first, first + batch.num_rows), columns)
                first += batch.num_rows

    @contextmanager
    def _opened(self, texts: Sequence[str] = ()) -> Iterator[Any]:
        """Open the file, with an error in one sentence where it is damaged, as its end or as any page of it.

        Args:
            texts: columns of which equal texts are to be one in memory: a page may name a long one a million times.
        """
        try:
            from pyarrow import ArrowException, parquet
        except ImportError as error:
            raise DataError(f"{self.name} needs pyarrow to be read: pip install pyarrow, or save it as CSV.") from error
        try:
            with parquet.ParquetFile(self._path, read_dictionary=list(texts)) as file:
                yield file
        except (ArrowException, OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"{self.name} is not a readable Parquet file: write it again, or save it as CSV."
            ) from error


def limits(file: Any, size: int) -> dict[str, str]:
    """Return why columns are not read: for their cells, or because the file would take much more memory than it has."""
    from pyarrow import types as arrow

    # Sums of groups: to ask single columns, of a damaged file, ends the process and not only the call.
    groups = range(file.metadata.num_row_groups)
    expanded = sum(file.metadata.row_group(group).total_byte_size for group in groups)
    found = {}
    if expanded > max(ANY_EXPANSION, EXPANSION * size) or expanded < 0:
        reason = f"the file expands to {expanded:,} bytes, far more than tables do; write it without compression"
        found = dict.fromkeys(file.schema_arrow.names, reason)
    for field in file.schema_arrow:
        wide = arrow.is_fixed_size_binary(field.type) and field.type.byte_width > LONGEST_FIXED
        if arrow.is_nested(field.type) or wide:
            found[field.name] = f"its cells are of type {str(field.type)[:60]}, expected numbers or texts"
    return found


def cells_of(column: pd.Series) -> Values:
    """Return the cells of a column: an array for numbers, text (None where missing) for anything else."""
    if types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype):
        if isinstance(column.dtype, np.dtype):
            # Complex numbers are numeric to pandas and no number to us.
            if column.dtype.kind != "c":
                return column.to_numpy()
        else:
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(column.dtype, pd.CategoricalDtype):
        # One text per category, however many rows have it.
        texts = [_text(cell) for cell in column.cat.categories.tolist()]
        return [None if code < 0 else texts[code] for code in column.cat.codes.tolist()]
    missing = column.isna().to_numpy()
    return [None if gap else _text(cell) for cell, gap in zip(column.tolist(), missing, strict=True)]


def _text(cell: object) -> str:
    """Return a cell as text; Python prints no whole numbers of more than some thousand digits."""
    if isinstance(cell, int) and cell.bit_length() > LONGEST_WHOLE:
        return f"a whole number of {cell.bit_length():,} bits"
    return str(cell)


def _arrow_cells(column: Any) -> Values:
    """Return the cells of an Arrow array: labels that repeat are one object each, however many rows have them."""
    from pyarrow import types as kinds

    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if not (kinds.is_string(kind) or kinds.is_large_string(kind)):
        return cells_of(column.to_pandas())
    encoded = column if kinds.is_dictionary(column.type) else column.dictionary_encode()
    labels = [*encoded.dictionary.to_pylist(), None]
    codes = encoded.indices.fill_null(len(labels) - 1).to_numpy(zero_copy_only=False)
    return [labels[code] for code in codes.tolist()]


def _check_length(rows: int, *, name: str, max_rows: int) -> None:
    """Refuse a table without rows or beyond the limit."""
    if rows == 0:
        raise DataError(f"{name} has no rows: expected one row per run.")
    if rows > max_rows:
        raise too_many_rows(name, max_rows)
