"""What has been proposed to the chains of some tables so far; it can be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayescale.data import Runs
from bayescale.inference.devices import Place
from bayescale.inference.instant.proposal import log_t
from bayescale.inference.many.proposal import QUICK, draw_t, evaluate, match, matching_points
from bayescale.inference.many.rows import Rows, stack
from bayescale.inference.many.side_by_side import on_places, tables_of_a_call
from bayescale.inference.precision import computing
from bayescale.models.model import Model

# What there is of every step.
STEPWISE = ("positions", "log_density", "log_proposal", "thresholds")


@dataclass(frozen=True)
class Table:
    """A table that is to be fitted.

    Args:
        position: among all tables of the batch.
        runs: of one family.
        anchors: of the law.
        seed: of its draws.
    """

    position: int
    runs: Runs
    anchors: Mapping[str, float]
    seed: int


@dataclass(frozen=True, eq=False)
class Steps:
    """Proposals of tables, and the steps that were drawn from them.

    Args:
        model: of one family.
        tables: of one bucket.
        width: padded rows.
        double: whether densities are float64.
        places: where they are computed.
        randoms: of each table, at the place where its next steps begin.
        center, factor: of each proposal, table x size and table x size x size.
        matching: efficiency of each proposal while it was made, which no step depends on, over table.
        positions: of each step, table x size x chain x step.
        log_density: of each step, table x chain x step.
        log_proposal: log density of the proposal up to a constant, of the same shape.
        thresholds: logs of the uniform numbers that decide on each step, of the same shape.
    """

    model: Model
    tables: Sequence[Table]
    width: int
    double: bool
    places: Sequence[Place]
    randoms: Sequence[np.random.Generator]
    center: np.ndarray
    factor: np.ndarray
    matching: np.ndarray
    positions: np.ndarray
    log_density: np.ndarray
    log_proposal: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def begin(
        cls,
        model: Model,
        tables: Sequence[Table],
        width: int,
        chains: int,
        steps: int,
        *,
        double: bool = True,
        places: Sequence[Place] = (None,),
    ) -> Steps:
        """Match proposals to tables and draw so many steps of every chain."""
        size, parts = len(model.parameters), []
        points = matching_points(QUICK, size)
        with computing(double=double):
            for some, rows in _calls(model, tables, width, places):
                made = on_places(match, (model, QUICK), places, (rows,), points)
                parts.append([np.asarray(part)[: len(tables[some])] for part in made])
        center, factor, matching = (np.concatenate(part) for part in zip(*parts, strict=True))
        randoms = [np.random.Generator(np.random.SFC64(table.seed)) for table in tables]
        none = np.empty((len(tables), chains, 0))
        positions = np.empty((len(tables), size, chains, 0))
        begun = cls(
            model, tables, width, double, places, randoms, center, factor, matching, positions, none, none, none
        )
        return begun.longer(steps)

    def longer(self, steps: int) -> Steps:
        """These steps and so many more; the compiled function is made for one number of them."""
        count, size, chains, done = self.positions.shape
        standard, thresholds = np.empty((count, chains * steps, size)), np.empty((count, chains, steps))
        for i, rng in enumerate(self.randoms):
            # The proposals come first, then the thresholds.
            draw_t(rng, QUICK.degrees, standard[i])
            rng.random(out=thresholds[i])
        positions, log_density = np.empty((count, size, chains * steps)), np.empty((count, chains * steps))
        with computing(double=self.double):
            for some, rows in _calls(self.model, self.tables, self.width, self.places):
                given = (_filled(part[some], len(rows.count)) for part in (self.center, self.factor, standard))
                found = on_places(evaluate, (self.model,), self.places, (rows, *given))
                parts = (np.asarray(part, float)[: len(self.tables[some])] for part in found)
                positions[some], difference, level = parts
                # In float64 the sum keeps what a difference has, whatever it was computed in.
                log_density[some] = difference + level[:, None]
        new = [
            positions.reshape(count, size, chains, steps),
            log_density.reshape(thresholds.shape),
            log_t(standard, QUICK.degrees).reshape(thresholds.shape),
            np.log1p(-thresholds),
        ]
        if done:
            before = (getattr(self, name) for name in STEPWISE)
            new = [np.concatenate(both, axis=-1) for both in zip(before, new, strict=True)]
        return replace(self, **dict(zip(STEPWISE, new, strict=True)))

    @property
    def log_weight(self) -> np.ndarray:
        """Log density over that of the proposal up to a constant, table x chain x step."""
        return self.log_density - self.log_proposal

    def positions_at(self, state: np.ndarray, some: slice) -> np.ndarray:
        """Where the chains of some tables are.

        Args:
            state: index of a step, table x chain x draw.
            some: which tables.

        Returns:
            table x size x chain x draw.
        """
        positions = self.positions[some]
        count, size, chains, steps = positions.shape
        found = np.empty((count, size, state[0].size))
        # Of each coordinate one long list of steps, of which it is quicker to take than of an array with axes.
        lists = positions.reshape(count, size, -1)
        places = (np.arange(chains)[:, None] * steps + state).reshape(count, -1)
        for i, j in np.ndindex(count, size):
            lists[i, j].take(places[i], out=found[i, j], mode="clip")
        return found.reshape(count, size, *state.shape[1:])

    def select(self, index: np.ndarray | slice) -> Steps:
        """Some of the tables, by their indices, a mask or a slice."""
        index = np.arange(len(self.tables))[index]
        return _each(lambda one: one[index] if isinstance(one, np.ndarray) else [one[i] for i in index], self)

    @classmethod
    def join(cls, parts: Sequence[Steps]) -> Steps:
        """Steps of equally long chains of several groups of one bucket."""
        return _each(
            lambda *ones: np.concatenate(ones) if isinstance(ones[0], np.ndarray) else [x for one in ones for x in one],
            *parts,
        )


def _each(change: Callable[..., Any], *parts: Steps) -> Steps:
    """Change everything that is over tables."""
    names = ("tables", "randoms", "center", "factor", "matching", *STEPWISE)
    changed = {name: change(*(getattr(part, name) for part in parts)) for name in names}
    return replace(parts[0], **changed)


def _calls(model: Model, tables: Sequence[Table], width: int, places: Sequence[Place]) -> Iterator[tuple[slice, Rows]]:
    """Some tables at a time: which, and their rows with the last table repeated, so that all calls have one shape."""
    size = tables_of_a_call(places)
    for start in range(0, len(tables), size):
        some = slice(start, start + size)
        chosen = [*tables[some], *[tables[-1]] * (start + size - len(tables))]
        yield some, stack(model.law, [one.runs for one in chosen], [one.anchors for one in chosen], width)


def _filled(part: np.ndarray, size: int) -> np.ndarray:
    """An array of some tables with the last one repeated."""
    lacking = size - len(part)
    return np.concatenate([part, np.repeat(part[-1:], lacking, axis=0)]) if lacking else part
