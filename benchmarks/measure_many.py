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
import xarray as xr
from clock import Clock, cpu_seconds
from small_tables import small_tables
from textbook import reported

import bayescale as bs

# What a batch imports only when it needs it, NUTS included, which few batches do.
OURS = ("inference.many", "inference.diagnose", "laws.catalogue", "language.truncated")
LAZY = ("arviz_stats.base", "concurrent.futures.thread", *(f"bayescale.{module}" for module in OURS))
CHECKS = ("r_hat", "ess_bulk")


def main() -> None:
    precision, count, batches, kept, out = sys.argv[1:]
    for module in LAZY:
        import_module(module)
    xr.Dataset(coords={"made": np.zeros(1)})  # which imports Dask where that is installed
    saved: dict[str, Any] = {}
    for batch in range(int(batches)):
        with Clock() as reading:
            tables = small_tables(int(count), batch)
        known = set(sys.modules)
        with _watching() as alone_cpu, Clock() as clock:
            fits = bs.fit_many("chinchilla", tables, seed=batch, precision=precision)
            posterior = fits.posterior
        stats = {"cpu": clock.cpu, "wall": clock.wall, "tables_cpu": reading.cpu}
        stats |= {"imported": len(set(sys.modules) - known), **counts(fits)}
        stats |= {"alone_cpu": sum(alone_cpu)}
        print(f"{precision}, batch {batch}: {stats}", *sorted(set(sys.modules) - known), flush=True)
        saved |= {f"{batch}/stats/{name}": value for name, value in stats.items()}
        saved |= {f"{batch}/checks/{name}": fits.checks[name].to_numpy() for name in CHECKS}
        saved[f"{batch}/checks/flagged"] = (fits.checks["status"] != "ok") & (fits.checks["reason"] != "")
        if batch == 0:
            first = posterior.isel(fit=slice(int(kept)))
            saved |= {f"draws/{name}": first[name].to_numpy() for name in reported("naive")}
    np.savez(out, **saved)


def counts(fits: bs.Fits) -> dict[str, int]:
    """How many fits came out how, got longer chains, and were made by themselves, by which engine."""
    status, engine = fits.checks["status"].to_numpy(), fits.checks["engine"].to_numpy()
    alone = np.isin(np.arange(len(fits)), list(fits.alone))
    longer = fits.checks["steps"].to_numpy() > fits.sample_stats.sizes["draw"]
    return {name: int((status == name).sum()) for name in ("ok", "flagged", "failed")} | {
        "longer": int((longer & ~alone).sum()),
        "alone": int((alone & (engine == "instant")).sum()),
        "nuts": int((engine == "nuts").sum()),
    }


@contextmanager
def _watching() -> Iterator[list[float]]:
    """Yield a list that gets the CPU seconds of every fit that is made by itself."""
    many: Any = import_module("bayescale.inference.many.fit_many")
    fit_alone, spent = many.fit_alone, list[float]()

    def timed(model: Any, table: Any, *rest: Any) -> Any:
        before = cpu_seconds()
        found = fit_alone(model, table, *rest)
        spent.append(cpu_seconds() - before)
        engine = found.fit.record["engine"] if found.fit else found.reason
        print(f"table {table.position} by itself: {spent[-1]:.2f} CPU s, {engine}", flush=True)
        return found

    many.fit_alone = timed
    try:
        yield spent
    finally:
        many.fit_alone = fit_alone


if __name__ == "__main__":
    main()
