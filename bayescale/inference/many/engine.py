"""The instant engine for many tables: proposals and densities compiled, chains and checks side by side in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from bayescale.data import Runs
from bayescale.inference.importance import lacks_efficiency, lacks_shape, weight_quality
from bayescale.inference.limits import EFFICIENCY, PARETO_K
from bayescale.inference.many.chains import run_chains
from bayescale.inference.many.convergence import Convergence, convergence
from bayescale.inference.many.proposal import QUICK, Proposed, draw_t, matching_points, propose
from bayescale.inference.many.rows import Bucket, stack
from bayescale.models.model import Model

# Tables computed together in one compiled call: enough to hide the cost of its operations, few enough to stay in cache
# (benchmarks/bench_together.py compares numbers). Chains and checks, which are NumPy, take more of them at a time.
TOGETHER, GROUP = 16, 64
# Efficiency of importance weights below which chains are not tried.
HOPEFUL = 0.3
# Steps of each chain before its first draw: a chain forgets its start as fast as it accepts.
SETTLE = 50


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
class Drawn:
    """Draws of some fits and what speaks for them.

    Args:
        position: of each fit among all tables.
        unconstrained: fit x chain x draw x parameter.
        lp: log density in the engine's coordinates, fit x chain x draw.
        accepted: whether the draw is a new position, fit x chain x draw.
        convergence: of the parameters as they are reported, over all steps of the chains.
        pareto_k, efficiency: of the importance weights of each fit's proposal, over fit.
        matching: efficiency while the proposal was made, which does not depend on the draws, over fit.
        steps: of each chain, over fit.
    """

    position: np.ndarray
    unconstrained: np.ndarray
    lp: np.ndarray
    accepted: np.ndarray
    convergence: Convergence
    pareto_k: np.ndarray
    efficiency: np.ndarray
    matching: np.ndarray
    steps: np.ndarray

    @property
    def good(self) -> np.ndarray:
        """Whether the draws of each fit are to be believed."""
        weights = (self.pareto_k <= PARETO_K) & (self.efficiency >= EFFICIENCY)
        return self.hopeful & weights & self.convergence.passes

    @property
    def hopeful(self) -> np.ndarray:
        """Whether the proposal of each fit resembles its posterior enough for chains that nearly always pass.

        Chains of poorer proposals pass when they happen to miss the tails, where they would have stuck, so that to keep
        those that pass makes posteriors too narrow. This is decided before the draws, and by nothing in them.
        """
        return self.matching >= HOPEFUL

    def lacks(self, i: int) -> str:
        """What keeps one fit from passing."""
        if not self.hopeful[i]:
            short = f"efficiency {self.matching[i]:.3g}, below {HOPEFUL:g}"
            return f"its proposal resembles the posterior too little ({short})"
        weights = lacks_efficiency(self.efficiency[i]) or lacks_shape(self.pareto_k[i])
        return weights or self.convergence.lacks(i)

    def select(self, mask: np.ndarray) -> Drawn:
        """The fits where a mask is true."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen = {name: part[mask] for name, part in parts.items() if name != "convergence"}
        return Drawn(**chosen, convergence=Convergence(*(part[mask] for part in self.convergence)))


def by_bucket(tables: Sequence[Table]) -> dict[Bucket, list[Table]]:
    """The tables that share a compiled function."""
    buckets: dict[Bucket, list[Table]] = {}
    for table in tables:
        buckets.setdefault(Bucket.of(table.runs), []).append(table)
    return buckets


def groups(tables: Sequence[Table]) -> Iterator[Sequence[Table]]:
    """Tables of one bucket, some at a time and of about equal length."""
    ordered = sorted(tables, key=lambda table: len(table.runs))
    for start in range(0, len(ordered), GROUP):
        yield ordered[start : start + GROUP]


def run_group(model: Model, tables: Sequence[Table], width: int, chains: int, draws: int, longer: int = 1) -> Drawn:
    """Sample some tables of one bucket; call inside ``computing()``.

    Args:
        model: of one family.
        tables: of the bucket.
        width: padded rows.
        chains, draws: kept per table.
        longer: steps made for each draw that is kept; so many times the same compiled function is called. Shorter
            chains of the same tables are the beginning of longer ones.
    """
    shape = (len(tables), chains, SETTLE + draws)
    randoms = [np.random.Generator(np.random.SFC64(table.seed)) for table in tables]
    calls = [_propose(model, tables, width, shape, randoms) for _ in range(longer)]
    # The proposal is the same at every call: it depends on the table alone.
    made = calls[0][0]
    standard, log_density, log_weight, thresholds = (
        np.concatenate(parts, axis=2) for parts in zip(*(drawn for _, drawn in calls), strict=True)
    )
    state = run_chains(log_weight, thresholds)[..., -draws * longer :]
    chosen = np.take_along_axis(standard, state[..., None], axis=2)
    positions = made.center[:, None, None] + np.einsum("fcdj,fij->fcdi", chosen, made.factor, optimize=True)
    unconstrained = _unconstrained(model, positions)
    anchors = {a.name: np.array([table.anchors[a.name] for table in tables]) for a in model.law.anchors}
    kept = slice(longer - 1, None, longer)
    return Drawn(
        np.array([table.position for table in tables]),
        unconstrained[..., kept, :],
        np.take_along_axis(log_density, state[..., kept], axis=2),
        np.diff(state, axis=-1, prepend=-1)[..., kept] != 0,
        convergence(reported(model, unconstrained, anchors)),
        *weight_quality(log_weight.reshape(len(tables), -1)),
        made.matching,
        np.full(len(tables), draws * longer),
    )


def _propose(
    model: Model,
    tables: Sequence[Table],
    width: int,
    shape: tuple[int, int, int],
    randoms: Sequence[np.random.Generator],
) -> tuple[Proposed, tuple[np.ndarray, ...]]:
    """Proposals of tables, and what they make of one round of random numbers.

    Args:
        model, tables, width: see :func:`run_group`.
        shape: tables, chains, steps.
        randoms: of each table; proposals come first, then the thresholds of accepting them.

    Returns:
        the proposals, and each as table x chain x step: standard draws (x parameter), log densities, log weights, and
        logs of uniform thresholds.
    """
    size, parts = len(model.parameters), []
    standard = np.stack([draw_t(rng, shape[1] * shape[2], size, QUICK.degrees) for rng in randoms])
    thresholds = np.stack([np.log1p(-rng.random(shape[1:])) for rng in randoms])
    for start in range(0, len(tables), TOGETHER):
        # The last call is padded with its last table, so that every call has one shape.
        index = np.minimum(np.arange(start, start + TOGETHER), len(tables) - 1)
        rows = stack(model.law, [tables[i].runs for i in index], [tables[i].anchors for i in index], width)
        made = propose(model, QUICK, rows, standard[index], matching_points(QUICK, size))
        parts.append([np.asarray(part)[: len(tables) - start] for part in made])
    made = Proposed(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    drawn = (standard.reshape(*shape, size), made.log_density.reshape(shape), made.log_weight.reshape(shape))
    return made, (*drawn, thresholds)


def _unconstrained(model: Model, positions: np.ndarray) -> np.ndarray:
    """From the law's straight coordinates to unconstrained parameters; the last axis are the parameters."""
    count = len(model.law.parameters)
    with np.errstate(all="ignore"):
        logs, _ = model.law.unstraighten(tuple(np.ascontiguousarray(positions[..., j]) for j in range(count)))
    return np.concatenate([np.stack([np.asarray(log) for log in logs], axis=-1), positions[..., count:]], axis=-1)


def reported(model: Model, unconstrained: np.ndarray, anchors: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a posterior reports: the textbook form of the law and the noise, fit x quantity x chain x draw."""
    values = natural(model, unconstrained)
    law = model.law_at(values, {name: value[:, None, None] for name, value in anchors.items()}).textbook().values
    noise = [values[p.name] for p in model.noise.parameters]
    return np.stack([*(np.asarray(value) for value in law.values()), *noise], axis=1)


def natural(model: Model, unconstrained: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters in natural units; the last axis of the values given are the parameters."""
    return {p.name: _natural(model, p.name, unconstrained[..., j]) for j, p in enumerate(model.parameters)}


def _natural(model: Model, name: str, values: np.ndarray) -> np.ndarray:
    try:
        return model.prior(name).natural(values)
    except NotImplementedError:  # a prior of the user's, which has a NumPyro distribution only
        return np.asarray(model.constrain(name, values))
