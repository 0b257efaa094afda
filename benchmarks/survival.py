"""What a study survives: real processes, killed and starved, against a run that nobody disturbed; writes SURVIVAL.md.

python benchmarks/survival.py [--kills 25] [--only kill_drivers two_drivers]

The full disk needs the right to mount a file system (root), the scheduler the package distributed.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import report
import survival_faults as faults
import survival_more as more
from cells import table_lines
from small_tables import small_tables

import bayescale as bs

PART = 2
TABLES = PART * faults.PARTS
HEAD = ("fault", "tried", "lost", "duplicated", "half files", "seconds")
PAGE = Path(__file__).with_name("SURVIVAL.md")
STUDY = """
laws = ["{law}"]
part = {part}
[tables.made]
files = "{files}"
[settings]
draws = 50
engine = "instant"
[outputs]
summary = "summary.csv"
"""


@dataclass
class Tally:
    """What became of a fault.

    Args:
        tried: how often.
        lost: fits that were missing, or not as in the run that nobody disturbed.
        duplicated: fits that were there more than once.
        half: files that were there and not whole.
    """

    tried: int = 0
    lost: int = 0
    duplicated: int = 0
    half: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def digest(folder: Path) -> dict[str, str]:
    """Of every fit a hash of its rows and draws, in bits."""
    results = bs.open_results(folder)
    estimates = dict(list(results.estimates.groupby("task", sort=False)))
    found = {}
    for _, summary in results.summary.iterrows():
        task = str(summary["task"])
        texts = [summary.to_json(double_precision=15)]
        if task in estimates:
            texts.append(estimates[task].to_json(double_precision=15))
            texts += [values.to_numpy().tobytes().hex() for _, values in sorted(results.draws(task).data_vars.items())]
        found[task] = hashlib.sha256("".join(texts).encode()).hexdigest()
    return found


def look(folder: Path, reference: dict[str, str], tally: Tally) -> None:
    """Count what is wrong in a folder."""
    from bayescale.study.folder import KINDS, Folder
    from bayescale.study.parts import read_record

    place = Folder(folder)
    parts = [path.stem for path in (folder / "parts").iterdir()]
    records = [read_record(place, name) for name in parts]
    tally.half += sum(record is None for record in records)
    counts = Counter(task for record in records if record is not None for task in record.tasks)
    tally.duplicated += sum(count > 1 for count in counts.values())
    places = (folder, *(folder / kind for kind in KINDS))
    tally.half += sum(len(list(one.glob(".unfinished*"))) for one in places)
    found = digest(folder)
    tally.lost += sum(found.get(task) != was for task, was in reference.items())
    tally.duplicated += len(bs.open_results(folder).summary) - len(reference)


def write_study(folder: Path, name: str, law: str = "chinchilla", files: str = "few/*.csv") -> Path:
    """Write a study."""
    path = folder / name
    path.write_text(STUDY.format(law=law, part=PART, files=files))
    return path


def try_fault(
    fault: Callable[..., Iterator[Path]], study: Path, usual: float, times: int, reference: dict[str, str]
) -> Tally:
    """Let a fault happen so many times."""
    tally, began, number = Tally(), time.perf_counter(), itertools.count()
    folder = study.parent / fault.__name__

    def out() -> Path:
        return folder.with_name(f"{folder.name}_{next(number)}")

    for left in fault(study, out, usual, times):
        if bs.open_results(left).missing:
            tally.wrong.append(f"{fault.__name__}: fits are missing in {left.name}")
        look(left, reference, tally)
    tally.tried, tally.seconds = times, time.perf_counter() - began
    return tally


def words_for(study: Path) -> tuple[str, ...]:
    """What a study of the law in a file is started with."""
    return ("--law", f"{study.parent / 'greedy.py'}:Greedy") if "greedy" in study.name else ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=25, help="of drivers, and of workers")
    parser.add_argument("--most", type=int, default=100, help="times that any fault is tried")
    parser.add_argument("--only", nargs="*", help="faults by name")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random.seed(asked.seed)
    words = {
        "kill_drivers": ("kill -9 of the driver at a random moment", asked.kills),
        "kill_workers": ("kill -9 of a worker at a random moment", asked.kills),
        "out_of_memory": ("a worker without memory (RLIMIT_AS)", 3),
        "full_disk": ("a full disk (tmpfs of 48 to 112 KiB)", 3),
        "poisoned": ("a poisoned table among 500", 1),
        "two_drivers": ("two drivers on one folder", 3),
        "damage": ("a file cut, or a bit of it turned over", 14),
        "scheduler": ("a Dask scheduler that is killed and started again", 3),
        "clock_and_locale": ("a clock that goes back a day, other time zones and locales", 3),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(folder)
        study, greedy = write_study(folder, "study.toml"), write_study(folder, "greedy.toml", law="greedy")
        (folder / "greedy.py").write_text(faults.GREEDY)
        (folder / "greedy.done").touch()
        began = time.perf_counter()
        assert faults.finish(study, folder / "undisturbed", "--processes", "2")[0] == 0
        usual = time.perf_counter() - began
        assert faults.finish(greedy, folder / "undisturbed_greedy", *words_for(greedy))[0] in (0, 1)
        reference, of_greedy = digest(folder / "undisturbed"), digest(folder / "undisturbed_greedy")
        assert len(reference) == len(of_greedy) == TABLES
        rows = []
        if not asked.only or "writers" in asked.only:
            rows.append(writers(folder / "writers", 2 * asked.kills))
            print(rows[-1], flush=True)
            PAGE.write_text("\n".join(page(rows, usual)) + "\n", "utf-8")
        for fault, (what, times) in words.items():
            if asked.only and fault not in asked.only:
                continue
            made = getattr(faults, fault, None) or getattr(more, fault)
            chosen = (greedy, of_greedy) if fault == "out_of_memory" else (study, reference)
            tally = try_fault(made, chosen[0], usual, min(times, asked.most), chosen[1])
            numbers = (tally.tried, tally.lost, tally.duplicated, tally.half, round(tally.seconds))
            rows.append((what, *map(str, numbers)))
            print(rows[-1], *tally.wrong, sep="\n", flush=True)
            PAGE.write_text("\n".join(page(rows, usual)) + "\n", "utf-8")


def writers(folder: Path, times: int) -> tuple[str, ...]:
    """The row of kills in the middle of writing, which the tests have a script for."""
    began = time.perf_counter()
    script = Path(__file__).parents[1] / "tests" / "study" / "kill_writers.py"
    command = [sys.executable, "-W", "ignore", str(script), str(folder), str(times)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found["middle"] >= times // 2, found
    what = "kill -9 of a driver whose fits are made up, mostly while it writes"
    numbers = (found[name] for name in ("kills", "lost", "twice", "half"))
    return (what, *map(str, numbers), f"{time.perf_counter() - began:.0f}")


def page(rows: list[tuple[str, ...]], usual: float) -> list[str]:
    """The page of what was tried; faults that were not tried now keep the rows that they have."""
    written = PAGE.read_text("utf-8").splitlines() if PAGE.exists() else []
    before = [tuple(line.strip("| ").split(" | ")) for line in written if line.startswith("| ")][2:]
    merged = {row[0]: row for row in (*before, *rows)}
    lines = table_lines(HEAD, merged.values())
    return [
        "# What a study survives",
        "",
        f"Written by `python benchmarks/survival.py`: {TABLES} tables in {faults.PARTS} parts, by real processes of "
        "`bayescale batch`, which are disturbed and then started again until they are done.",
        f"Undisturbed the study took {usual:.0f} s at the last call (two processes).",
        "The machine was shared with others.",
        "*Lost* are fits that are missing or whose rows or draws differ, in bits, from the run that nobody disturbed; "
        "*duplicated* are fits that are there more than once; *half files* are files that are there and not whole.",
        "",
        *lines,
        "",
        f"The last call: {report.circumstances()}",
    ]


def write_tables(folder: Path) -> None:
    """Simulated tables: those of the study, and as many more as make 500."""
    for name in ("few", "many"):
        (folder / name).mkdir()
    for i, runs in enumerate(small_tables(500)):
        text = runs.to_frame().to_csv(index=False)
        (folder / "many" / f"{i:03}.csv").write_text(text)
        if i < TABLES:
            (folder / "few" / f"{i:03}.csv").write_text(text)


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    main()
