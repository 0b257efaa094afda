"""Kill a driver 50 times while it writes parts, and look at what it leaves: python kill_writers.py FOLDER [TIMES].

Drivers are processes forked after the imports, and parts are made up, so that nearly every kill hits the writing.
It prints JSON: kills, those in the middle of a study, and what was lost, there twice, or not whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import xarray as xr

from bayescale.study.chunks import chunks_of
from bayescale.study.folder import KINDS, Folder
from bayescale.study.parts import read_record, settle, write_part
from bayescale.study.tasks import Task
from bayescale.study.work import Part, without_fits

TASKS = [
    Task(hashlib.sha256(bytes([i])).hexdigest(), f"table {i}", f"table {i}", "", None, "chinchilla", "student-t", 0)
    for i in range(24)
]


def made_up(chunk) -> Part:
    bare = without_fits(chunk, "ok", "")
    names = [task.hash for task in chunk.tasks]
    draws = np.array([np.frombuffer(bytes.fromhex(name), np.uint8) for name in names], float)[:, None, :]
    kept = xr.Dataset({"E": (("fit", "chain", "draw"), draws)}, {"fit": names, "task": ("fit", names)})
    return Part(chunk, bare.summary, bare.estimates, kept, 0.0)


def drive(path: Path) -> None:
    """What a driver does, without fits."""
    folder = Folder(path)
    folder.prepare()
    with folder.held(None):
        folder.sweep()
        done = settle(folder, TASKS, ())
        for chunk in chunks_of(TASKS, 3):
            if (rest := chunk.without(done)).tasks:
                write_part(folder, made_up(rest))


def forked(path: Path) -> int:
    pid = os.fork()
    if pid == 0:
        drive(path)
        os._exit(0)
    return pid


# Seconds for a part of some small files: whoever takes longer hangs.
LONGEST = 300


def contents(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for kind in ("parts", *KINDS) for file in (path / kind).iterdir()
    }


def written(path: Path) -> int:
    """Count the files of a folder of results, whole ones and others."""
    return sum(len(os.listdir(path / kind)) for kind in ("parts", *KINDS) if (path / kind).is_dir())


def wait(pid: int, path: Path, files: int, longer: float) -> bool:
    """Wait until there are so many files, and some seconds longer; whether the process ended by itself.

    Files and not the clock, since a busy machine would have every process killed before it began.
    """
    latest = time.monotonic() + LONGEST
    while not (over := os.waitpid(pid, os.WNOHANG)[0] == pid) and written(path) < files:
        if time.monotonic() > latest:
            os.kill(pid, signal.SIGKILL)
            raise TimeoutError(f"a writer made {written(path)} of {files} files in {LONGEST} s")
        time.sleep(1e-3)
    time.sleep(0.0 if over else random.uniform(0.0, longer))
    return over or os.waitpid(pid, os.WNOHANG)[0] == pid


def main() -> None:
    random.seed(0)
    place, times = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 50
    began = time.monotonic()
    os.waitpid(forked(place / "undisturbed"), 0)
    usual, reference = time.monotonic() - began, contents(place / "undisturbed")
    whole = len(reference)
    found, kills, out = Counter(), 0, place / "killed"
    while kills < times:
        at = random.randint(min(written(out), whole - 1), whole - 1)
        over = wait(pid := forked(out), out, at, usual / whole)
        if not over:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            kills += 1
        folder = Folder(out)
        names = [file.stem for file in (out / "parts").glob("[!.]*")] if (out / "parts").is_dir() else []
        records = [read_record(folder, name) for name in names]
        found["half"] += sum(record is None for record in records)
        counts = Counter(task for record in records if record for task in record.tasks)
        found["twice"] += sum(count > 1 for count in counts.values())
        found["middle"] += not over and 0 < len(counts) < len(TASKS)
        if over or len(counts) == len(TASKS):
            drive(out)
            found["lost"] += contents(out) != reference
            found["studies"] += 1
            shutil.rmtree(out)
    drive(out)
    found["lost"] += contents(out) != reference
    print(json.dumps({"kills": kills, "middle": 0, "lost": 0, "twice": 0, "half": 0} | dict(found)))


if __name__ == "__main__":
    main()
