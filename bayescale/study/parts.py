"""Parts of the results on disk: written so that they are whole, and counted only as they were written."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from bayescale.study.chunks import Chunk
from bayescale.study.files import read_sealed, sha256_of, write_sealed, write_whole
from bayescale.study.folder import KINDS, RECORDS, Folder
from bayescale.study.tasks import Task
from bayescale.study.work import Part

FORMAT = "bayescale-part"
# What became of a fit through no fault of its table; done again when asked.
REDO = ("timed out", "worker died")
_ID = re.compile(r"[0-9a-f]{32}")
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
    for path in sorted((folder.path / RECORDS).glob("*.json")):
        if (found := read_record(folder, path.stem)) is not None:
            yield found


def read_record(folder: Folder, name: str) -> Record | None:
    """The record of a part; None where it or a file of the part is missing or was damaged."""
    content = read_sealed(folder.record(name), FORMAT) if _ID.fullmatch(name) else None
    if content is None or content.get("id") != name:
        return None
    content = {key: tuple(v) if isinstance(v, list) else v for key, v in content.items() if key != "format"}
    try:
        record = Record(**content)
    except TypeError:  # of another version
        return None
    same = all(kind in KINDS and sha256_of(folder.file(kind, name)) == was for kind, was in record.files.items())
    return record if same and {"summary", "estimates"} <= set(record.files) else None


def remove_part(folder: Folder, name: str) -> None:
    """Remove a part, its record first, so that it never counts while a file of it is gone."""
    folder.record(name).unlink(missing_ok=True)
    for kind in KINDS:
        folder.file(kind, name).unlink(missing_ok=True)


def has_parts(folder: Folder) -> bool:
    """Whether a folder holds fits at all."""
    return any((folder.path / RECORDS).glob("*.json"))


def settle(folder: Folder, tasks: Collection[Task], redo: Collection[str]) -> set[str]:
    """Remove what is damaged, no longer wanted or there twice, and say which tasks are done.

    Args:
        folder: with the results so far.
        tasks: all that are wanted.
        redo: hashes of those that are done again if they ended by :data:`REDO`.
    """
    wanted, done = {task.hash: task for task in tasks}, set[str]()
    for path in sorted((folder.path / RECORDS).glob("*.json")):
        record = read_record(folder, path.stem)
        if record is None:
            remove_part(folder, path.stem)
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
        with xr.open_dataset(folder.file("draws", record.id), engine="h5netcdf") as file:
            whole = file.load()
        draws = whole.isel(fit=np.isin(whole["task"].to_numpy(), names))
    return Part(chunk, tables["summary"], tables["estimates"], draws, record.seconds)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of a part."""
    return pq.read_table(path).to_pandas()
