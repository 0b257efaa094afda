"""Effective draws per CPU-second of several methods on one table, and their ratios where the posteriors agree."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from agreement import agreement, scalars, smallest_ess

HERE = Path(__file__).parent
LIMIT_S = 1500
OURS = "bayescale"
COLUMNS = ("method", "fit", "n", "draws (warm-up)", "leapfrogs/draw", "divergences")
COLUMNS += ("min ESS", "CPU s", "ESS / CPU-s", "wall s")


@dataclass(frozen=True)
class Arm:
    """A method to measure.

    Args:
        label: its name in the tables.
        method: what :func:`methods.open_session` takes.
        fits: in each process; the first is cold, the others are warm.
        processes: how often, with other seeds.
    """

    label: str
    method: str
    fits: int = 1
    processes: int = 1


@dataclass(frozen=True)
class Goal:
    """Our ESS per CPU-second over that of another arm, cold against cold or warm against warm; None is no goal."""

    label: str
    kind: str
    ratio: float | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """One fit: its draws as scalars (chain x draw), its statistics, its smallest ESS and which parameter has it."""

    draws: dict[str, np.ndarray]
    stats: dict[str, float]
    ess: float
    worst: str

    @property
    def rate(self) -> float:
        """Smallest ESS per CPU-second."""
        return self.ess / self.stats["cpu"]


Results = dict[tuple[str, str], list[Measured]]


def measure(table: str, arms: Sequence[Arm], names: Sequence[str], *, other: bool = False) -> Results:
    """Measure each arm in processes of its own, one after the other.

    Args:
        table: one of :data:`tables.TABLES`.
        arms: the methods.
        names: the parameters that count.
        other: later fits of a process get other tables of the same shape.

    Returns:
        by label and "cold" or "warm", the fits; nothing of a process that does not end in time.
    """
    results: Results = {}
    for arm in arms:
        for process in range(arm.processes):
            fits = _run(table, arm, seed=100 * process, other=other)
            for index, (draws, stats) in enumerate(fits):
                flat = scalars(draws, names)
                fit = Measured(flat, stats, *smallest_ess(flat))
                results.setdefault((arm.label, "warm" if index else "cold"), []).append(fit)
                print(f"{arm.label}: {stats} {fit.ess:.0f} ({fit.worst}) {fit.rate:.2f}", flush=True)
    return results


def _run(table: str, arm: Arm, *, seed: int, other: bool) -> list[tuple[dict[str, np.ndarray], dict[str, float]]]:
    """Draws by parameter and statistics of every fit of a new process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "fits.npz"
        arguments = [table, arm.method, str(seed), str(arm.fits), str(int(other)), str(out)]
        command = [sys.executable, str(HERE / "measure.py"), *arguments]
        try:
            subprocess.run(command, check=True, env=_environment(folder), timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            print(f"{arm.label}: not done in {LIMIT_S} s", flush=True)
            return []
        with np.load(out) as file:
            return [(_part(file, i, "draws"), _numbers(file, i)) for i in range(arm.fits)]


def _environment(folder: str) -> dict[str, str]:
    """Of a process that finds nothing compiled; the chains of PyTensor's libraries share what they compile."""
    kept = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    compiled = {"BAYESCALE_COMPILE_CACHE": "off", "PYTENSOR_FLAGS": f"base_compiledir={folder}"}
    return {**kept, **compiled, "PYTHONPATH": path}


def _part(file: Any, index: int, part: str) -> dict[str, np.ndarray]:
    start = f"{index}/{part}/"
    return {name.removeprefix(start): file[name] for name in file if name.startswith(start)}


def _numbers(file: Any, index: int) -> dict[str, float]:
    return {name: float(value) for name, value in _part(file, index, "stats").items()}


def table_lines(results: Results) -> list[str]:
    """One row per arm and kind of fit: medians, and ranges where there are several."""
    rows = []
    for (label, kind), fits in results.items():
        first = fits[0].stats
        cells = (
            label,
            kind,
            str(len(fits)),
            f"4 x {_spread([fit.stats['draws'] for fit in fits])} ({first['warmup']:.0f})",
            _spread([fit.stats["steps"] for fit in fits]) if "steps" in first else "-",
            f"{sum(fit.stats['divergences'] for fit in fits):.0f}" if "divergences" in first else "-",
            f"{_spread([fit.ess for fit in fits])} ({', '.join(dict.fromkeys(fit.worst for fit in fits))})",
            _spread([fit.stats["cpu"] for fit in fits]),
            _spread([fit.rate for fit in fits]),
            _spread([fit.stats["wall"] for fit in fits]),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}", *rows]


def _spread(values: Sequence[float], digits: int = 3) -> str:
    """Median to so many digits, and the range in brackets."""
    if min(values) == max(values):
        return _short(values[0], digits)
    return f"{_short(median(values), digits)} [{_short(min(values), digits)}-{_short(max(values), digits)}]"


def _short(value: float, digits: int = 3) -> str:
    """So many significant digits, whole numbers with all of theirs, never an exponent."""
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{0 if value == int(value) else decimals}f}"


def ratio_lines(results: Results, goals: Sequence[Goal]) -> list[str]:
    """What becomes of each goal; no ratio where the posteriors do not agree."""
    return [f"* {goal.kind}, against {goal.label}: {_ratio(results, goal)}." for goal in goals]


def _ratio(results: Results, goal: Goal) -> str:
    ours, theirs = (results.get((label, goal.kind)) for label in (OURS, goal.label))
    if not ours or not theirs:
        return f"no ratio, since {OURS if not ours else goal.label} was not done in {LIMIT_S} s"
    agree, words = agreement(ours[0].draws, theirs[0].draws)
    if not agree:
        return f"NO RATIO, the posteriors do not agree: {words}"
    ratio = median(fit.rate for fit in ours) / median(fit.rate for fit in theirs)
    verdict = f"; the goal of {goal.ratio:,g}x is {reached(ratio >= goal.ratio)}" if goal.ratio else ""
    return f"**{_short(ratio)}x**{verdict}; {words}"


def reached(yes: bool) -> str:
    """How a verdict reads."""
    return "reached" if yes else "NOT reached"
