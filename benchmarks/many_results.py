"""What batches of fits and loops by hand cost and give, measured in processes of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from agreement import largest_r_hat, scalars, smallest_ess
from apart import Saved, part, run_apart
from textbook import reported

NAMES = reported("naive")


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of one process, as :mod:`measure_many` saves them; the first is cold, the others are warm.

    Args:
        stats: of every batch, by name.
        checks: by name, batch x fit.
        draws: of the first fits of the first batch, by parameter, fit x chain x draw.
    """

    stats: list[dict[str, float]]
    checks: Saved
    draws: Saved

    @classmethod
    def measure(cls, precision: str, fits: int, batches: int, kept: int) -> Batches:
        """Measure in a new process."""
        saved = run_apart("measure_many.py", precision, fits, batches, kept)
        stats = [_numbers(saved, f"{i}/stats/") for i in range(batches)]
        checks = {
            name: np.stack([saved[f"{i}/checks/{name}"] for i in range(batches)]) for name in part(saved, "0/checks/")
        }
        return cls(stats, checks, part(saved, "draws/"))

    def kind(self, kind: str) -> slice:
        """The batches that are "cold" or "warm"."""
        return slice(0, 1) if kind == "cold" else slice(1, None)

    def of(self, name: str, kind: str) -> list[float]:
        """A statistic of every cold or warm batch."""
        return [one[name] for one in self.stats[self.kind(kind)]]

    def rates(self, kind: str) -> list[float]:
        """Sum of the smallest ESS of all fits per CPU-second; a fit without a measured ESS adds none."""
        ess = np.nansum(self.checks["ess_bulk"], axis=1)[self.kind(kind)]
        return [one / cpu for one, cpu in zip(ess, self.of("cpu", kind), strict=True)]

    def flat(self, table: int) -> Saved:
        """Draws of one fit of the first batch by scalar parameter, chain x draw."""
        return scalars({name: value[table] for name, value in self.draws.items()}, NAMES)

    def differences(self) -> tuple[int, float, float]:
        """Of the fits with draws: their number, and how far their R-hat and (relative) ESS are from ArviZ's."""
        flats = [self.flat(i) for i in range(len(self.draws["E"]))]
        r_hat = np.array([largest_r_hat(flat) for flat in flats]) - self.checks["r_hat"][0, : len(flats)]
        ess = np.array([smallest_ess(flat)[0] for flat in flats]) / self.checks["ess_bulk"][0, : len(flats)] - 1
        return len(flats), float(np.abs(r_hat).max()), float(np.abs(ess).max())


@dataclass(frozen=True, eq=False)
class Loop:
    """Fits of a loop by hand, as :mod:`measure_loop` saves them.

    Args:
        stats: of every table, with its smallest ESS.
        draws: of every table, by scalar parameter, chain x draw.
    """

    stats: list[dict[str, float]]
    draws: list[Saved]

    @classmethod
    def measure(cls, method: str, tables: int) -> Loop:
        """Measure in a new process."""
        saved = run_apart("measure_loop.py", method, tables)
        draws = [scalars(part(saved, f"{i}/draws/"), NAMES) for i in range(tables)]
        stats = [_numbers(saved, f"{i}/stats/") | {"ess": smallest_ess(flat)[0]} for i, flat in enumerate(draws)]
        return cls(stats, draws)

    def of(self, name: str) -> list[float]:
        """A statistic of every table."""
        return [one[name] for one in self.stats]

    def rate(self, begin: int) -> float:
        """ESS per CPU-second of the tables from this one on."""
        return sum(self.of("ess")[begin:]) / sum(self.of("cpu")[begin:])


def _numbers(saved: Saved, start: str) -> dict[str, float]:
    return {name: float(value) for name, value in part(saved, start).items()}
