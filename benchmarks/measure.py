"""One measurement in a process of its own: ``python measure.py TABLE METHOD SEED FITS OTHER OUT.npz``.

The process fits a table FITS times, with seeds from SEED on, and saves the draws and the cost of each. The first fit is
the cold one; the later ones are warm. If OTHER is 1, these get other tables of the same shape. CPU seconds are those of
this process and its children, from the table to its draws in natural units: tracing and compiling count, imports and
reading the table do not. :mod:`comparison` starts it without any compile cache.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import psutil
from clock import Clock, cpu_seconds
from methods import open_session
from tables import TABLES


def main() -> None:
    name, method, seed, fits, other, out = sys.argv[1:]
    # Before the tables: simulating them starts JAX, and NumPyro's number of devices has to be set by then.
    session = open_session(method)
    tables = [TABLES[name](i)[0] if other == "1" else TABLES[name]()[0] for i in range(int(fits))]
    saved: dict[str, np.ndarray | float] = {}
    for i, runs in enumerate(tables):
        known = set(sys.modules)
        with Clock() as clock:
            draws, stats = session(runs, int(seed) + i)
        stats |= {"cpu": clock.cpu, "wall": clock.wall, "imported": len(set(sys.modules) - known)}
        # Of the whole process so far, imports and reading the tables included.
        stats["cpu_since_start"] = cpu_seconds()
        stats["wall_since_start"] = time.time() - psutil.Process().create_time()
        saved |= {f"{i}/draws/{key}": value for key, value in draws.items()}
        saved |= {f"{i}/stats/{key}": value for key, value in stats.items()}
    np.savez(out, **saved)


if __name__ == "__main__":
    main()
