"""One short fit that the tests of the command line share, and a way to call it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescale.cli import main

SHORT = ("--chains", "2", "--warmup", "100", "--draws", "100")


@dataclass(frozen=True)
class Result:
    """What a command printed and how it exited."""

    code: int
    out: str
    err: str

    @property
    def records(self):
        """The JSON on stdout."""
        return json.loads(self.out)


@pytest.fixture
def bayescale(capsys):
    """Call the command line as a user does, and return what it printed."""

    def call(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        code = stop.value.code
        return Result(0 if code is None else int(code), printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Two families of 25 simulated runs each."""
    import bayescale as bs

    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    grid = [(n, d) for n in np.geomspace(5e7, 3e9, 5) for d in np.geomspace(1e9, 5e10, 5)]
    families = {"starcoder": truth.replace(E=0.9), "fineweb-edu": truth}
    design = pd.DataFrame([{"family": f, "params": n, "tokens": d} for f in families for n, d in grid])
    return bs.simulate(families, design, seed=1)


@pytest.fixture(scope="session")
def runs_csv(frame, tmp_path_factory):
    """The simulated runs as a file with the columns of the documentation."""
    path = tmp_path_factory.mktemp("runs") / "runs.csv"
    frame[["family", "params", "tokens", "loss"]].to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def fit_output(runs_csv, tmp_path_factory):
    """Path of the short fit and what ``bayescale fit`` printed, in a process of its own."""
    import subprocess
    import sys
    from pathlib import Path

    import bayescale

    path = tmp_path_factory.mktemp("fit") / "fit.nc"
    words = ["fit", runs_csv, "--law", "chinchilla", "--group", "family", "--seed", "0", "--out", path, *SHORT]
    command = [sys.executable, "-m", "bayescale", *map(str, words)]
    # From where the package is, so that a checkout that is not installed is tested too, whatever folder a test is in.
    folder = Path(bayescale.__file__).parents[1]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return path, Result(0, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def fit_nc(fit_output):
    """Path of the short fit, too short to pass its checks."""
    return fit_output[0]


@pytest.fixture(scope="session")
def error_nc(frame, tmp_path_factory):
    """A short fit of the errors of the same runs, without families."""
    import bayescale as bs

    error = 0.8 - 0.2 * np.exp(2.0 - frame["loss"]) + 0.002 * np.tile([1.0, -1.0], len(frame) // 2)
    runs = bs.read_runs(frame[["loss"]].assign(error=error), law="downstream-error")
    path = tmp_path_factory.mktemp("error") / "error.nc"
    bs.fit("downstream-error", runs, seed=0).save(path)
    return path


@pytest.fixture
def passing(monkeypatch):
    """Let every check of every fit pass, since a fit that does takes longer than a test may."""
    from dataclasses import replace

    from bayescale.inference import diagnose
    from bayescale.inference.checks import Checks
    from bayescale.inference.store import fits

    def all_pass(real):
        return lambda given: Checks(tuple(replace(c, status="pass", advice="") for c in real(given).checks))

    monkeypatch.setattr(diagnose, "diagnose", all_pass(diagnose.diagnose))
    monkeypatch.setattr(fits, "take_checks", all_pass(fits.take_checks))  # what was saved with the fit


@pytest.fixture(scope="session")
def example_files(runs_csv, fit_nc, error_nc, in_flight, tmp_path_factory) -> Path:
    """A folder with the files that examples in help and in the documentation are about."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copy(runs_csv, folder / "runs.csv")
    shutil.copy(fit_nc, folder / "fit.nc")
    shutil.copy(error_nc, folder / "error.nc")
    in_flight.replace({"run": {"run 4": "big"}}).to_csv(folder / "curves.csv", index=False)
    study = 'laws = ["chinchilla"]\n[tables.runs]\nfiles = "runs.csv"\ngroup = "family"\n[settings]\ndraws = 200\n'
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return folder
