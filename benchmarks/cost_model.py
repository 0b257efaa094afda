"""A cost model of many fits and of many rows, from small ones, held to larger ones it has not seen and drawn out.

python benchmarks/cost_model.py [--fits 100 200 400] [--fits-checked 1000 2000] [--rows ...] [--rows-checked ...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import report
from cells import short, table_lines
from large_table import write_table
from study_costs import Cost, Line, start, write_study

MILLION, BILLION = 1_000_000, 1_000_000_000
FAMILIES, ROWS_OF_A_CURVE = 40, 750
# Of a study: how the command is started, and what is asked of it.
STARTS = {
    "plan (`--dry-run`)": (("--dry-run",), ("cpu", "memory")),
    "first start": (("--out", "results"), ("cpu", "memory", "disk", "files")),
    "second start, nothing missing": (("--out", "results"), ("cpu", "memory")),
}
UNITS = {"cpu": (1.0, "CPU s"), "memory": (1e6, "MB held"), "disk": (1e6, "MB on disk"), "files": (1.0, "files")}
OF_ROWS = {
    "read": "reading Parquet, CPU s",
    "compress": "laying out and compressing, CPU s",
    "gradient": "one compressed value and gradient, CPU ms",
    "memory": "memory of all that, MB",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, small, large in (
        ("fits", (100, 200, 400), (1_000, 2_000)),
        ("rows", (100_000, 200_000, 400_000), (800_000, 1_600_000)),
    ):
        parser.add_argument(f"--{name}", type=int, nargs="+", default=small, help="sizes the lines are fitted to")
        parser.add_argument(f"--{name}-checked", type=int, nargs="+", default=large, help="sizes they are held to")
    chosen = parser.parse_args()
    lines = [
        "A line, fixed cost plus cost of each, goes through the smaller sizes; the larger ones it has not seen. The "
        "last column is where the line would be, far outside what was measured.",
        "",
        *fit_lines(chosen.fits, chosen.fits_checked),
        "",
        *row_lines(chosen.rows, chosen.rows_checked),
    ]
    report.write_section("Cost model", lines)


def fit_lines(sizes: Sequence[int], checked: Sequence[int]) -> list[str]:
    """The table of studies."""
    found = {size: study_of(size) for size in (*sizes, *checked)}
    rows = []
    for name, (_, asked) in STARTS.items():
        for what in asked:
            unit, words = UNITS[what]
            costs = {size: getattr(one[name], what) / unit for size, one in found.items()}
            rows.append([f"{name}, {words}", *cells(costs, sizes, checked, 1_000, MILLION)])
    return [
        "**Fits**: one process of `bayescale batch`, one table of families with 30-100 runs each, chinchilla, instant "
        "engine, 4 chains of 500 draws kept.",
        "",
        *table_lines(head(sizes, checked, "fits", "1,000 fits", "a million fits"), rows),
    ]


def study_of(fits: int) -> dict[str, Cost]:
    """Start a study in the three ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_study(folder, fits)
        costs = {name: start(folder, *words, fits=fits) for name, (words, _) in STARTS.items()}
    print(fits, costs, flush=True)
    return costs


def row_lines(sizes: Sequence[int], checked: Sequence[int]) -> list[str]:
    """The table of rows."""
    found = {size: table_of(size) for size in (*sizes, *checked)}
    rows = [
        [words, *cells({size: one[what] for size, one in found.items()}, sizes, checked, MILLION, BILLION)]
        for what, words in OF_ROWS.items()
    ]
    return [
        f"**Rows**: one simulated table of {FAMILIES} families, {ROWS_OF_A_CURVE} checkpoints of each run, AR(1) "
        "residuals, compressed.",
        "",
        *table_lines(head(sizes, checked, "rows", "a million rows", "a billion rows"), rows),
    ]


def table_of(rows: int) -> dict[str, float]:
    """Simulate a table and let a process of its own read and compress it."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "table.parquet"
        write_table(path, rows, FAMILIES, rows // ROWS_OF_A_CURVE)
        command = [sys.executable, str(Path(__file__).with_name("row_costs.py")), str(path)]
        off = {**os.environ, "BAYESCALE_COMPILE_CACHE": "off"}
        done = subprocess.run(command, capture_output=True, text=True, env=off, check=True)
    print(done.stdout, flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def head(sizes: Sequence[int], checked: Sequence[int], what: str, each: str, last: str) -> list[str]:
    """Names of the columns."""
    parts = [f"{size:,} {what}: line / measured" for size in checked]
    return ["cost", f"fixed (line through {min(sizes):,}-{max(sizes):,} {what})", f"each {each}", *parts, last]


def cells(costs: Mapping[int, float], sizes: Sequence[int], checked: Sequence[int], each: int, last: int) -> list[str]:
    """What a line says, beside what was measured."""
    line = Line.through(list(sizes), [costs[size] for size in sizes])
    held = [f"{short(line(size))} / {short(costs[size])}" for size in checked]
    return [short(line.fixed), short(each * line.each), *held, short(line(last))]


if __name__ == "__main__":
    main()
