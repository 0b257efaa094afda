"""Time and memory of new processes: imports, help, first and second fits, and questions to the fits.

Every process is new and is measured whole: CPU seconds of all its threads, wall seconds, peak memory. All of them are
run in turns, so that every round has its own ``import jax``, which the ratios are taken against. A first fit begins
with an empty compile cache; what follows it in the round finds what those before it have left there.

This script imports little: a process inherits, as the least that its peak memory can show, that of its parent.

    python benchmarks/bench_startup.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import report

HERE = Path(__file__).parent
CACHE = "BAYESCALE_COMPILE_CACHE"
BAYESCALE = ("-m", "bayescale")
REFERENCE = "import jax"
SINGLE, FAMILIES = "single curve", "six families"
SAVE_TABLES = """
import tables, bayescale
tables.chinchilla_runs()[0].table.to_csv("single.csv", index=False)
bayescale.datasets.load("pile-families").table.to_csv("families.csv", index=False)
"""
QUESTIONS = {
    "predict": ("--params", "7e10", "--tokens", "1.4e12"),
    "allocate": ("--compute", "1e23"),
}
# What a budget is held against: CPU seconds over those of another process of the same round, or CPU seconds.
BUDGETS = {
    "import bayescale": (1.3, "import numpyro"),
    "bayescale --help": (0.3, REFERENCE),
    f"{SINGLE}: second fit": (3.0, None),
    f"{FAMILIES}: second fit": (3.0, None),
}


class Cost(NamedTuple):
    """CPU and wall seconds, and MiB at the peak, NaN for a part of a process."""

    cpu: float
    wall: float
    memory: float


def measure(folder: Path, *words: str) -> Cost:
    """Run Python with these words and measure it."""
    paths = [str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), CACHE: str(folder / "cache")}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    with (folder / "errors.txt").open("w+b") as errors:
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *words], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{(folder / 'errors.txt').read_text()}")
    return Cost(used.ru_utime + used.ru_stime, wall, mebibytes(used.ru_maxrss))


def mebibytes(peak: int) -> float:
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def one_round(folder: Path) -> Iterator[tuple[str, Cost]]:
    """Measure every process once."""
    for module in ("jax", "numpyro", "bayescale"):
        yield f"import {module}", measure(folder, "-c", f"import {module}")
    for words in (("--help",), ("fit", "--help")):
        yield " ".join(("bayescale", *words)), measure(folder, *BAYESCALE, *words)
    for data, table in ((SINGLE, "single.csv"), (FAMILIES, "families.csv")):
        for file in (folder / "cache").rglob("*"):
            file.unlink()
        yield from fits_and_questions(folder, data, table)


def fits_and_questions(folder: Path, data: str, table: str) -> Iterator[tuple[str, Cost]]:
    for place in ("first", "second"):
        watch = folder / f"{place}.json"
        watch.unlink(missing_ok=True)
        fit = ("fit", table, "--out", "fit.nc", "--seed", "0")
        if data == SINGLE:
            yield f"{data}: {place} fit", measure(folder, *BAYESCALE, *fit)
        else:
            # The same command in the same kind of process, which looks at the clock when sampling starts.
            watched = str(HERE / "watch_sampling.py"), str(watch), str(time.time())
            whole = measure(folder, *watched, *fit)
            started = json.loads(watch.read_text("utf-8"))
            yield f"{data}: {place} fit, until sampling starts", Cost(**started, memory=float("nan"))
            yield f"{data}: {place} fit", whole
    for verb, words in QUESTIONS.items():
        for place in ("first", "second"):
            yield f"{data}: {place} {verb}", measure(folder, *BAYESCALE, verb, "fit.nc", *words)
    yield f"{data}: summary", measure(folder, *BAYESCALE, "summary", "fit.nc")


def row(name: str, rounds: list[dict[str, Cost]], floor: float) -> str:
    """A line of the table: medians over the rounds."""
    costs = [costs[name] for costs in rounds]
    cpu, memory = median(cost.cpu for cost in costs), median(cost.memory for cost in costs)
    peak = "" if math.isnan(memory) else f"{memory:.0f}" if memory > 1.05 * floor else f"< {1.05 * floor:.0f}"
    walls = [cost.wall for cost in costs]
    cells = [
        name,
        f"{cpu:.2f}",
        f"{over(name, REFERENCE, rounds):.2f}",
        f"{median(walls):.2f} ({min(walls):.2f})",
        peak,
    ]
    if name not in BUDGETS:
        return f"| {' | '.join(cells)} | | |"
    limit, against = BUDGETS[name]
    used = cpu if against is None else over(name, against, rounds)
    words = f"< {limit:g} CPU s" if against is None else f"< {limit:g}x `{against}`"
    verdict = "reached" if used < limit else "NOT reached"
    return f"| {' | '.join(cells)} | {words} | {verdict}: {used:.2g} |"


def over(name: str, other: str, rounds: list[dict[str, Cost]]) -> float:
    """CPU seconds over those of another process, the median of what each round gives."""
    return median(costs[name].cpu / costs[other].cpu for costs in rounds)


def table(rounds: list[dict[str, Cost]]) -> list[str]:
    floor = mebibytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return [
        f"Medians of {len(rounds)} rounds of new processes, in turns. Single curve: the table of the sampling cost, by "
        "the instant engine. Six families: the embedded `pile-families`, by NUTS. First: with an empty compile cache "
        "for the fit, and nothing of its own in it for a question. Second: the same once more. Budgets in seconds are "
        "held against CPU seconds, since other work on the machine lengthens wall seconds (in parentheses: the least).",
        "",
        "| process | CPU s | x `import jax` | wall s (least) | peak MiB | budget | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(row(name, rounds, floor) for name in rounds[0]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds: list[dict[str, Cost]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure(folder, "-c", SAVE_TABLES)
        for _ in range(parser.parse_args().rounds):
            rounds.append({})
            for process, cost in one_round(folder):
                rounds[-1][process] = cost
                print(f"{process}: {cost.cpu:.2f} CPU s, {cost.wall:.2f} s", flush=True)
    lines = table(rounds)
    report.write_section("Start-up", lines)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
