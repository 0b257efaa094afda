"""Small files that would be large in memory, or never end, in processes that may not become large."""

from __future__ import annotations

import gzip
import os
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

import bayescale as bs
from bayescale.inference.store.hdf5 import check_closed, check_heaps

ROWS = 20_000


def mib(printed: str) -> int:
    return int(printed.split("MiB")[1])


def test_archives_and_parquet_that_expand(bounded, tmp_path):
    with gzip.open(tmp_path / "blank.csv.gz", "wb", 1) as file:
        file.write(b"params,tokens,loss\n1e8,1e9,3\n" + b"\n" * (64 << 20))
    with gzip.open(tmp_path / "wide.csv.gz", "wb", 9) as file:
        for _ in range(8):
            file.write(b"params,tokens,loss,x\n" + (b"1e8,2e9,3.1," + b"x" * 100_000 + b"\n") * 100)
    long = pa.DictionaryArray.from_arrays(pa.array([0] * ROWS, pa.int32()), pa.array(["1" * 100_000]))
    pq.write_table(pa.table({"params": long, "tokens": [1e9] * ROWS, "loss": [3.0] * ROWS}), tmp_path / "long.parquet")
    assert (tmp_path / "long.parquet").stat().st_size < 10_000
    said = bounded(
        """
        for name in ("blank.csv.gz", "wide.csv.gz", "long.parquet"):
            try:
                bs.read_runs(name)
            except bs.DataError as error:
                print(str(error)[:100])
        """
    )
    blank, wide, long_one, _ = said.splitlines()
    assert "more than 1,000,000 blank lines" in blank
    assert "expands to more than 67,108,864 bytes" in wide
    assert "20,000 unusable cells" in long_one
    assert mib(said) < 1500


def test_memory_that_runs_out_would_be_noticed(bounded):
    with pytest.raises(AssertionError, match="MemoryError"):
        bounded("x = bytearray(1 << 40)")


def test_pipes_devices_and_circles_are_no_files(bounded, tmp_path):
    for ending in (".csv", ".nc", ".toml", ".py"):
        os.mkfifo(tmp_path / f"pipe{ending}")
        (tmp_path / f"zero{ending}").symlink_to("/dev/zero")
        (tmp_path / f"circle{ending}").symlink_to(f"circle{ending}")
    for name in ("pipe", "zero", "circle"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").symlink_to(f"../{name}.csv")
        (tmp_path / name / "card.json").symlink_to(f"../{name}.csv")
    said = bounded(
        """
        from bayescale.laws import find_law
        from bayescale.show.report.files import report_folder
        doors = [(bs.read_runs, "{}.csv"), (bs.load, "{}.nc"), (bs.Study.read, "{}.toml"), (find_law, "{}.py:Law"),
                 (bs.open_results, "{}"), (report_folder, "{}")]
        for door, pattern in doors:
            for name in ("pipe", "zero", "circle"):
                try:
                    door(pattern.format(name))
                except bs.BayescaleError:
                    print("refused")
        """
    )
    assert said.count("refused") == 18


HEAP, FREE, TEXT = b"GCOL\x01", 0, 1
# Sizes after which the next object is the same one again, in 64 bits.
CIRCLES = [(TEXT, 2**64 - 16), (TEXT, 2**64 - 17), (FREE, 0)]


def with_circle(content: bytes, number: int, size: int) -> bytes:
    """The content of a file with texts of variable length, every heap of which goes round in a circle."""
    heap, changed = content.find(HEAP), bytearray(content)
    assert heap > 0
    while heap > 0:
        changed[heap + 16 : heap + 18] = struct.pack("<H", number)
        changed[heap + 24 : heap + 32] = struct.pack("<Q", size)
        heap = content.find(HEAP, heap + 1)
    return bytes(changed)


@pytest.mark.parametrize(("number", "size"), CIRCLES)
def test_texts_in_a_circle_are_refused_where_texts_are_read(tmp_path, number, size):
    path = tmp_path / "draws.nc"
    draws = xr.Dataset({"E": ("draw", [1.0, 2.0])}, {"task": np.array("a" * 20, object)}, {"title": "b" * 40})
    draws.to_netcdf(path, engine="h5netcdf")
    check_closed(path)
    path.write_bytes(with_circle(path.read_bytes(), number, size))
    with pytest.raises(bs.StoreError, match="its texts follow each other in a circle"):
        check_closed(path)


def test_heaps_in_each_other_are_refused_soon(tmp_path):
    """A thousand heads with one long row of free spaces as the objects of each: no circle, and far too many steps."""
    heads, free = 1000, struct.pack("<H6xQ", FREE, 16) * 60_000
    units = (HEAP + bytes(3) + struct.pack("<QH6xQ", 1 << 40, FREE, 32 * i + 16) for i in range(heads, 0, -1))
    (tmp_path / "draws.nc").write_bytes(b"".join(units) + free)
    with pytest.raises(bs.StoreError, match="its texts follow each other in a circle"):
        check_heaps(tmp_path / "draws.nc")


def test_a_fit_whose_texts_go_round_in_a_circle_is_loaded_without_them(bounded, tmp_path):
    rows = "".join(f"{10**8 * 2**i},{10**10},{2 + 0.9**i}\n" for i in range(8))
    (tmp_path / "runs.csv").write_text(f"params,tokens,loss\n{rows}")
    bounded(
        """
        bs.fit("kaplan-n", bs.read_runs("runs.csv"), draws=50, engine="instant", progress=False).save("fit.nc")
        """
    )
    content = (tmp_path / "fit.nc").read_bytes()
    for i, (number, size) in enumerate(CIRCLES):
        (tmp_path / f"{i}.nc").write_bytes(with_circle(content, number, size))
    said = bounded(
        """
        for name in ("fit.nc", "0.nc", "1.nc", "2.nc"):
            print(float(bs.load(name).posterior["alpha_N"].mean()))
        """
    )
    assert len(set(said.splitlines()[:4])) == 1


def test_no_bit_of_a_damaged_foot_of_parquet_ends_the_process(bounded, tmp_path):
    """pyarrow ends the process when it is asked for a column whose sizes contradict its levels, among others."""
    pq.write_table(
        pa.table({"params": [1e8, 3e8, 3e8, 9e8], "tokens": [2e9, 2e9, 8e9, 8e9], "loss": [3.0, 2.9, 2.8, 2.7]}),
        tmp_path / "t.parquet",
    )
    said = bounded(
        """
        content, read, refused = open("t.parquet", "rb").read(), 0, 0
        foot = int.from_bytes(content[-8:-4], "little")
        for place in range(len(content) - 8 - foot, len(content) - 8):
            for bit in (1, 6):
                changed = bytearray(content)
                changed[place] ^= 1 << bit
                open("changed.parquet", "wb").write(changed)
                try:
                    bs.read_runs("changed.parquet")
                    read += 1
                except bs.DataError:
                    refused += 1
        print(read, refused)
        """
    )
    read, refused = map(int, said.split()[:2])
    assert min(read, refused) > 100
