"""Hostile inputs that are more than bytes: tables in memory, Parquet, HDF5, folders of results, odd places."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import h5py
import hostile_inputs as inputs
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bayescale.study.files import write_sealed

ODD = (
    None, float("nan"), float("inf"), 10**400, 10**5000, -1, True, 3 + 4j, b"\xff", "\ud800", "1e8", [], {}, (1, 2),
    pd.Timestamp(0), pd.NaT, np.float32(3), np.longdouble(3), object(), "x" * 100_000, np.array([1, 2]),
)  # fmt: skip


def odd_frame(rng: random.Random) -> pd.DataFrame:
    """A table of runs with odd cells, types or names of columns."""
    table = pd.DataFrame({"params": [1e8, 2e8, 4e8, 8e8], "tokens": [2e9, 4e9, 2e9, 8e9], "loss": [3.3, 3.1, 3.0, 2.8]})
    for _ in range(rng.randrange(1, 4)):
        name = rng.choice(("params", "tokens", "loss", "family", "run", "loss_se", "compute"))
        cells = list(table[name]) if name in table else [0.01] * 4
        cells[rng.randrange(4)] = rng.choice(ODD)
        table[name] = pd.Series(cells, dtype=object)
    names: tuple[object, ...] = (None, 1, float("nan"), ("a", "b"), "loss", *inputs.NAMES)
    if rng.random() < 0.3:
        table = table.rename(columns={rng.choice(list(table.columns)): rng.choice(names)})
    kind = rng.choice((None, "float32", "category", "string", "complex128", "datetime64[ns]"))
    if kind and rng.random() < 0.3 and list(table.columns).count("loss") == 1:
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            table["loss"] = table["loss"].astype(kind)
    return table


def odd_parquet(path: Path, rng: random.Random) -> None:
    """A valid Parquet file that no table of runs is like."""
    rows = rng.choice((0, 1, 4, 4000, 300_000))
    long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["1" * 100_000]))
    columns: tuple[Callable[[], pa.Array], ...] = (
        lambda: pa.array(np.full(rows, 1e9)),
        lambda: pa.array(np.full(rows, 3.0, np.float16)),
        lambda: pa.array(["x"] * rows),
        lambda: pa.array([b"\xff"] * rows),
        lambda: pa.array([[1.0, 2.0]] * rows),
        lambda: pa.array([{"a": 1}] * rows),
        lambda: pa.array([None] * rows),
        lambda: pa.array([True] * rows),
        lambda: pa.array(np.zeros(rows, "datetime64[ns]")),
        lambda: long if rows < 5000 else pa.array(["x"] * rows),
        lambda: (
            pa.array([b"x" * 100_000] * min(rows, 4), pa.binary(100_000)).take(pa.array(np.zeros(rows, np.int64)))
            if 0 < rows < 5000
            else pa.nulls(rows)
        ),
    )
    names = ["params", "tokens", "loss", "family"]
    if rng.random() < 0.3:
        names[rng.randrange(4)] = rng.choice(inputs.NAMES)
    table = pa.table([rng.choice(columns)() if rng.random() < 0.5 else columns[0]() for _ in names], names=names)
    pq.write_table(table, path, compression=rng.choice(("snappy", "zstd", "none")))


def odd_fit(path: Path, rng: random.Random) -> str:
    """Change a saved fit as somebody would who knows HDF5."""
    changes: dict[str, Callable[[h5py.File], object]] = {
        "attributes that are not ours": _attributes,
        "huge declared sizes": _huge,
        "links to elsewhere": lambda file: _link(file, rng),
        "types that are not ours": lambda file: _types(file, rng),
        "many groups": lambda file: [file.create_group(f"g{i}") for i in range(12_000)],
        "deep groups": lambda file: file.create_group("/".join("d" * 200)),
        "circles of groups": lambda file: file.__setitem__("runs/again", file["/"]),
        "records that are not ours": lambda file: _record(file, rng),
    }
    kind = rng.choice(list(changes))
    with h5py.File(path, "r+") as file:
        changes[kind](file)
    return kind


def _attributes(file: h5py.File) -> None:
    file.attrs["__import__('os').system('touch owned')"] = "x"
    file["runs"].attrs["__class__"] = np.array([b"\x80\x04cposix\nsystem\n."])
    file.attrs["_FillValue"] = np.zeros(5000)
    text = h5py.string_dtype()
    file.attrs.create("sha256", np.array(["x" * 100_000] * 60, dtype=object), dtype=text)


def _huge(file: h5py.File) -> None:
    del file["runs/loss"]
    file.create_dataset("runs/loss", (10**9, 1000), "f8", chunks=(1000, 1000), compression="gzip")


def _link(file: h5py.File, rng: random.Random) -> None:
    del file["runs/loss"]
    kind = rng.randrange(4)
    if kind == 0:
        file["runs/loss"] = h5py.ExternalLink("/etc/passwd", "/")
    elif kind == 1:
        file["runs/loss"] = h5py.SoftLink("/runs/loss")
    elif kind == 2:
        file.create_dataset("runs/loss", (9,), "f8", external=[("/etc/passwd", 0, 72)])
    else:
        layout = h5py.VirtualLayout((9,), "f8")
        layout[:] = h5py.VirtualSource("/dev/zero", "loss", (9,))
        file.create_virtual_dataset("runs/loss", layout)


def _types(file: h5py.File, rng: random.Random) -> None:
    name = rng.choice(("runs/loss", "unconstrained_posterior/E", "sample_stats/lp"))
    shape = file[name].shape
    del file[name]
    kinds = (
        h5py.ref_dtype, h5py.string_dtype(), h5py.vlen_dtype("f8"), np.dtype([("a", "f8"), ("b", "S4")]),
        np.dtype("c16"), np.dtype("f2"), np.dtype("V8"), h5py.enum_dtype({"a": 1}),
    )  # fmt: skip
    file.create_dataset(name, shape, rng.choice(kinds))


def _record(file: h5py.File, rng: random.Random) -> None:
    text = bytes(file["record"][()]).decode()
    spoilt = inputs.spoil(text.encode(), rng).decode("utf-8", "replace").replace("\0", "")
    huge = text.replace('"seed": 0', '"seed": ' + "9" * 5000)
    del file["record"]
    chosen = rng.choice((spoilt, spoilt, huge, "[" * 20_000, "null", text.replace('"', "'")))
    file["record"] = np.frombuffer(chosen.encode(), np.uint8)


def odd_results(out: Path, rng: random.Random) -> str:
    """Change a folder of results: bytes, links, pipes, folders in place of files, and what the seals allow."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    path = rng.choice(files)
    kind = rng.choice(("spoilt files", "links and pipes", "folders for files", "sealed nonsense"))
    if kind == "spoilt files":
        path.write_bytes(inputs.spoil(path.read_bytes(), rng))
    elif kind == "sealed nonsense":
        _seal(out, rng)
    else:
        path.unlink()
        if kind == "folders for files":
            path.mkdir()
        elif rng.random() < 0.5:
            os.mkfifo(path)
        else:
            path.symlink_to(rng.choice(("/dev/zero", "/etc/passwd", path.name, "..")))
    return kind


def _seal(out: Path, rng: random.Random) -> None:
    """Write a manifest or a record anew, with a right checksum and wrong values."""
    import json

    path = rng.choice([out / "manifest.json", *(out / "parts").glob("*.json")])
    content = json.loads(path.read_text("utf-8"))
    content.pop("sha256")
    key = rng.choice(list(content))
    content[key] = rng.choice((None, -1, 10**400, "../../etc/passwd", [], {}, [[1]], {"summary": "../x"}, ["a"] * 3))
    write_sealed(path, content)


def odd_place(work: Path, rng: random.Random) -> tuple[str, str]:
    """A name of something that is no file, or of no place at all."""
    ending = rng.choice((".csv", ".csv.gz", ".parquet", ".nc", ".toml", ".py", ""))
    path = work / f"odd{ending}"
    kinds: dict[str, Callable[[], object]] = {
        "pipes": lambda: os.mkfifo(path),
        "devices": lambda: path.symlink_to(rng.choice(("/dev/zero", "/dev/random", "/dev/tty", "/proc/self/mem"))),
        "circles of links": lambda: path.symlink_to(path.name),
        "folders": path.mkdir,
        "empty files": lambda: path.write_bytes(b""),
        "sparse files of 100 GB": lambda: _sparse(path),
        "nothing there": lambda: None,
    }
    kind = rng.choice([*kinds, "names that are none"])
    if kind == "names that are none":
        return kind, rng.choice((*inputs.NAMES, "a" * 300, "a/" * 3000, "~root/x", "http://localhost:1/x")) + ending
    kinds[kind]()
    return kind, str(path)


def _sparse(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(100 << 30)
