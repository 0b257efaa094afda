"""Fit two families in a process that may kill itself: python killed_fit.py OUT.npz [CHECKPOINT [MOMENT COUNT]].

With ``chunk 3`` it is killed by SIGKILL when three chunks of draws are done in this process, with ``writing 3`` in the
middle of the third writing of the checkpoint, and with ``seconds 0.5`` half a second after the first chunk, wherever it
is. The draws go to OUT.npz.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

import bayescale as bs
from bayescale.inference.checkpoint import sealed, trail


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: str, count: float) -> None:
    """Have the process killed."""
    number, lock = [0], threading.Lock()
    add, hashed = trail.Trail.add, sealed.whole_file

    def counting_add(self, *arguments):
        add(self, *arguments)
        with lock:
            number[0] += 1
            if moment == "chunk" and number[0] == count:
                kill()
            if moment == "seconds" and number[0] == 1:
                threading.Thread(target=lambda: (time.sleep(count), kill()), daemon=True).start()

    class Half:
        """A file beside its place, half of which gets written."""

        def __init__(self, target: Path):
            self.whole = hashed(target)

        def __enter__(self) -> Path:
            self.path = self.whole.__enter__()
            number[0] += 1
            if number[0] == count:
                self.path.write_bytes(b"bayescale-checkpoint 1 0123")
                kill()
            return self.path

        def __exit__(self, *error) -> None:
            self.whole.__exit__(*error)

    if moment == "writing":
        sealed.whole_file = Half
    else:
        trail.Trail.add = counting_add


def main() -> None:
    out, checkpoint, moment, count = (*sys.argv[1:], None, None, None)[:4]
    trail.SECONDS = trail.TIMES = 0.0
    if moment:
        arm(moment, float(count))
    rng = np.random.default_rng(0)
    design = pd.DataFrame(
        [
            {"family": family, "params": 10 ** rng.uniform(8, 10), "tokens": 10 ** rng.uniform(9, 11)}
            for family in "ab"
            for _ in range(9)
        ]
    )
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    runs = bs.read_runs(bs.simulate({"a": truth, "b": truth.replace(E=1.5)}, design, seed=1))
    fit = bs.fit("chinchilla", runs, chains=2, warmup=150, draws=250, target_accept=0.9, checkpoint=checkpoint)
    sites = {f"site {name}": values.to_numpy() for name, values in fit.unconstrained.data_vars.items()}
    stats = {f"stat {name}": values.to_numpy() for name, values in fit.sample_stats.data_vars.items()}
    np.savez(out, resumed=fit.record.get("resumed", 0), **sites, **stats)


if __name__ == "__main__":
    main()
