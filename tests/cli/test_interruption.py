"""A fit that is interrupted or terminated keeps what is done, says how to go on, and can be gone on with."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

import bayescale

FIT = ("fit", "runs.csv", "--group", "family", "--chains", "2", "--warmup", "100", "--draws", "200", "--seed", "3")
# The target is of families with few rows per parameter.
SAMPLING = "sampling, attempt 1: 2 chains of 300 draws, warm-up included, aiming at acceptance 0.98"
# Checkpoints after every chunk of draws; the first one tells that draws are made, and the others take their time.
SLOW = """
import signal, sys, time
from pathlib import Path
# Where what runs the tests ignores Ctrl-C, as jobs in the background do, its children do, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
from bayescale.inference.checkpoint import trail
trail.SECONDS = trail.TIMES = 0.0
add = trail.Trail.add
def slow(self, *arguments):
    add(self, *arguments)
    Path("begun").touch()
    time.sleep(1.0)
trail.Trail.add = slow
from bayescale.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def folder(runs_csv, tmp_path) -> Path:
    (tmp_path / "runs.csv").write_bytes(runs_csv.read_bytes())
    return tmp_path


def interrupted(folder: Path, number: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Start a fit, send it a signal once it makes draws, and wait for its end."""
    command, begun = [sys.executable, "-c", SLOW, *words], folder / "begun"
    begun.unlink(missing_ok=True)
    environment = os.environ | {"PYTHONPATH": str(Path(bayescale.__file__).parents[1])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, **pipes) as process:
        until = time.monotonic() + 500
        while not begun.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=500)
    begun.unlink(missing_ok=True)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_the_finished_part_is_kept_and_the_command_that_is_printed_goes_on(folder, bayescale, monkeypatch):
    words = (*FIT, "--out", "my fit.nc", "--checkpoint", "a checkpoint")
    counts = []
    for number in (signal.SIGINT, signal.SIGTERM):
        done = interrupted(folder, number, *words)
        assert (done.returncode, done.stdout) == (130, ""), done.stderr
        *before, line = done.stderr.splitlines()
        going_on = (
            [f"going on from a checkpoint: {counts[0]} of 600 draws, warm-up included, are made"] if counts else []
        )
        assert before == [*going_on, SAMPLING]
        said = re.fullmatch(
            r"interrupted: (\d+) of 600 draws, warm-up included, are kept in a checkpoint; go on with: (.*)", line
        )
        assert said is not None, line
        counts.append(int(said[1]))
        command = shlex.split(said[2])
        assert command == ["bayescale", *words]
        assert sorted(path.name for path in folder.iterdir()) == ["a checkpoint", "runs.csv"]
    assert 0 < counts[0] < counts[1] < 600

    monkeypatch.chdir(folder)
    assert bayescale(*command[1:]).code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["my fit.nc", "runs.csv"]
    assert bayescale(*FIT, "--out", "whole.nc").code == 0
    for group in ("unconstrained_posterior", "sample_stats"):
        one, other = (xr.load_dataset(name, group=group, engine="h5netcdf") for name in ("my fit.nc", "whole.nc"))
        xr.testing.assert_identical(one, other)


def test_without_a_checkpoint_nothing_is_kept_and_the_message_says_how_to(folder):
    done = interrupted(folder, signal.SIGINT, *FIT)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == (
        f"{SAMPLING}\ninterrupted: nothing is kept of the fit; keep what is done with --checkpoint fit.checkpoint\n"
    )
    assert [path.name for path in folder.iterdir()] == ["runs.csv"]


def test_a_checkpoint_that_is_no_place_of_its_own_is_refused(folder, bayescale, monkeypatch):
    monkeypatch.chdir(folder)
    before = (folder / "runs.csv").read_bytes()
    same = bayescale(*FIT, "--out", "fit.nc", "--checkpoint", "fit.nc")
    assert (same.code, same.err) == (
        2,
        "error: --checkpoint fit.nc is the fit itself; give it a name of its own, such as fit.checkpoint.\n",
    )
    table = bayescale(*FIT, "--checkpoint", "runs.csv")
    assert (table.code, table.err) == (
        2,
        "error: runs.csv cannot be resumed from: it is no checkpoint of bayescale; give another name, or remove it.\n",
    )
    assert (folder / "runs.csv").read_bytes() == before
    nowhere = bayescale(*FIT, "--checkpoint", "nowhere/fit.checkpoint")
    assert (nowhere.code, nowhere.err) == (
        2,
        "error: There is no folder nowhere to write fit.checkpoint to; make it first.\n",
    )
