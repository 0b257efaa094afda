"""Batches of fits in a process of their own: ``python measure_many.py PRECISION COUNT BATCHES KEPT OUT.npz``.

Fits BATCHES batches of COUNT small tables, every one of other tables and with another seed; the first is the cold one.
CPU seconds are those of this process from the tables to their draws in natural units and their checks: compiling counts
and so does what does not pass at first. Imports and reading the tables do not. Of the first batch the draws of the
first KEPT fits are saved.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
from clock import Clock
from small_tables import small_tables
from textbook import reported

import bayescale as bs

# What a batch imports only when it needs it, NUTS included, which few batches do.
LAZY = ("bayescale.inference.many", "bayescale.inference.diagnose", "bayescale.laws.catalogue", "arviz_stats.base")
LAZY += ("bayescale.language.truncated",)
CHECKS = ("r_hat", "ess_bulk")


def main() -> None:
    precision, count, batches, kept, out = sys.argv[1:]
    for module in LAZY:
        import_module(module)
    saved: dict[str, Any] = {}
    for batch in range(int(batches)):
        with Clock() as reading:
            tables = small_tables(int(count), batch)
        known = set(sys.modules)
        with _counting_longer() as longer, Clock() as clock:
            fits = bs.fit_many("chinchilla", tables, seed=batch, precision=precision)
            posterior = fits.posterior
        stats = {"cpu": clock.cpu, "wall": clock.wall, "tables_cpu": reading.cpu}
        stats |= {"imported": len(set(sys.modules) - known), **counts(fits), "longer": sum(longer) - len(fits.alone)}
        print(f"{precision}, batch {batch}: {stats}", flush=True)
        saved |= {f"{batch}/stats/{name}": value for name, value in stats.items()}
        saved |= {f"{batch}/checks/{name}": fits.checks[name].to_numpy() for name in CHECKS}
        saved[f"{batch}/checks/flagged"] = (fits.checks["status"] != "ok") & (fits.checks["reason"] != "")
        if batch == 0:
            first = posterior.isel(fit=slice(int(kept)))
            saved |= {f"draws/{name}": first[name].to_numpy() for name in reported("naive")}
    np.savez(out, **saved)


def counts(fits: bs.Fits) -> dict[str, int]:
    """How many fits came out how, and how many were made by themselves, by which engine."""
    status, engine = fits.checks["status"].to_numpy(), fits.checks["engine"].to_numpy()
    alone = np.isin(np.arange(len(fits)), list(fits.alone))
    return {name: int((status == name).sum()) for name in ("ok", "flagged", "failed")} | {
        "alone": int((alone & (engine == "instant")).sum()),
        "nuts": int((engine == "nuts").sum()),
    }


@contextmanager
def _counting_longer() -> Iterator[list[int]]:
    """Yield a list that gets, for every call that makes longer chains, the number of its tables."""
    many = import_module("bayescale.inference.many.fit_many")
    run_chunk, seen = many.run_chunk, []

    def watched(model: Any, tables: Any, *sizes: int) -> Any:
        if sizes[-1] > 1:
            seen.append(len(tables))
        return run_chunk(model, tables, *sizes)

    many.run_chunk = watched
    try:
        yield seen
    finally:
        many.run_chunk = run_chunk


if __name__ == "__main__":
    main()
