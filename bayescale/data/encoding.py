"""The bytes of a text file, looked at once before anything is parsed: encoding, binary content, size, lines."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import IO

from bayescale.language.errors import DataError

BLOCK_BYTES = 1 << 20
# A line this long is no row of numbers, and reading it whole would take memory without bound.
LONGEST_LINE = 1 << 20
# Blank lines are skipped, one by one, and so cost time without being rows.
MOST_BLANK = 1_000_000
MAGIC = {
    b"PAR1": "a Parquet file: name it .parquet",
    b"PK\x03\x04": "a spreadsheet or zip archive: save the table as CSV in UTF-8",
    b"\x1f\x8b": "compressed with gzip: give its name the ending .gz",
    b"\xff\xfe": "encoded in UTF-16: save it as UTF-8",
    b"\xfe\xff": "encoded in UTF-16: save it as UTF-8",
}


@dataclass(frozen=True)
class Lines:
    """What was seen of a text.

    Args:
        count: of the lines that are not blank.
        longest: bytes of the longest.
    """

    count: int
    longest: int


def scan(stream: IO[bytes], *, name: str, most_lines: int, most_bytes: int | None = None) -> Lines | None:
    """Count the lines that are not blank, refusing bytes that are no UTF-8 text.

    Args:
        stream: the bytes of the file.
        name: the file's name, for messages.
        most_lines: where to stop counting.
        most_bytes: what a compressed file may expand to; None for one that is as large as it is.

    Returns:
        the lines that are not blank, or None when there are more than ``most_lines``.

    Raises:
        DataError: when the bytes are binary, of another encoding, one endless line, or many more than the file has.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = lines = blank = longest = 0
    rest = b""
    while block := stream.read(BLOCK_BYTES):
        if offset == 0:
            _check_magic(block, name)
        if b"\0" in block:
            where = offset + block.index(b"\0")
            raise DataError(f"{name} has a NUL at byte {where}: it is binary or UTF-16, save it as CSV in UTF-8.")
        _check_utf8(decoder, block, offset=offset, name=name)
        offset += len(block)
        if most_bytes is not None and offset > most_bytes:
            raise DataError(
                f"{name} expands to more than {most_bytes:,} bytes, far more than tables do: if it is one, expand it "
                "first and give the file without .gz."
            )
        # A lone carriage return ends a line too; splitlines of bytes knows no other separators.
        *whole, rest = (rest + block).splitlines(keepends=True)
        if rest.endswith(b"\n"):
            whole, rest = [*whole, rest], b""
        if len(rest) > LONGEST_LINE:
            raise DataError(f"{name} has a line longer than {LONGEST_LINE:,} bytes: it is not a table of runs.")
        full = sum(1 for line in whole if not line.isspace())
        lines, blank = lines + full, blank + len(whole) - full
        longest = max(longest, len(rest), max(map(len, whole), default=0))
        if lines > most_lines:
            return None
        if blank > MOST_BLANK:
            raise DataError(f"{name} has more than {MOST_BLANK:,} blank lines: it is not a table of runs.")
    _check_utf8(decoder, b"", offset=offset, name=name)
    return Lines(lines + (1 if rest.strip() else 0), longest)


def _check_magic(block: bytes, name: str) -> None:
    """Refuse files of another kind by their first bytes."""
    for magic, remedy in MAGIC.items():
        if block.startswith(magic):
            raise DataError(f"{name} is {remedy}.")


def _check_utf8(decoder: codecs.IncrementalDecoder, block: bytes, *, offset: int, name: str) -> None:
    """Refuse bytes that are not UTF-8, with their place."""
    pending = len(decoder.getstate()[0])
    try:
        decoder.decode(block, final=not block)
    except UnicodeDecodeError as error:
        where = offset - pending + error.start
        raise DataError(
            f"{name} is not UTF-8 at byte {where} (0x{error.object[error.start]:02x}): save it as UTF-8, "
            "or pass the DataFrame that pandas.read_csv(..., encoding=...) returns."
        ) from error
