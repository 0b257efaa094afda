"""From what the caller hands over to the source that can read it."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from bayescale.data.frames import FrameSource, ParquetSource
from bayescale.data.sources import Source
from bayescale.data.text_files import DELIMITERS, TextSource
from bayescale.language.errors import DataError, SettingsError

PARQUET = (".parquet", ".pq")


def open_source(source: object, *, max_rows: int) -> Source:
    """Open a path or a DataFrame.

    Args:
        source: a path to CSV, TSV, text (each also .gz) or Parquet, or a pandas DataFrame.
        max_rows: the largest number of rows to accept.

    Raises:
        DataError: when there is no such file or it is of another kind.
        SettingsError: when the source is neither a path nor a DataFrame.
    """
    if isinstance(source, pd.DataFrame):
        return FrameSource(source, max_rows=max_rows)
    if not isinstance(source, str | os.PathLike):
        raise SettingsError(f"read_runs expects a path or a pandas DataFrame, got {type(source).__name__}.")
    path = Path(source)
    kind, gzipped = _kind(path)
    check_file(path)
    if kind in PARQUET and not gzipped:
        return ParquetSource(path, max_rows=max_rows)
    if kind in DELIMITERS:
        return TextSource(path, delimiter=DELIMITERS[kind], gzipped=gzipped, max_rows=max_rows)
    raise DataError(
        f"{path.name} is of no kind that read_runs knows (.csv, .tsv, .txt, each also with .gz, .parquet): "
        "read it with pandas and pass the DataFrame."
    )


def is_table_name(path: Path) -> bool:
    """Whether a file is of a kind that tables are read from, by its ending.

    >>> [is_table_name(Path(name)) for name in ("runs.csv", "runs.TSV.gz", "runs.parquet", "fit.nc")]
    [True, True, True, False]
    """
    kind, gzipped = _kind(path)
    return kind in DELIMITERS or (kind in PARQUET and not gzipped)


def _kind(path: Path) -> tuple[str, bool]:
    """The ending of a file's name without .gz, and whether it had that."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    return "".join((suffixes[:-1] if gzipped else suffixes)[-1:]), gzipped


def check_file(path: Path) -> None:
    """Refuse what cannot be opened as a regular file.

    Raises:
        DataError: what it is instead.
    """
    if not str(path).strip() or path == Path():
        raise DataError("The path is empty: give the path of a file.")
    try:
        there = path.exists()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise DataError(f"{path} cannot be reached ({error.strerror}): check its name and folder.") from None
    if not there:
        raise DataError(f"{path} does not exist.")
    if path.is_dir():
        raise DataError(f"{path} is a directory: give the path of one file.")
    if not path.is_file():
        raise DataError(f"{path} is not a regular file: save the table to a file first.")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} cannot be read: check its permissions.")
