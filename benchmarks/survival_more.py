"""Faults of tables and of schedulers, see survival.py."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import survival_faults as faults


def poisoned(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Put a file of random bytes among 500 tables, of which those of the study are the first."""
    for i in range(times):
        place = study.parent / f"poisoned_{i}"
        place.mkdir()
        (place / "few").symlink_to(study.parent / "many")
        poison = study.parent / "many" / "250a.csv"
        poison.write_bytes(random.randbytes(10_000))
        text = study.read_text()
        (place / study.name).write_text(text.replace("part = 2", "part = 64"))
        folder = out()
        code, said = faults.finish(place / study.name, folder, "--processes", "2")
        statuses = _statuses(folder)
        assert code == 1 and len(statuses) == 501 and statuses.count("failed") == 1, (code, said, len(statuses))
        # Back to the study alone: its fits are kept, those of the others are no longer wanted.
        faults.finish(study, folder)
        yield folder


def _statuses(folder: Path) -> list[str]:
    import bayescale as bs

    return bs.open_results(folder).summary["status"].tolist()


def scheduler(study: Path, out: Callable[[], Path], usual: float, times: int) -> Iterator[Path]:
    """Kill -9 a Dask scheduler and its worker in the middle and start both again."""
    for _ in range(times):
        folder, port = out(), _free_port()
        address = f"tcp://127.0.0.1:{port}"
        cluster = _cluster(address, port)
        driver = faults.start(study, folder, "--scheduler", address)
        try:
            while not any((folder / "parts").glob("*.json")) and driver.poll() is None:
                time.sleep(0.1)
            time.sleep(random.uniform(0.0, usual / 4))
            for process in cluster:
                process.send_signal(signal.SIGKILL)
                process.wait()
            time.sleep(1.0)
            cluster = _cluster(address, port)
            said = driver.communicate(timeout=900)[1]
            assert driver.returncode == 0, said
        finally:
            for process in (driver, *cluster):
                process.kill()
                process.wait()
        yield folder


def _cluster(address: str, port: int) -> list[subprocess.Popen]:
    scratch = tempfile.mkdtemp()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    commands = (
        ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        ["worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", scratch],
    )
    return [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_" + c[0], *c[1:]], **quiet) for c in commands]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
