"""CPU seconds of warm fits against the size of what is fitted, for each of the engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import Any

import numpy as np
from clock import Clock
from jax import monitoring
from power_law import PowerLaw, fit_power_law
from small_tables import families_of, small_tables, table_of

import bayescale as bs

COMPILED = "/jax/core/compile/backend_compile_duration"
FAMILY_ROWS = (45, 55)
# Of the hierarchical fits. A given acceptance is aimed at once, whatever diverges, so that no size is sampled twice.
NUTS: dict[str, Any] = {"engine": "nuts", "warmup": 200, "draws": 200, "target_accept": 0.9}
Fit = Callable[[int], dict[str, float]]


@dataclass(frozen=True)
class Point:
    """One warm fit, or batch.

    Args:
        size: rows, families or tables.
        cpu: seconds.
        compiled: seconds of them that XLA compiled for, on the wall clock.
        about: what else is told of it, by name.
    """

    size: int
    cpu: float
    compiled: float
    about: dict[str, float]


@dataclass(frozen=True)
class Curve:
    """Points of several sizes, and from which size on an exponent is fitted."""

    points: list[Point]
    least: int

    @property
    def sizes(self) -> list[int]:
        """Each size once."""
        return list(dict.fromkeys(point.size for point in self.points))

    def at(self, size: int, name: str = "cpu") -> list[float]:
        """CPU seconds of the repeats of a size, or something else that is told of them."""
        return [_value(point, name) for point in self.points if point.size == size]

    def all(self, name: str = "cpu") -> list[list[float]]:
        """The same for each size."""
        return [self.at(size, name) for size in self.sizes]

    def medians(self, name: str = "cpu") -> list[float]:
        """Over repeats, for each size."""
        return [median(found) for found in self.all(name)]

    def law(self, name: str = "cpu") -> PowerLaw:
        """The exponent over the upper part of the range."""
        return fit_power_law([p.size for p in self.points], [_value(p, name) for p in self.points], self.least)


def _value(point: Point, name: str) -> float:
    return point.cpu if name == "cpu" else point.about[name]


def over_rows(sizes: Sequence[int], repeats: int, least: int) -> Curve:
    """One table of so many rows, by the instant engine; what is told: draws per chain, and whether NUTS had to."""

    def prepare(rows: int, repeat: int) -> Fit:
        runs = table_of(rows, repeat)

        def fit(seed: int) -> dict[str, float]:
            fitted = bs.fit("chinchilla", runs, seed=seed)
            _ = fitted.posterior
            return {"draws": fitted.settings.draws, "nuts": float(fitted.record["engine"]["name"] == "nuts")}

        return fit

    return _measure(prepare, sizes, repeats, least)


def over_families(sizes: Sequence[int], repeats: int, least: int) -> Curve:
    """So many families of about 50 rows, by NUTS; what is told: leapfrogs of all draws, warm-up included, per chain
    and draw, and CPU seconds of sampling per 1,000 of them.
    """

    def prepare(count: int, repeat: int) -> Fit:
        rng = np.random.default_rng([5, repeat])
        runs = families_of(rng.integers(FAMILY_ROWS[0], FAMILY_ROWS[1] + 1, count), repeat)

        def fit(seed: int) -> dict[str, float]:
            with _watching_nuts() as seen:
                _ = bs.fit("chinchilla", runs, seed=seed, **NUTS).posterior
            draws = sum(seen["draws"])
            leapfrogs = sum(seen["leapfrogs"])
            return {"leapfrogs": leapfrogs / draws, "per_1000": 1e3 * sum(seen["cpu"]) / leapfrogs}

        return fit

    return _measure(prepare, sizes, repeats, least)


def over_fits(sizes: Sequence[int], repeats: int, least: int) -> Curve:
    """So many small tables by ``fit_many``, none by itself; what is told: how many are flagged for want of that."""

    def prepare(count: int, repeat: int) -> Fit:
        tables = small_tables(count, 100 + repeat)

        def fit(seed: int) -> dict[str, float]:
            fits = bs.fit_many("chinchilla", tables, seed=seed, engine="instant")
            _ = fits.posterior
            return {"flagged": int((fits.checks["status"] == "flagged").sum())}

        return fit

    return _measure(prepare, sizes, repeats, least)


def _measure(prepare: Callable[[int, int], Fit], sizes: Sequence[int], repeats: int, least: int) -> Curve:
    """Fit other tables of each size with other seeds, after one that does not count."""
    points = []
    for size in sizes:
        for repeat in range(repeats + 1):
            fit = prepare(size, repeat)
            with _counting_compiles() as compiled, Clock() as clock:
                about = fit(repeat)
            point = Point(size, clock.cpu, sum(compiled), about)
            print("first" if repeat == 0 else "warm", point, flush=True)
            if repeat:
                points.append(point)
    return Curve(points, least)


@contextmanager
def _counting_compiles() -> Iterator[list[float]]:
    """Yield a list that gets the seconds of everything that XLA compiles."""
    seconds: list[float] = []

    def note(event: str, duration: float, **_: Any) -> None:
        if event == COMPILED:
            seconds.append(duration)

    monitoring.register_event_duration_secs_listener(note)
    try:
        yield seconds
    finally:
        monitoring.unregister_event_duration_listener(note)


@contextmanager
def _watching_nuts() -> Iterator[dict[str, list[float]]]:
    """Yield lists that get CPU seconds of sampling, and draws and leapfrogs of every chain, warm-up included."""
    nuts_attempts: Any = import_module("bayescale.inference.nuts_attempts")
    nuts: Any = import_module("bayescale.inference.nuts")
    run_nuts, collect = nuts_attempts.run_nuts, nuts._collect
    seen: dict[str, list[float]] = {"cpu": [], "draws": [], "leapfrogs": []}

    def timed(*arguments: Any, **options: Any) -> Any:
        with Clock() as clock:
            drawn = run_nuts(*arguments, **options)
        seen["cpu"].append(clock.cpu)
        return drawn

    def counted(chunks: Any, *rest: Any) -> Any:
        seen["draws"] += [chunk.n_steps.size for chunk in chunks]
        seen["leapfrogs"] += [int(chunk.n_steps.sum()) for chunk in chunks]
        return collect(chunks, *rest)

    nuts_attempts.run_nuts, nuts._collect = timed, counted
    try:
        yield seen
    finally:
        nuts_attempts.run_nuts, nuts._collect = run_nuts, collect
