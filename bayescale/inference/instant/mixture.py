"""A mixture of Student-t's for posteriors that no single one resembles: bent ridges, heavy tails on one side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayescale.inference.instant.density import Density
from bayescale.inference.instant.proposal import Recipe, State, first_states, log_t, match_proposal, moments, truncated

COMPONENTS, DEGREES = 4, 4.0
# Of ridges that four cannot follow: components, rounds at least and at most, and how many last rounds' draws move them.
MORE, STEADY, LAST = 8, (3, 12), 2
# Of laws with several modes: components, rounds at least and at most, and how many of the last rounds' draws move them.
# One round has draws of huge weight now and then, which throw the components off.
MANY, LONGER, POOLED = 12, (3, 18), 3
# Rounds after which components that never came to this efficiency are given up.
PATIENCE, HOPELESS = 9, 0.03
# Where the components come from: a single wide Student-t, matched roughly.
ROUGH = Recipe(3.0, 1.15, ((1500, 40), (4000, 80)))
# Draws of a round and the rank at which their weights are cut off; rounds at least and at most, and the efficiency that
# ends them.
DRAWS, RANK, ROUNDS, ENOUGH = 4000, 40, (3, 10), 0.5
# Updates of the components by the draws of one round, and the least share of a component.
UPDATES, LEAST = 3, 1e-3
# Of the whole covariance, what a component starts with, and what keeps one that has lost its draws from collapsing.
BEGIN, FLOOR = 0.6, 1e-4
# Of the covariance at a mode, what a component there starts with.
WIDER = 1.3
# Factor on the scale of the components in the end: updates by draws leave tails out.
INFLATE = 1.1


@dataclass(frozen=True, eq=False)
class Mixture:
    """Mixture of multivariate Student-t's with common degrees of freedom.

    Args:
        shares: of the components, which sum to 1.
        centers: component x size.
        factors: lower triangular square roots of their scale matrices, component x size x size.
    """

    shares: np.ndarray
    centers: np.ndarray
    factors: np.ndarray

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (count x size), and their log density up to a constant."""
        which = rng.choice(len(self.shares), size=count, p=self.shares)
        size = self.centers.shape[1]
        standard = rng.standard_normal((count, size)) / np.sqrt(rng.chisquare(DEGREES, count) / DEGREES)[:, None]
        positions = np.empty((count, size))
        for k, (center, factor) in enumerate(zip(self.centers, self.factors, strict=True)):
            mine = which == k
            positions[mine] = center + standard[mine] @ factor.T
        return positions, self.log_density(positions)

    def log_density(self, positions: np.ndarray) -> np.ndarray:
        """Log density up to a constant that is the same for all mixtures."""
        return _log_sum(self.parts(positions)[0])

    def parts(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log of share times density, and squared distance from the center, each component x position."""
        logs, squares = np.empty((2, len(self.shares), len(positions)))
        for k, (center, factor) in enumerate(zip(self.centers, self.factors, strict=True)):
            standard = np.linalg.solve(factor, (positions - center).T).T
            squares[k] = np.einsum("ms,ms->m", standard, standard)
            logs[k] = log_t(standard, DEGREES) + np.log(self.shares[k]) - np.log(np.diag(factor)).sum()
        return logs, squares

    def updated(self, positions: np.ndarray, weight: np.ndarray, least: np.ndarray) -> Mixture:
        """The mixture nearer to weighted positions: one step of expectation and maximisation.

        Args:
            positions: position x size.
            weight: over position; they sum to 1.
            least: covariance that is added to every component's.
        """
        logs, squares = self.parts(positions)
        mine = np.exp(logs - _log_sum(logs)) * weight
        # A Student-t is a normal whose precision varies: far draws count less.
        pulls = mine * (DEGREES + positions.shape[1]) / (DEGREES + squares)
        total = mine.sum(axis=1)
        known = total > LEAST
        centers, factors = self.centers.copy(), self.factors.copy()
        for k in np.flatnonzero(known):
            centers[k] = pulls[k] @ positions / pulls[k].sum()
            away = positions - centers[k]
            factors[k] = np.linalg.cholesky((away * pulls[k][:, None]).T @ away / total[k] + least)
        shares = np.maximum(total, LEAST)
        return Mixture(shares / shares.sum(), centers, factors)


def match_mixture(density: Density, rng: np.random.Generator, chains: int) -> tuple[Mixture, State, float]:
    """Return a mixture for a density, a first state of each chain, and the efficiency of the last round's weights.

    Every round draws from the mixture and moves its components towards the draws as their importance weights tell.

    References:
        cappe2008adaptive
    """
    begin, covariance = _around_one(density, rng, chains, COMPONENTS)
    return _moved(density, rng, chains, begin, covariance, ROUNDS, 1)


def match_more(density: Density, rng: np.random.Generator, chains: int) -> tuple[Mixture, State, float]:
    """Do what :func:`match_mixture` does with more components, which draws of several rounds move, and widen them."""
    begin, covariance = _around_one(density, rng, chains, MORE)
    mixture, _, _ = _moved(density, rng, chains, begin, covariance, STEADY, LAST)
    return _widened(density, rng, chains, mixture)


def match_modes(density: Density, rng: np.random.Generator, chains: int) -> tuple[Mixture, State, float]:
    """Do what :func:`match_mixture` does for a law with several modes, from components at all modes that are found."""
    modes = density.modes
    count = len(modes.shares)
    chosen = np.concatenate([np.arange(count), rng.choice(count, size=MANY - count, p=modes.shares)])
    factors = np.sqrt(WIDER) * modes.factors[chosen]
    moves = BEGIN * rng.standard_normal((MANY, density.size)) * (np.arange(MANY) >= count)[:, None]
    centers = modes.positions[chosen] + np.einsum("kij,kj->ki", factors, moves)
    begin = Mixture(np.full(MANY, 1 / MANY), centers, np.linalg.cholesky(factors @ factors.swapaxes(1, 2)))
    covariance = factors[0] @ factors[0].T
    mixture, _, _ = _moved(density, rng, chains, begin, covariance, LONGER, POOLED)
    return _widened(density, rng, chains, mixture)


def _widened(density: Density, rng: np.random.Generator, chains: int, mixture: Mixture) -> tuple[Mixture, State, float]:
    """A mixture with wider components, a first state of each chain, and the efficiency of its weights."""
    wide = Mixture(mixture.shares, mixture.centers, INFLATE * mixture.factors)
    positions, log_proposal = wide.draw(rng, DRAWS)
    log_density = density(positions)
    weight, efficiency = truncated(log_density - log_proposal, RANK)
    return wide, first_states(rng, chains, wide, positions, log_density, weight), efficiency


def _around_one(density: Density, rng: np.random.Generator, chains: int, count: int) -> tuple[Mixture, np.ndarray]:
    """Components at draws of a wide Student-t around one mode, and its covariance."""
    rough, _, _ = match_proposal(density, rng, chains, ROUGH)
    positions, log_proposal = rough.draw(rng, DRAWS)
    weight, _ = truncated(density(positions) - log_proposal, RANK)
    positions = np.where(weight[:, None] > 0, positions, 0.0)
    _, covariance = moments(positions, weight)
    centers = positions[rng.choice(DRAWS, size=count, p=weight)]
    begin = np.linalg.cholesky(BEGIN * covariance)
    return Mixture(np.full(count, 1 / count), centers, np.array([begin] * count)), covariance


def _moved(
    density: Density,
    rng: np.random.Generator,
    chains: int,
    mixture: Mixture,
    covariance: np.ndarray,
    rounds: tuple[int, int],
    pooled: int,
) -> tuple[Mixture, State, float]:
    """The mixture after rounds of moving, a first state of each chain, and the last round's efficiency."""
    kept: list[tuple[np.ndarray, np.ndarray, Mixture]] = []
    best = 0.0
    for done in range(1, rounds[1] + 1):
        positions, log_proposal = mixture.draw(rng, DRAWS)
        log_density = density(positions)
        weight, efficiency = truncated(log_density - log_proposal, RANK)
        kept = [*kept, (positions, log_density, mixture)][-pooled:]
        if pooled > 1 and done >= rounds[0] and efficiency >= ENOUGH:
            break
        positions, log_density, weight = _pooled(kept) if pooled > 1 else (positions, log_density, weight)
        positions = np.where(weight[:, None] > 0, positions, 0.0)
        if pooled > 1:
            _, covariance = moments(positions, weight)
        for _ in range(UPDATES if pooled == 1 else 1):
            mixture = mixture.updated(positions, weight, FLOOR * covariance)
        best = max(best, efficiency)
        if (done >= rounds[0] and efficiency >= ENOUGH) or (done >= PATIENCE and best < HOPELESS):
            break
    return mixture, first_states(rng, chains, mixture, positions, log_density, weight), efficiency


def _pooled(kept: list[tuple[np.ndarray, np.ndarray, Mixture]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, log densities and weights of several rounds, as draws of one mixture of their mixtures.

    References:
        cornuet2012adaptive
    """
    positions, log_density = (np.concatenate([one[part] for one in kept]) for part in (0, 1))
    log_proposal = _log_sum(np.stack([one[2].log_density(positions) for one in kept])) - np.log(len(kept))
    return positions, log_density, truncated(log_density - log_proposal, RANK)[0]


def _log_sum(logs: np.ndarray) -> np.ndarray:
    highest = logs.max(axis=0)
    return highest + np.log(np.exp(logs - highest).sum(axis=0))
