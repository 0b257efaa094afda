"""A loop by hand in a process of its own: ``python measure_loop.py METHOD COUNT OUT.npz``.

Fits the first COUNT of the small tables one after the other and saves draws and cost of each. CPU seconds are those of
this process and its children from a table to its draws in natural units; imports and reading the tables do not count.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from clock import Clock
from hand_loops import open_loop
from small_tables import small_tables


def main() -> None:
    method, count, out = sys.argv[1:]
    session = open_loop(method)
    saved: dict[str, Any] = {}
    for i, runs in enumerate(small_tables(int(count))):
        with Clock() as clock:
            draws, stats = session(runs, i)
        stats |= {"cpu": clock.cpu, "wall": clock.wall}
        print(f"{method}, table {i}: {stats}", flush=True)
        saved |= {f"{i}/draws/{name}": value for name, value in draws.items()}
        saved |= {f"{i}/stats/{name}": value for name, value in stats.items()}
    np.savez(out, **saved)


if __name__ == "__main__":
    main()
