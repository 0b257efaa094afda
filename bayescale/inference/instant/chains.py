"""Independence Metropolis: chains that accept or refuse the draws of one proposal, exact whatever the proposal is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayescale.inference.instant.density import Density
from bayescale.inference.instant.proposal import Proposes, State


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of all chains.

    Args:
        positions: chain x draw x size.
        log_density: of each kept position, chain x draw.
        accepted: whether the draw is a new position, chain x draw.
        log_weight: of each proposed position, log density minus log proposal, chain x draw.
        last: position and log weight of the last state of each chain.
    """

    positions: np.ndarray
    log_density: np.ndarray
    accepted: np.ndarray
    log_weight: np.ndarray
    last: State

    def join(self, later: Draws) -> Draws:
        """These draws and the ones after them."""
        first, second = ((one.positions, one.log_density, one.accepted, one.log_weight) for one in (self, later))
        positions, log_density, accepted, log_weight = (
            np.concatenate(both, axis=1) for both in zip(first, second, strict=True)
        )
        return Draws(positions, log_density, accepted, log_weight, later.last)


def run_chains(density: Density, proposal: Proposes, state: State, draws: int, rng: np.random.Generator) -> Draws:
    """Run every chain for ``draws`` more draws.

    Args:
        density: the target.
        proposal: what is proposed, the same at every step.
        state: of the chains: positions (chain x size), their log weights and log densities (chain).
        draws: per chain.
        rng: source of proposals and decisions.
    """
    chains, size = state[0].shape
    proposed, log_proposal = proposal.draw(rng, chains * draws)
    log_density = density(proposed)
    log_weight = (log_density - log_proposal).reshape(chains, draws)
    proposed, log_density = proposed.reshape(chains, draws, size), log_density.reshape(chains, draws)
    thresholds = np.log(rng.uniform(size=(chains, draws)))
    kept = np.stack([_kept(log_weight[c], thresholds[c], state[1][c]) for c in range(chains)])
    # Index 0 is the state that the chain came with.
    all_positions = np.concatenate([state[0][:, None], proposed], axis=1)
    all_weights = np.concatenate([state[1][:, None], log_weight], axis=1)
    all_densities = np.concatenate([state[2][:, None], log_density], axis=1)
    rows = np.arange(chains)[:, None]
    end = kept[:, -1]
    last = tuple(values[rows[:, 0], end] for values in (all_positions, all_weights, all_densities))
    accepted = kept == np.arange(1, draws + 1)
    return Draws(all_positions[rows, kept], all_densities[rows, kept], accepted, log_weight, last)


def _kept(log_weight: np.ndarray, threshold: np.ndarray, current: float) -> list[int]:
    """Which state a chain is in after each step: 0 for the one it came with, else the step that proposed it."""
    where, kept = 0, []
    for step, (weight, least) in enumerate(zip(log_weight.tolist(), threshold.tolist(), strict=True), 1):
        if least < weight - current:
            where, current = step, weight
        kept.append(where)
    return kept
