"""Workers that die, hang or lack memory, and a cluster of Dask's."""

from __future__ import annotations

import sys
import time

import psutil
import pytest

import bayescale as bs

LAW = """
import multiprocessing, os, signal, time
from pathlib import Path
from jax import Array
from bayescale.laws import Law
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens

FIRST = Path(__file__).with_suffix(".done")
if multiprocessing.parent_process() is not None and not FIRST.exists():
    FIRST.touch()
    {fault}


class Mine(Law):
    '''A floor and powers of size and tokens.'''

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss from finite size at N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    B: Array = parameter("loss from finite data at D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.beta
"""
STUDY = """
laws = ["mine"]
[tables.made]
files = "tables/*.csv"
[settings]
draws = 50
engine = "instant"
"""


SIGKILL = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize("fault", [SIGKILL, pytest.param("raise MemoryError", marks=pytest.mark.slow)])
def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(write_study, fault):
    study = write_study(STUDY, count=3)
    (study.parent / "mine.py").write_text(LAW.format(fault=fault))
    results = bs.run_study(study, study.parent / "out", laws=[f"{study.parent / 'mine.py'}:Mine"])
    assert (study.parent / "mine.done").exists()  # one worker did
    assert set(results.summary["status"]) <= {"ok", "flagged"} and len(results.summary) == 3


@pytest.mark.slow
def test_a_fit_that_hangs_is_timed_out_and_done_again_when_asked(write_study, monkeypatch):
    from bayescale.study.executors import crew

    monkeypatch.setattr(crew, "STARTUP", 4.0)
    study = write_study(STUDY + "[limits]\nseconds = 1.0\n", count=1)
    law = study.parent / "mine.py"
    law.write_text(LAW.format(fault="FIRST.unlink(); time.sleep(3600)"))  # every worker hangs ...
    options = {"laws": [f"{law}:Mine"]}
    first = bs.run_study(study, study.parent / "out", **options)
    assert first.summary["status"].tolist() == ["timed out"]
    assert first.summary["reason"].tolist() == ["it took more than 1 s"]
    assert bs.run_study(study, study.parent / "out", **options).summary["status"].tolist() == ["timed out"]
    monkeypatch.setattr(crew, "STARTUP", 300.0)
    (study.parent / "mine.done").touch()  # ... until now
    again = bs.run_study(study, study.parent / "out", redo=True, **options)
    assert again.summary["status"].item() in ("ok", "flagged")


def test_workers_end_with_their_driver(write_study, start_batch):
    study = write_study()
    driver, workers = start_batch(study, study.parent / "out"), []
    while not workers:
        assert driver.poll() is None, driver.communicate()[1]
        workers = [one for one in psutil.Process(driver.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        time.sleep(0.01)
    driver.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_a_cluster_makes_the_same_bits(made, write_study):
    pytest.importorskip("distributed")
    study = write_study()
    results = bs.run_study(study, study.parent / "out", workers=2)
    for task in made.summary["task"]:
        assert results.draws(task).identical(made.draws(task))


def test_a_cluster_that_is_not_there_is_named(write_study, monkeypatch):
    pytest.importorskip("distributed")
    from bayescale.study.executors import cluster

    monkeypatch.setattr(cluster, "RETURN", 0.0)
    study = write_study(count=1)
    with pytest.raises(bs.SettingsError, match=r"No Dask scheduler answers at tcp://127.0.0.1:1 "):
        bs.run_study(study, study.parent / "out", scheduler="tcp://127.0.0.1:1")


def test_what_to_install_for_a_cluster_is_named(write_study, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    study = write_study(count=1)
    with pytest.raises(bs.SettingsError, match=r"pip install 'bayescale\[cluster\]'"):
        bs.run_study(study, study.parent / "out", workers=1)
