"""Hostile and broken input at every door, tried by processes with bounded memory and time; writes HOSTILE.md.

python benchmarks/hostile.py [--tries 400] [--seed 0] [--doors csv fit] [--minutes 0]

With minutes it goes on with seed after seed; what breaks a promise is printed with the seed that makes it again, as
``python benchmarks/hostile.py --doors csv --seed 17 --tries 1``. Nothing needs the network.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from memory import peak

# Bytes of address space of a process: JAX takes some of it, of which it uses little.
MEMORY = 8 << 30
# Seconds of one try; most take milliseconds, a fit that a command asks for more.
LIMIT = 120.0
# Seconds until a process has imported everything, on a busy machine.
START = 600.0
RESULT, REFUSED, BROKEN, CRASH, HANG = "result", "refused", "broken promise", "crash", "hang"
OUTCOMES = (RESULT, REFUSED, BROKEN, CRASH, HANG)
PAGE = Path(__file__).with_name("HOSTILE.md")
# The section that hostile_guided.py writes.
GUIDED = "## Guided by coverage"


def child(folder: Path, door: str, first: int, tries: int) -> None:
    """Try inputs at a door, one line of JSON each; the process ends as the inputs let it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    from hostile_doors import Doors

    from bayescale.language.errors import BayescaleError

    print("\x1enull", flush=True)  # ready: what it has imported took its time, not the input's
    for seed in range(first, first + tries):
        # Not a TemporaryDirectory, which would follow what it finds when it is removed.
        work = Path(tempfile.mkdtemp(dir=folder))
        kind, look = Doors(folder, work).attempt(door, random.Random(f"{door} {seed}"))
        began, outcome, said = time.monotonic(), RESULT, ""
        try:
            look()
        except BayescaleError as error:
            lines = str(error).strip().count("\n") if door != "command" else 0
            outcome, said = (REFUSED, "") if not lines else (BROKEN, f"a message of {lines + 1} lines: {error!r:.200}")
        except Exception as error:  # the very thing that is looked for
            outcome, said = BROKEN, f"{type(error).__name__}: {str(error)[:300]}"
        if list(folder.rglob("owned")):
            outcome, said = BROKEN, "something was run"
        used = round(peak() / 1.048576)
        line = {"kind": kind, "outcome": outcome, "said": said, "seconds": time.monotonic() - began, "mib": used}
        print("\x1e" + json.dumps({"seed": seed, **line}), flush=True)
        shutil.rmtree(work, ignore_errors=True)


def tried(folder: Path, door: str, first: int, tries: int) -> Iterator[dict]:
    """What became of each input; a process that ends or hangs is replaced, and goes on behind that input."""
    at, end = first, first + tries
    while at < end:
        command = [sys.executable, __file__, "--child", str(folder), "--doors", door, "--seed", str(at)]
        process = subprocess.Popen(
            [*command, "--tries", str(end - at)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        lines: Queue[str | None] = Queue()
        Thread(target=_collect, args=(process.stdout, lines), daemon=True).start()
        errors: list[str] = []
        Thread(target=lambda pipe, kept: kept.extend(pipe), args=(process.stderr, errors), daemon=True).start()
        ended = CRASH
        try:
            limit = START
            while (line := lines.get(timeout=limit)) is not None:
                limit, found = LIMIT, json.loads(line)
                if found is None:
                    continue
                at = found["seed"] + 1
                yield found
        except Empty:
            ended = HANG
        process.kill()
        code = process.wait()
        if at < end:
            said = f"exit {code} {' '.join(''.join(errors).split())[-300:]}"
            yield {"seed": at, "kind": "", "outcome": ended, "said": said, "seconds": LIMIT, "mib": 0}
            at += 1


def _collect(pipe: Iterator[str], lines: Queue[str | None]) -> None:
    """Pass on the lines that are ours: what a command prints comes between."""
    for line in pipe:
        if line.startswith("\x1e"):
            lines.put(line[1:])
    lines.put(None)


def collect(folder: Path, door: str, first: int, tries: int, found: list[dict]) -> None:
    """Keep what became of the inputs of a door, and say at once what broke a promise."""
    for one in tried(folder, door, first, tries):
        found.append(one)
        if one["outcome"] not in (RESULT, REFUSED):
            print(f"{door}, seed {one['seed']}: {one['outcome']}, {one['said']}", flush=True)


def page(found: dict[str, list[dict]], seed: int) -> str:
    """The page: a row per door and kind of input."""
    from cells import table_lines
    from hostile_doors import Doors
    from report import circumstances

    rows = []
    for door, tries in found.items():
        for kind in sorted({one["kind"] for one in tries}):
            of_kind = [one for one in tries if one["kind"] == kind]
            counts = Counter(one["outcome"] for one in of_kind)
            worst, most = max(one["seconds"] for one in of_kind), max(one["mib"] for one in of_kind)
            numbers = [str(len(of_kind)), *(str(counts[outcome]) for outcome in OUTCOMES)]
            rows.append(
                [getattr(Doors, f"door_{door}").__doc__.rstrip("."), kind, *numbers, f"{worst:.1f}", f"{most:,}"]
            )
    head = ("door", "input", "tried", *OUTCOMES, "longest (s)", "memory (MiB)")
    wrong = [f"- {door}, seed {one['seed']}: {one['outcome']}, {one['said']}" for door, tries in found.items()
             for one in tries if one["outcome"] not in (RESULT, REFUSED)]  # fmt: skip
    return "\n".join(
        [
            "# Hostile and broken input", "",
            "Written by `python benchmarks/hostile.py`. Every try is one call in a process with at most "
            f"{MEMORY >> 30} GiB of address space and {LIMIT:.0f} s. A *result* is what was asked for; *refused* is "
            "one of the package's own errors, on one line, and exit code 2 of a command. A *broken promise* is any "
            "other error, exit code 3, a traceback, a message of several lines, a formula in CSV, or code that ran.",
            "*Memory* is the most that the process had up to that input, Python, JAX and pandas included.", "",
            *table_lines(head, rows), "",
            *(["What broke a promise:", "", *wrong, ""] if wrong else []),
            f"Seeds from {seed}. {circumstances()}", "",
        ]
    )  # fmt: skip


def main() -> None:
    """Read the words and try."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--jobs", type=int, default=2, help="doors that are tried at the same time")
    parser.add_argument("--doors", nargs="*")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.doors[0], chosen.seed, chosen.tries)
        return
    from hostile_doors import Doors, prepare

    until, seed = time.monotonic() + 60 * chosen.minutes, chosen.seed
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder)
        found: dict[str, list[dict]] = {door: [] for door in chosen.doors or Doors(folder, folder).names()}
        while True:
            with ThreadPoolExecutor(chosen.jobs) as pool:
                for door, tries in found.items():
                    pool.submit(collect, folder, door, seed, chosen.tries, tries)
            seed += chosen.tries
            counts = {door: dict(Counter(one["outcome"] for one in tries)) for door, tries in found.items()}
            print(f"{seed - chosen.seed} of each door", counts, flush=True)
            if time.monotonic() > until:
                break
    if not chosen.doors:
        _, *guided = PAGE.read_text("utf-8").split(GUIDED) if PAGE.exists() else ("",)
        PAGE.write_text("\n".join([page(found, chosen.seed), *(GUIDED + one for one in guided)]), "utf-8")


if __name__ == "__main__":
    main()
