"""Prints, as JSON, what JAX traces and compiles at each stage of fits and of questions to them.

A script, run in a process of its own: a program that another test has compiled would not be compiled again. By stage:

* ``programs``: how often each jitted function of bayescale was compiled, or found in the compile cache;
* ``traces``: how often the law's formula was traced, by the jitted function that was being traced;
* ``small``: how often other programs were compiled, which JAX makes of single operations such as splitting a key.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from jax import Array, monitoring

import bayescale as bs
from bayescale.language.declare import PooledCoordinate, anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens

# JAX reports under this name every program that it compiles or finds in the compile cache.
COMPILED = "/jax/core/compile/backend_compile_duration"
# Short chains: what is compiled does not depend on how long they are. The instant engine chooses their length in steps
# of 250; here it is given, so that both fits have one length whatever a machine's rounding is.
OPTIONS = {
    "instant": {"draws": 1000},
    "NUTS": {"engine": "nuts", "chains": 2, "warmup": 50, "draws": 50, "target_accept": 0.9},
}
FAMILIES = {"instant": ("a",), "NUTS": ("a", "b")}
# The second table of each pair has other runs, and another number of them that is padded to the same.
ROWS = {"instant": (30, 25), "NUTS": (8, 11)}
# Rows of the tables of a batch: other lengths and numbers of tables that are padded to the same.
BATCHES = ((20, 40), (30, 60, 90))
# The second question has other points, padded to the same number, and as many budgets.
SIZES = ([1e9, 3e9], [2e9, 4e9, 5e9])
BUDGETS = ([1e20, 1e21], [2e20, 5e21])
PLACES = ("first", "second")

compiled: list[str] = []
traced: list[str] = []
found: dict[str, dict[str, dict[str, int]]] = {}


class Counted(bs.Law):
    """L = E ((N/N0)^-alpha + (D/D0)^-alpha) / 2, which notes where its formula is traced."""

    E: Array = parameter("loss", prior=LogNormal(2.5, 0.5), unit="nats/token")
    alpha: Array = parameter("exponent", prior=LogNormal(0.1, 0.5))
    N0: float = anchor("N")
    D0: float = anchor("D")
    pooled = (PooledCoordinate("level", "log of E", 0.5), PooledCoordinate("alpha", "log of the exponent", 0.5))

    def __call__(self, N: Size, D: Tokens) -> Loss:
        if any(isinstance(value, jax.core.Tracer) for value in (self.E, self.alpha, N, D)):
            traced.append(being_traced())
        return self.E * ((N / self.N0) ** -self.alpha + (D / self.D0) ** -self.alpha) / 2.0

    @staticmethod
    def pool(logs: Any) -> Any:
        return logs

    @staticmethod
    def unpool(coordinates: Any) -> Any:
        return coordinates


def own_programs() -> set[str]:
    """Names of all functions that bayescale has jitted so far."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("bayescale.")]
    jitted = [value for module in modules for value in vars(module).values() if isinstance(value, jax.stages.Wrapped)]
    return {f.__wrapped__.__name__ for f in jitted if f.__module__.startswith("bayescale.")} - {"<lambda>"}


def being_traced() -> str:
    """The innermost jitted function of bayescale among the callers, or ``(none)``."""
    names, frame = own_programs(), sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals["__name__"].startswith("bayescale."):
            return frame.f_code.co_name
        frame = frame.f_back
    return "(none)"


def note(event: str, _: float, **about: Any) -> None:
    """Listen to JAX."""
    if event == COMPILED:
        compiled.append(about["fun_name"].removeprefix("jit(").removesuffix(")"))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count what happens in here."""
    compiled.clear()
    traced.clear()
    yield
    counted, own = Counter(compiled), own_programs()
    found[name] = {
        "programs": {name: counted[name] for name in sorted(counted) if name in own},
        "traces": dict(sorted(Counter(traced).items())),
        "small": {name: counted[name] for name in sorted(counted) if name not in own},
    }


def simulated(families: tuple[str, ...], rows: int) -> bs.Runs:
    """Runs of the law with 1 % of scatter."""
    rng, table = np.random.default_rng(rows), []
    for level, family in enumerate(families):
        law = Counted(E=2.5 + 0.2 * level, alpha=0.1, N0=1e9, D0=1e10)
        for params, tokens in 10 ** rng.uniform((8, 9.5), (10, 11), (rows, 2)):
            loss = float(law(params, tokens)) * np.exp(0.01 * rng.standard_normal())
            table.append({"family": family, "params": params, "tokens": tokens, "loss": loss})
    return bs.read_runs(pd.DataFrame(table))


def main() -> None:
    monitoring.register_event_duration_secs_listener(note)
    for engine, rows in ROWS.items():
        families, fits = FAMILIES[engine], []
        for place, count in zip(PLACES, rows, strict=True):
            runs = simulated(families, count)
            with stage(f"{engine}: {place} fit"):
                fits.append(bs.fit(Counted, runs, seed=0, **OPTIONS[engine]))
            assert fits[-1].engine.startswith(engine.lower())
        for place, fit, sizes, budgets in zip(PLACES, fits, SIZES, BUDGETS, strict=True):
            with stage(f"{engine}: {place} checks"):
                assert fit.checks
            with stage(f"{engine}: {place} predict"):
                bs.predict(fit, params=sizes, tokens=20e9, group=families[-1])
            with stage(f"{engine}: {place} allocate"):
                bs.allocate(fit, compute=budgets, group=families[-1])
        with tempfile.TemporaryDirectory() as folder, stage(f"{engine}: save, load, predict"):
            fits[0].save(Path(folder) / "fit.nc")
            again = bs.load(Path(folder) / "fit.nc", law=Counted)
            bs.predict(again, params=SIZES[0], tokens=20e9, group=families[-1])
    for place, counts in zip(PLACES, BATCHES, strict=True):
        tables = [simulated(("a",), rows) for rows in counts]
        with stage(f"many: {place} batch"):
            fits = bs.fit_many(Counted, tables, seed=0)
        # A fit that does not pass would be made by itself, which is another matter.
        assert not fits.alone
    print(json.dumps(found))


if __name__ == "__main__":
    main()
