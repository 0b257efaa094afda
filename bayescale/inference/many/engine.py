"""Draws of many fits, and which of them are to be believed: chains and checks side by side in NumPy."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from bayescale.inference.convergence import Convergence, convergence
from bayescale.inference.importance import lacks_efficiency, lacks_shape, weight_quality
from bayescale.inference.limits import EFFICIENCY, HOPEFUL, PARETO_K
from bayescale.inference.many.chains import run_chains
from bayescale.inference.many.steps import Steps
from bayescale.inference.many.values import reported_values, unconstrained_values
from bayescale.inference.precision import computing

# Steps of each chain before its first draw: a chain forgets its start as fast as it accepts.
SETTLE = 50
# Fits whose draws are looked at together: few enough to stay in the processor's cache.
BLOCK = 4


@dataclass(frozen=True, eq=False)
class Drawn:
    """Draws of some fits and what speaks for them.

    Args:
        position: of each fit among all tables.
        unconstrained: fit x parameter x chain x draw.
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


def drawn_from(steps: Steps, draws: int, calls: int) -> Drawn:
    """Run the chains of some tables.

    Args:
        steps: made by so many calls.
        draws: kept of each chain.
        calls: as many steps are made for each draw that is kept.
    """
    log_weight, tables = steps.log_weight, steps.tables
    state = run_chains(log_weight, steps.thresholds)[..., -draws * calls :]
    anchors = {a.name: np.array([table.anchors[a.name] for table in tables]) for a in steps.model.law.anchors}
    kept = slice(calls - 1, None, calls)
    unconstrained, measured = np.empty((len(tables), len(steps.model.parameters), *state[..., kept].shape[1:])), []
    with computing(double=steps.double):
        for start in range(0, len(tables), BLOCK):
            block = slice(start, start + BLOCK)
            values = unconstrained_values(steps.model, steps.positions_at(state[block], block))
            at = {name: value[block] for name, value in anchors.items()}
            measured.append(convergence(reported_values(steps.model, values, at)))
            unconstrained[block] = values[..., kept]
    return Drawn(
        np.array([table.position for table in tables]),
        unconstrained,
        np.take_along_axis(steps.log_density, state[..., kept], axis=2),
        np.diff(state, axis=-1, prepend=-1)[..., kept] != 0,
        Convergence(*(np.concatenate(parts) for parts in zip(*measured, strict=True))),
        *weight_quality(log_weight.reshape(len(tables), -1)),
        steps.matching,
        np.full(len(tables), draws * calls),
    )
