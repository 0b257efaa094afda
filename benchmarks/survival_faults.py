"""Faults that happen to a study while it is made, by real processes: each leaves a folder that is then finished."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

BATCH = (sys.executable, "-m", "bayescale", "batch")
# How many parts a study has.
PARTS = 8
# A law that lets its first worker have hardly more memory than it has by then.
GREEDY = '''
import multiprocessing, os, resource
from pathlib import Path
from jax import Array
from bayescale.laws import Law
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens

flag = Path(__file__).with_suffix(".done")
if multiprocessing.parent_process() is not None and not flag.exists():
    flag.touch()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**20, resource.RLIM_INFINITY))


class Greedy(Law):
    """Powers of size and tokens and a floor."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss from finite size at N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    B: Array = parameter("loss from finite data at D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.beta
'''
# Half a second after a start the clock is a day early.
CLOCK = """
import time
_real, _began = time.time, time.monotonic()
time.time = lambda: _real() - (86400.0 if time.monotonic() - _began > 0.5 else 0.0)
"""


def start(study: Path, out: Path, *words: str, **environment: str) -> subprocess.Popen:
    """Start a study."""
    command = [*BATCH, str(study), "--out", str(out), *words]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=os.environ | environment, **quiet)


def finish(study: Path, out: Path, *words: str, **environment: str) -> tuple[int, str]:
    """Make what is missing; exit code and what was said."""
    process = start(study, out, *words, **environment)
    said = process.communicate(timeout=1800)[1]
    return process.returncode, said


def kill_drivers(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Kill -9 the driver at random moments between its start and its last part; what it leaves is gone on with.

    A moment is a number of parts that are there, and a random time longer: by the clock alone a busy machine would have
    every driver killed before its first part.
    """
    folder, hits = out(), 0
    while hits < times:
        there = len(list((folder / "parts").glob("[!.]*")))
        at, longer = random.randint(there, max(PARTS - 1, there)), random.uniform(0.0, usual / PARTS)
        process = start(study, folder, "--processes", "2")
        while process.poll() is None and len(list((folder / "parts").glob("[!.]*"))) < at:
            time.sleep(0.01)
        try:
            process.wait(longer)
            yield folder
            folder = out()  # it was done before
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            hits += 1
        process.communicate()
    finish(study, folder)
    yield folder


def kill_workers(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Kill -9 one of the workers at random moments, up to three times a start."""
    hits = 0
    while hits < times:
        folder, own = out(), 0
        process = start(study, folder, "--processes", "2")
        while process.poll() is None:
            time.sleep(random.uniform(0.0, usual / 3))
            workers = [one for one in children(process.pid) if own < 3 and hits < times]
            if workers:
                random.choice(workers).kill()
                own, hits = own + 1, hits + 1
        process.communicate()
        yield folder


def children(pid: int) -> list[psutil.Process]:
    """The workers of a driver, which are started anew and have their own command line."""
    try:
        return [one for one in psutil.Process(pid).children() if "spawn_main" in " ".join(one.cmdline())]
    except psutil.Error:
        return []


def two_drivers(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Start two drivers on one folder; the one that comes second must say so and end with exit code 2."""
    for _ in range(times):
        folder = out()
        both = [start(study, folder, "--processes", "1") for _ in range(2)]
        said = [process.communicate()[1] for process in both]
        ended = sorted(process.returncode for process in both)
        refused = [text for text in said if "is writing to" in text]
        # Or the second came when the first was through.
        assert (ended == [0, 2] and len(refused) == 1) or ended == [0, 0], (ended, said)
        yield folder


def damage(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Cut a file of finished results at a random place, or turn over a random bit of it, in turns."""
    folder = out()
    finish(study, folder)
    kinds = ["parts", "summary", "estimates", "draws", "manifest.json", "summary.csv", "estimates.parquet"]
    for i in range(times):
        place = folder / kinds[i // 2 % len(kinds)]
        file = random.choice(sorted(place.iterdir())) if place.is_dir() else place
        content = bytearray(file.read_bytes())
        at = random.randrange(len(content))
        if i % 2:
            content[at] ^= 1 << random.randrange(8)
        file.write_bytes(content if i % 2 else content[:at])
        finish(study, folder)
        yield folder


def out_of_memory(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Take from the first worker of each start nearly all memory that it does not have yet."""
    for _ in range(times):
        (study.parent / "greedy.done").unlink(missing_ok=True)
        folder = out()
        finish(study, folder, "--law", f"{study.parent / 'greedy.py'}:Greedy", "--processes", "2")
        yield folder


def full_disk(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Let the disk be full in the middle: a file system in memory, which is then made larger."""
    for i in range(times):
        folder = out()
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={48 + 32 * i}k", "tmpfs", folder], check=True)
        try:
            code, said = finish(study, folder, "--processes", "2")
            assert code == 2 and "could not be written" in said, (code, said)
            subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
            finish(study, folder)
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)


def clock_and_locale(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Kill a driver, and finish with a clock that goes back a day and in other time zones and locales."""
    shifted = study.parent / "shifted"
    shifted.mkdir(exist_ok=True)
    (shifted / "sitecustomize.py").write_text(CLOCK)
    paths = os.pathsep.join([str(shifted), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    zones = ("Pacific/Kiritimati", "Asia/Kathmandu", "America/St_Johns", "Pacific/Pago_Pago")
    for i in range(times):
        folder = out()
        process = start(study, folder)
        time.sleep(random.uniform(2.0, 6.0))
        process.kill()
        process.communicate()
        finish(study, folder, TZ=zones[i % len(zones)], LC_ALL=("C", "POSIX", "C.utf8")[i % 3], PYTHONPATH=paths)
        yield folder
