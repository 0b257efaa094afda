"""A cost model of studies of many fits, from small ones, held to larger ones and drawn out to a million fits.

python benchmarks/cost_model.py [--sizes 50 100 200 400] [--checked 1000 2000]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import report
from cells import short, table_lines
from study_costs import Cost, Line, start, write_study

MILLION = 1_000_000
# Of a study: how the command is started, and what is asked of it.
STARTS = {
    "plan (`--dry-run`)": ("--dry-run",),
    "first start": ("--out", "results"),
    "second start, nothing missing": ("--out", "results"),
}
UNITS = {"cpu": (1.0, "CPU s"), "memory": (1e6, "MB held"), "disk": (1e6, "MB on disk"), "files": (1.0, "files")}
ASKED = {
    "plan (`--dry-run`)": ("cpu", "memory"),
    "first start": ("cpu", "memory", "disk", "files"),
    "second start, nothing missing": ("cpu", "memory"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=(50, 100, 200, 400), help="fits the lines are fitted to"
    )
    parser.add_argument("--checked", type=int, nargs="+", default=(1_000, 2_000), help="fits the lines are held to")
    chosen = parser.parse_args()
    found = {size: study_of(size) for size in (*chosen.sizes, *chosen.checked)}
    lines = [
        "One process of `bayescale batch` and one table of families with 30-100 runs each, chinchilla, instant engine, "
        "4 chains of 500 draws kept. A line, fixed cost plus cost of each fit, goes through the smaller studies; the "
        "larger ones it has not seen. The last column is the line at a million fits in one folder.",
        "",
        *table_lines(head(chosen.sizes, chosen.checked), rows(found, chosen.sizes, chosen.checked)),
    ]
    report.write_section("Cost model of studies", lines)


def study_of(fits: int) -> dict[str, Cost]:
    """Start a study in the three ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_study(folder, fits)
        costs = {name: start(folder, *words, fits=fits) for name, words in STARTS.items()}
    print(fits, costs, flush=True)
    return costs


def head(sizes: Sequence[int], checked: Sequence[int]) -> list[str]:
    """Names of the columns."""
    through = f"{min(sizes):,}-{max(sizes):,}"
    parts = [f"{size:,} fits: line / measured" for size in checked]
    return ["start", "what", f"fixed (line through {through} fits)", "each 1,000 fits", *parts, "a million fits"]


def rows(found: dict[int, dict[str, Cost]], sizes: Sequence[int], checked: Sequence[int]) -> list[list[str]]:
    """One line for everything that is asked of a start."""
    lines = []
    for name, asked in ASKED.items():
        for what in asked:
            unit, words = UNITS[what]
            line = Line.through(list(sizes), [getattr(found[size][name], what) / unit for size in sizes])
            held = [(line(size), getattr(found[size][name], what) / unit) for size in checked]
            cells = [f"{short(said)} / {short(measured)}" for said, measured in held]
            lines.append([name, words, short(line.fixed), short(1_000 * line.each), *cells, short(line(MILLION))])
    return lines


if __name__ == "__main__":
    main()
