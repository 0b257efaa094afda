"""What studies of many small fits cost in a process of their own: CPU seconds, memory, bytes and files."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from small_tables import ROWS, frame

STUDY = """
part = 64
[tables.made]
files = "runs.csv"
group = "family"
[settings]
draws = 500
"""


@dataclass(frozen=True)
class Cost:
    """Of one start of a study.

    Args:
        fits: how many the study has.
        cpu: seconds of the process and of those that it started.
        memory: bytes, the most that one of them held.
        disk: bytes of the folder of results.
        files: in that folder.
    """

    fits: int
    cpu: float
    memory: float
    disk: float
    files: float


@dataclass(frozen=True)
class Line:
    """``cost = fixed + each * size``, by least squares."""

    fixed: float
    each: float

    @classmethod
    def through(cls, sizes: list[int], costs: list[float]) -> Line:
        """Return the line through the costs of at least two sizes."""
        each, fixed = np.polyfit(sizes, costs, 1)
        return cls(float(fixed), float(each))

    def __call__(self, size: float) -> float:
        return self.fixed + self.each * size


def write_study(folder: Path, families: int) -> None:
    """Write a table of so many families of 30 to 100 runs, and a study of it."""
    rng = np.random.default_rng([6, families])
    parts = [frame(rng, int(rng.integers(ROWS[0], ROWS[1] + 1))).assign(family=f"f{i:07}") for i in range(families)]
    table = pd.concat(parts, ignore_index=True)
    table[["family", "params", "tokens", "loss"]].to_csv(folder / "runs.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")


def start(folder: Path, *words: str, fits: int) -> Cost:
    """Start the study of a folder once, ``bayescale batch study.toml`` with more words, and say what that cost."""
    command = [sys.executable, "-m", "bayescale", "batch", "study.toml", *words]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: some fits are flagged
        raise RuntimeError((folder / "said.txt").read_text("utf-8"))
    written = [path for path in (folder / "results").rglob("*") if path.is_file()]
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(
        fits,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * unit,
        sum(path.stat().st_size for path in written),
        len(written),
    )
