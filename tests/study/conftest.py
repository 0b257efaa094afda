"""A study of a dozen small tables, made once, and parts of results that no fit was made for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescale as bs
from bayescale.study.chunks import Chunk
from bayescale.study.run import plan
from bayescale.study.tasks import Task
from bayescale.study.work import ESTIMATE, Part, without_fits

TEXT = """
part = 4
[tables.made]
files = "tables/*.csv"
[settings]
draws = 50
"""
TABLES = 8


def _write_tables(folder: Path, count: int = TABLES) -> None:
    (folder / "tables").mkdir()
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    grid = [(n, d) for n in np.geomspace(5e7, 3e9, 5) for d in np.geomspace(1e9, 5e10, 5)]
    design = pd.DataFrame(grid, columns=["params", "tokens"])
    for i in range(count):
        bs.simulate(law, design, seed=i).to_csv(folder / "tables" / f"{i:02}.csv", index=False)


@pytest.fixture
def write_study(tmp_path) -> Callable[..., Path]:
    """Write tables and a study of them to a folder of the test, and return the path of the study."""

    def write(text: str = TEXT, count: int = TABLES) -> Path:
        _write_tables(tmp_path, count)
        (tmp_path / "study.toml").write_text(text)
        return tmp_path / "study.toml"

    return write


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> bs.Results:
    """The results of the study, by one process; not to be written to."""
    folder = tmp_path_factory.mktemp("study")
    _write_tables(folder)
    (folder / "study.toml").write_text(TEXT)
    return bs.run_study(folder / "study.toml", folder / "out")


@pytest.fixture
def start_batch() -> Iterator[Callable[..., subprocess.Popen]]:
    """Start ``bayescale batch`` in a process of its own, which is killed if the test leaves it."""
    started = []

    def start(study: Path, out: Path, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "bayescale", "batch", str(study), "--out", str(out), *words]
        # From where the package is, so that a checkout that is not installed is tested too.
        folder = Path(bs.__file__).parents[1]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=folder, **quiet))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def tasks(write_study) -> tuple[Task, ...]:
    """The tasks of the study."""
    return plan(bs.Study.read(write_study())).tasks


@pytest.fixture(scope="session")
def part_of() -> Callable[[Chunk], Part]:
    """Make a part of a chunk whose draws are numbers that tell its fits apart."""

    def make(chunk: Chunk, status: str = "ok") -> Part:
        bare = without_fits(chunk, status, "")
        values = np.arange(len(chunk.tasks))[:, None, None] * np.ones((1, 2, 5))
        names = [task.hash for task in chunk.tasks]
        draws = xr.Dataset({"E": (("fit", "chain", "draw"), values)}, {"fit": names, "task": ("fit", names)})
        words = {"parameter": "E", "meaning": "floor", "unit": "nats/token"}
        rows = [{**words, **dict.fromkeys(ESTIMATE[3:], 1.0)} for _ in names]
        keys = bare.summary[["task", "table", "family", "ratio", "law", "noise", "seed"]]
        estimates = pd.concat([keys, pd.DataFrame(rows)[list(ESTIMATE)]], axis=1)
        return Part(chunk, bare.summary, estimates, draws, 1.0)

    return make
