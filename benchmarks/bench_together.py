"""``fit_many`` with so many tables computed together, against one after the other by ``lax.map``, on this device.

python benchmarks/bench_together.py [--fits 512] [--repeats 3] [--precision float64]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import report
from cells import spread, table_lines
from clock import Clock, cpu_seconds
from small_tables import DESCRIBED, small_tables

import bayescale as bs

SIZES, MAPPED = (1, 4, 16, 64, 256), (16, 64)
# Proposals that two ways make of one table differ by rounding, and by where iterations stop because of it.
# In float32, log densities are known to about 0.01, and so are centres, in sds.
ROUNDING_SDS = {"float64": 1e-3, "float32": 5e-2}
HOW = (
    "Milliseconds per fit, medians and ranges of warm calls, the ways in turns. *Compiled part*: modes, proposals and "
    "the densities of all draws, longer chains included; *whole*: from tables to draws in natural units, with chains "
    "and checks, but nothing is fitted by itself. *First*: CPU seconds of the first calls of the compiled part beyond "
    "those of the same calls later."
)
HEAD = ("tables together", "first, CPU s", "compiled part: CPU ms", "wall ms", "whole: CPU ms", "wall ms")


class Way(NamedTuple):
    """How many tables a call of the compiled part gets, and what it is."""

    label: str
    size: int
    match: Callable[..., Any]
    evaluate: Callable[..., Any]


class Call(NamedTuple):
    """Seconds of a call of the compiled part, and the centres of its proposals in their sds, if it makes any."""

    cpu: float
    wall: float
    centres: np.ndarray | None


class Run(NamedTuple):
    """Seconds of a whole batch, and the calls of its compiled part."""

    cpu: float
    wall: float
    calls: list[Call]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=2 * max(SIZES), help="tables")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", choices=("float64", "float32"), default="float64")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="tables computed together")
    chosen = parser.parse_args()
    ways = all_ways(chosen.sizes)
    if any(chosen.fits % way.size for way in ways):
        parser.error("--fits must be a multiple of every size, so that no way pads")
    os.environ["BAYESCALE_COMPILE_CACHE"] = "off"
    import jax

    tables = small_tables(chosen.fits)
    measured: dict[str, list[Run]] = {way.label: [] for way in ways}
    for repeat in range(1 + chosen.repeats):
        for way in ways:
            measured[way.label].append(run(way, tables, chosen.precision))
            print(way.label, repeat, *measured[way.label][-1][:2], flush=True)
    apart = largest_difference(measured, chosen.fits)
    if not apart < ROUNDING_SDS[chosen.precision]:
        raise SystemExit(f"the ways make other proposals: their centres are up to {apart:.1e} sds apart")
    device = jax.devices()[0]
    lines = [
        f"{chosen.fits:,} simulated tables: {DESCRIBED}. Device: {device.device_kind} ({device.platform}), "
        f"{chosen.precision}. {HOW} Centres of proposals differ by up to {apart:.0e} sds between the ways.",
        "",
        *table_lines(HEAD, (row(label, runs, chosen.fits) for label, runs in measured.items())),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Many fits, tables computed together", lines)


def all_ways(sizes: Sequence[int]) -> list[Way]:
    """Side by side in several sizes, and one after the other."""
    from one_by_one import evaluate_one_by_one, match_one_by_one

    from bayescale.inference.many.proposal import evaluate, match

    side_by_side = [Way(str(size), size, match, evaluate) for size in sizes]
    label, one_by_one = "`lax.map` over single tables, {} a call", (match_one_by_one, evaluate_one_by_one)
    mapped = [Way(label.format(size), size, *one_by_one) for size in MAPPED]
    return [*side_by_side, *mapped]


def run(way: Way, tables: Sequence[bs.Runs], precision: str) -> Run:
    """Fit all tables in one way."""
    with _in_the_way(way) as calls, Clock() as clock:
        _ = bs.fit_many("chinchilla", tables, precision=precision, engine="instant").posterior
    return Run(clock.cpu, clock.wall, calls)


@contextmanager
def _in_the_way(way: Way) -> Iterator[list[Call]]:
    """Let ``fit_many`` compute so, and yield a list that its calls of the compiled part go to."""
    steps: Any = import_module("bayescale.inference.many.steps")
    together: Any = import_module("bayescale.inference.many.together")
    side_by_side: Any = import_module("bayescale.inference.many.side_by_side")
    before, calls = (side_by_side.TOGETHER, steps.match, steps.evaluate, together.GROUP), list[Call]()

    def timed(compiled: Callable[..., Any], *arguments: Any) -> Any:
        cpu, wall = cpu_seconds(), time.perf_counter()
        made = [np.asarray(part) for part in compiled(*arguments)]
        cost = cpu_seconds() - cpu, time.perf_counter() - wall
        center, factor = made[:2]
        matched = compiled is way.match
        calls.append(Call(*cost, center / np.sqrt((factor**2).sum(axis=-1)) if matched else None))
        return made

    side_by_side.TOGETHER, together.GROUP = way.size, max(way.size, together.GROUP)
    steps.match, steps.evaluate = partial(timed, way.match), partial(timed, way.evaluate)
    try:
        yield calls
    finally:
        side_by_side.TOGETHER, steps.match, steps.evaluate, together.GROUP = before


def largest_difference(measured: dict[str, list[Run]], fits: int) -> float:
    """How far, in sds, the centres of proposals are apart: costs are only compared where the ways do the same."""
    of_calls = ([call.centres for call in runs[0].calls] for runs in measured.values())
    centres = [np.concatenate([one for one in ones if one is not None])[:fits] for ones in of_calls]
    return float(np.ptp(centres, axis=0).max())


def row(label: str, runs: Sequence[Run], fits: int) -> list[str]:
    """Cost of one way."""
    # The first call that makes proposals and the first that uses them.
    warm, first = runs[1:], [_first(one.calls) for one in runs]
    parts = (
        [sum(call.cpu for call in one.calls) for one in warm],
        [sum(call.wall for call in one.calls) for one in warm],
        [one.cpu for one in warm],
        [one.wall for one in warm],
    )
    costs = (spread([1e3 * seconds / fits for seconds in part]) for part in parts)
    return [label, f"{first[0] - min(first[1:]):.1f}", *costs]


def _first(calls: Sequence[Call]) -> float:
    """CPU seconds of the first call of each compiled function."""
    return calls[0].cpu + next(call.cpu for call in calls if call.centres is None)


if __name__ == "__main__":
    main()
