"""Tables fitted together: those that do not pass get longer chains, and what remains is left to be fitted alone."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bayescale.inference.devices import Place
from bayescale.inference.many.engine import SETTLE, Drawn, drawn_from
from bayescale.inference.many.rows import Bucket
from bayescale.inference.many.side_by_side import TOGETHER, tables_of_a_call
from bayescale.inference.many.steps import Steps, Table
from bayescale.laws import Law
from bayescale.models import Model

# Steps of each chain, at least: with fewer, R-hat of perfect chains is often above its limit.
STEPS = 1000
# Chains go on to so many times their first length before a fit that does not pass is made by itself. They are not begun
# anew: to keep chains because they passed, and throw others away, makes posteriors too narrow.
LENGTHS = (1, 3, 9)
# Tables whose chains and checks, which are NumPy, are done at a time, and tables that are done with before others are
# begun: the steps of chains that go on are kept.
GROUP, GATHERED = 64, 1024


class Left(NamedTuple):
    """A table without a fit so far, and what its fit lacked."""

    table: Table
    why: str


class Plan(NamedTuple):
    """What is asked of the chains.

    Args:
        chains: of each fit.
        draws: of each chain before any goes on.
        double: whether numbers are float64 throughout.
        only: whether there is no other engine for fits that do not pass.
        places: where proposals and densities are computed.
    """

    chains: int
    draws: int
    double: bool
    only: bool
    places: Sequence[Place]


def fit_together(model: Model, tables: Sequence[Table], plan: Plan) -> Generator[Drawn, None, list[Left]]:
    """Yield the fits that pass, or all of them if there is no other engine; return what is left."""
    left: list[Left] = []
    for bucket, members in sorted(_by_bucket(model.law, tables).items()):
        ordered = sorted(members, key=lambda table: len(table.runs))
        for start in range(0, len(ordered), GATHERED):
            left += yield from _gathered(model, ordered[start : start + GATHERED], bucket.width, plan)
    return left


def _by_bucket(law: type[Law], tables: Sequence[Table]) -> dict[Bucket, list[Table]]:
    """The tables that share a compiled function."""
    buckets: dict[Bucket, list[Table]] = {}
    for table in tables:
        buckets.setdefault(Bucket.of(law, table.runs), []).append(table)
    return buckets


def _gathered(model: Model, tables: Sequence[Table], width: int, plan: Plan) -> Generator[Drawn, None, list[Left]]:
    """The same for tables of one bucket."""
    size = (plan.chains, SETTLE + plan.draws)
    at_once = tables_of_a_call(plan.places)
    # More than one processor takes at a time fill their calls.
    group = max(GROUP, at_once) if at_once > TOGETHER else GROUP
    begun = (
        Steps.begin(model, tables[some], width, *size, double=plan.double, places=plan.places)
        for some in _groups(len(tables), group)
    )
    left, going = yield from _sorted_out(begun, plan, LENGTHS[0])
    for before, length in pairwise(LENGTHS):
        again = (_gone_on(part, size[1], length - before) for part in _regrouped(going, group))
        more, going = yield from _sorted_out(again, plan, length)
        left += more
    return left


def _sorted_out(
    parts: Iterator[Steps], plan: Plan, length: int
) -> Generator[Drawn, None, tuple[list[Left], list[Steps]]]:
    """Yield the fits that pass; return the tables that are left, and the steps of those that go on."""
    left: list[Left] = []
    going: list[Steps] = []
    last = length == LENGTHS[-1]
    for steps in parts:
        drawn = drawn_from(steps, plan.draws, length)
        good = drawn.good
        if last and plan.only:
            yield drawn
            continue
        yield drawn.select(good)
        # With this engine alone there is nothing but longer chains to try.
        goes_on = ~good & (drawn.hopeful | plan.only) & (not last)
        left += [Left(steps.tables[i], drawn.lacks(i)) for i in np.flatnonzero(~good & ~goes_on).tolist()]
        if goes_on.any():
            going.append(steps.select(goes_on))
    return left, going


def _gone_on(steps: Steps, more: int, times: int) -> Steps:
    for _ in range(times):
        steps = steps.longer(more)
    return steps


def _regrouped(parts: Sequence[Steps], size: int) -> Iterator[Steps]:
    """What few tables of many groups have left, in few groups."""
    if parts:
        joined = Steps.join(parts)
        for some in _groups(len(joined.tables), size):
            yield joined.select(some)


def _groups(count: int, size: int) -> Iterator[slice]:
    yield from (slice(start, start + size) for start in range(0, count, size))
