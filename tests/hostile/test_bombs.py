"""Small files that would be large in memory, or never end, in processes that may not become large."""

from __future__ import annotations

import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
