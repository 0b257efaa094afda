"""CSV, TSV and text files: raw cells as text, in chunks, with the row numbers of the file."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np

from bayescale.data.encoding import scan
from bayescale.data.sources import Chunk, Source, check_header, too_many_rows
from bayescale.language.errors import DataError

# None: the header of a .txt file decides between tab and comma.
DELIMITERS: dict[str, str | None] = {".csv": ",", ".tsv": "\t", ".txt": None}
NAMED_DELIMITERS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}
# Rows held as text at a time, fewer where lines are long: tens of megabytes, whatever the size of the file.
CHUNK_ROWS = 50_000
CHUNK_BYTES = 64 << 20
# A quoted cell may have line breaks, and a quotation mark that is not closed has all that follow.
RECORD_LINES = 100
# How many times its size a compressed file may expand, and what any may: tables of runs do so up to some twentyfold.
EXPANSION, ANY_EXPANSION = 200, 64 << 20


class TextSource(Source):
    """A delimited text file in UTF-8; blank lines are skipped and counted, so row k is line k + 1.

    Args:
        path: the file.
        delimiter: what separates the fields, or None to let the header tell tab from comma.
        gzipped: whether the bytes are gzip-compressed.
        max_rows: the largest number of rows to accept.

    Raises:
        DataError: when the file is not such a table.
    """

    def __init__(self, path: Path, *, delimiter: str | None, gzipped: bool, max_rows: int):
        self.name = path.name
        self._path = path
        self._gzipped = gzipped
        with self._opened() as stream:
            lines = scan(stream, name=self.name, most_lines=max_rows + 1, most_bytes=self._most_bytes())
        if lines is None:
            raise too_many_rows(self.name, max_rows)
        self._chunk_rows = max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, lines.longest)))
        self._delimiter = delimiter or self._found_delimiter()
        self.header = self._first_record()
        _check_delimiter(self.header, delimiter=self._delimiter, name=self.name)
        check_header(self.header, name=self.name)
        if lines.count == 1:
            raise DataError(f"{self.name} has a header and no rows: expected one row per run.")

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """Yield the rows of the wanted columns, in order."""
        places = {name: self.header.index(name) for name in wanted}
        rows: list[int] = []
        records: list[list[str]] = []
        with closing(self._records()) as numbered:
            for row, record in numbered:
                rows.append(row)
                records.append(record)
                if len(rows) == self._chunk_rows:
                    yield _chunk(rows, records, places)
                    rows, records = [], []
        if rows:
            yield _chunk(rows, records, places)

    def _records(self) -> Generator[tuple[int, list[str]]]:
        """Yield the rows that are not blank, with their numbers and with as many fields as the header."""
        width = len(self.header)
        row = -1
        for record in self._parsed():
            # The first record that is not blank is the header.
            if row < 0:
                row = 0 if any(field.strip() for field in record) else -1
                continue
            row += 1
            if len(record) != width or not record[0].strip():
                if not any(field.strip() for field in record):
                    continue
                record = self._fitted(record, row)
            yield row, record

    def _fitted(self, record: list[str], row: int) -> list[str]:
        """Return a record of the header's width: absent trailing fields are empty, empty surplus ones are dropped."""
        width = len(self.header)
        if any(field.strip() for field in record[width:]):
            raise DataError(
                f"{self.name} has {len(record)} fields in row {row} where the header has {width}: "
                "look for a separator inside a number or an unquoted name."
            )
        return record[:width] + [""] * (width - len(record))

    def _found_delimiter(self) -> str:
        """Return the tab where the header has one, else the comma."""
        with self._opened() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
            return "\t" if "\t" in next((line for line in text if line.strip()), "") else ","

    def _first_record(self) -> tuple[str, ...]:
        """Return the header's fields, stripped."""
        with closing(self._parsed()) as records:
            for record in records:
                if any(field.strip() for field in record):
                    return tuple(field.strip() for field in record)
        raise DataError(f"{self.name} is empty: expected a header and one row per run.")

    def _parsed(self) -> Generator[list[str]]:
        """Yield every record of the file, blank ones too."""
        with self._opened() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
            lines = _Lines(text)
            # Strict: an open quotation mark would otherwise swallow the rows that follow without a word.
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True, skipinitialspace=True)
            try:
                for record in reader:
                    lines.of_record = 0
                    yield record
            except csv.Error as error:
                raise DataError(
                    f"{self.name} cannot be split into fields at line {reader.line_num} ({error}): "
                    "look for a quotation mark that is not closed or not at the end of its field."
                ) from error

    def _most_bytes(self) -> int | None:
        """What the bytes may expand to; None where they are not compressed."""
        return max(ANY_EXPANSION, EXPANSION * self._path.stat().st_size) if self._gzipped else None

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """Open the bytes of the table."""
        try:
            with gzip.open(self._path) if self._gzipped else self._path.open("rb") as stream:
                yield cast(IO[bytes], stream)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{self.name} is not a whole gzip file ({error}): compress it again.") from error
        except OSError as error:
            raise DataError(f"{self.name} cannot be read: {error.strerror or error}.") from error


class _Lines:
    """The lines of a text for a reader of records, so many for one record at most."""

    def __init__(self, text: Iterator[str]):
        self._text = text
        self.of_record = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.of_record += 1
        if self.of_record > RECORD_LINES:
            raise csv.Error(f"a row of more than {RECORD_LINES} lines")
        return next(self._text)


def _chunk(rows: list[int], records: list[list[str]], places: dict[str, int]) -> Chunk:
    """Turn records into columns, keeping the wanted ones."""
    columns = list(zip(*records, strict=True))
    return Chunk(np.array(rows), {name: list(columns[place]) for name, place in places.items()})


def _check_delimiter(header: tuple[str, ...], *, delimiter: str, name: str) -> None:
    """Refuse a header of one field that another separator would split."""
    if len(header) > 1:
        return
    for other, words in NAMED_DELIMITERS.items():
        if other != delimiter and other in header[0]:
            raise DataError(
                f"{name} is separated by {words} where {NAMED_DELIMITERS[delimiter]} was expected: save it as a CSV "
                f"with commas, or pass the DataFrame that pandas.read_csv(..., sep={other!r}) returns."
            )
