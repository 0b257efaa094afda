"""Parts of the results on disk: written so that they are whole, and counted only as they were written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xarray as xr

from bayescale.data.frames import limits
from bayescale.data.text_files import ANY_EXPANSION, EXPANSION
from bayescale.inference.store.hdf5 import check_closed
from bayescale.language.errors import StoreError
from bayescale.study.chunks import Chunk
from bayescale.study.files import read_sealed, remove, sha256_of, write_sealed, write_whole
from bayescale.study.folder import KINDS, PART_ID, Folder
from bayescale.study.tasks import Task
from bayescale.study.work import Part

FORMAT = "bayescale-part"
# What became of a fit through no fault of its table; done again when asked.
REDO = ("timed out", "worker died")
_TYPES = {"int64": pa.int64(), "float64": pa.float64()}


@dataclass(frozen=True)
class Record:
    """What is known of a part.

    Args:
        id: its name.
        tasks: hashes of its fits.
        status: of each.
        seconds: that they took.
        files: hash of each of its files, by kind.
    """

    id: str
    tasks: tuple[str, ...]
    status: tuple[str, ...]
    seconds: float
    files: Mapping[str, str] = field(default_factory=dict)


def write_part(folder: Folder, part: Part) -> Record:
    """Write the files of a part and then its record, by which it counts.

    Raises:
        StoreError: it cannot be written.
    """
    name, files = part.chunk.id, {}
    for kind in KINDS:
        content = getattr(part, kind)
        if content is not None:
            encoded = _encoded(content)
            write_whole(folder.file(kind, name), encoded)
            files[kind] = hashlib.sha256(encoded).hexdigest()
    status = tuple(part.summary["status"])
    record = Record(name, tuple(task.hash for task in part.chunk.tasks), status, round(part.seconds, 3), files)
    about = {key: list(v) if isinstance(v, tuple) else v for key, v in vars(record).items()}
    write_sealed(folder.record(name), {"format": FORMAT, **about})
    return record


def table_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet; the types of columns do not depend on what is in them."""
    fields = [pa.field(str(name), _TYPES.get(str(kind), pa.string())) for name, kind in table.dtypes.items()]
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, pa.schema(fields), preserve_index=False), made)
    return made.getvalue()


def _encoded(content: pd.DataFrame | xr.Dataset) -> bytes:
    """A file of a part, made in memory: HDF5 ends the process when the disk that it writes to is full."""
    if isinstance(content, xr.Dataset):
        return bytes(content.to_netcdf(engine="h5netcdf"))
    return table_bytes(content)


def records(folder: Folder) -> Iterator[Record]:
    """The parts that are whole and as they were written, by name."""
    for name in folder.parts():
        if (found := read_record(folder, name)) is not None:
            yield found


def read_record(folder: Folder, name: str) -> Record | None:
    """The record of a part; None where it or a file of the part is missing or was damaged."""
    content = read_sealed(folder.record(name), FORMAT) if PART_ID.fullmatch(name) else None
    if content is None or content.get("id") != name:
        return None
    content = {key: tuple(v) if isinstance(v, list) else v for key, v in content.items() if key != "format"}
    try:
        record = Record(**content)
    except TypeError:  # of another version
        return None
    if not _is_sound(record):
        return None
    same = all(kind in KINDS and sha256_of(folder.file(kind, name)) == was for kind, was in record.files.items())
    return record if same and {"summary", "estimates"} <= set(record.files) else None


def _is_sound(record: Record) -> bool:
    """Whether the values of a record are such as are written; its checksum only says that they are as they were."""
    lists = all(isinstance(v, tuple) and all(isinstance(one, str) for one in v) for v in (record.tasks, record.status))
    number = isinstance(record.seconds, int | float) and not isinstance(record.seconds, bool)
    paired = lists and len(record.tasks) == len(record.status) == len(set(record.tasks)) > 0
    return paired and number and record.seconds >= 0 and isinstance(record.files, Mapping)


def remove_part(folder: Folder, name: str) -> None:
    """Remove a part, its record first, so that it never counts while a file of it is gone."""
    for path in (folder.record(name), *(folder.file(kind, name) for kind in KINDS)):
        remove(path)


def has_parts(folder: Folder) -> bool:
    """Whether a folder holds fits at all."""
    return bool(folder.parts())


def settle(folder: Folder, tasks: Collection[Task], redo: Collection[str]) -> set[str]:
    """Remove what is damaged, no longer wanted or there twice, and say which tasks are done.

    Args:
        folder: with the results so far.
        tasks: all that are wanted.
        redo: hashes of those that are done again if they ended by :data:`REDO`.
    """
    wanted, done = {task.hash: task for task in tasks}, set[str]()
    for name in folder.parts():
        record = read_record(folder, name)
        if record is None:
            remove_part(folder, name)
            continue
        ended = dict(zip(record.tasks, record.status, strict=True))
        kept = [h for h in record.tasks if h in wanted and h not in done and not (h in redo and ended[h] in REDO)]
        if len(kept) < len(record.tasks):
            if kept:
                write_part(folder, _only(folder, record, Chunk(tuple(wanted[h] for h in kept))))
            remove_part(folder, record.id)
        done.update(kept)
    return done


def _only(folder: Folder, record: Record, chunk: Chunk) -> Part:
    """Some fits of a part, as a part."""
    names = [task.hash for task in chunk.tasks]
    tables: dict[str, Any] = {}
    for kind in ("summary", "estimates"):
        table = read_table(folder.file(kind, record.id))
        tables[kind] = table[table["task"].isin(names)].reset_index(drop=True)
    draws = None
    if "draws" in record.files:
        with opened_draws(folder.file("draws", record.id)) as file:
            whole = file.load()
        draws = whole.isel(fit=np.isin(whole["task"].to_numpy(), names))
    return Part(chunk, tables["summary"], tables["estimates"], draws, record.seconds)


@contextmanager
def opened_draws(path: Path) -> Iterator[xr.Dataset]:
    """Open the draws of a part, which may be somebody else's; they are read when they are asked for.

    Raises:
        StoreError: the file reaches beyond itself, or its texts go round in a circle.
    """
    check_closed(path)
    with xr.open_dataset(path, engine="h5netcdf") as draws:
        yield draws


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of a part, which may be somebody else's.

    Raises:
        StoreError: it is damaged, or would take much more memory than the file has.
    """
    try:
        with pq.ParquetFile(path) as file:
            texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
            refused = limits(file, path.stat().st_size)
        if refused:
            raise StoreError(f"{path} is no table of results: {next(iter(refused.values()))}.")
        table = pq.read_table(path, read_dictionary=texts)
        expanded = sum(_expanded(chunk) for name in texts for chunk in table.column(name).chunks)
        if expanded > max(ANY_EXPANSION, EXPANSION * path.stat().st_size):
            raise StoreError(f"{path} is no table of results: its texts take {expanded:,} bytes.")
        schema = pa.schema([(f.name, pa.string() if f.name in texts else f.type) for f in table.schema])
        return table.cast(schema).to_pandas()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path} is damaged ({type(error).__name__}); start the study again, which makes it anew."
        ) from error


def _expanded(chunk: pa.Array) -> int:
    """Bytes of texts of which each stands in memory once, when each row has its own."""
    return int(pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0)
