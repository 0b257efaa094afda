"""A Student-t that resembles a posterior: matched to its moments by importance sampling before any chain starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bayescale.inference.instant.density import Density
from bayescale.inference.instant.mode import find_mode

# Of all chains: positions (chain x size), log weights and log densities (chain).
State = tuple[np.ndarray, np.ndarray, np.ndarray]


class Proposes(Protocol):
    """What independence chains propose from."""

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (count x size), and their log density up to a constant."""

    def log_density(self, positions: np.ndarray) -> np.ndarray:
        """Log density up to the same constant."""


# From a density, a source of randomness and a number of chains to a proposal, a first state of each chain, and the
# efficiency of the last round's importance weights.
Match = Callable[[Density, np.random.Generator, int], tuple[Proposes, State, float]]


@dataclass(frozen=True)
class Recipe:
    """How a proposal is made.

    Args:
        degrees: of freedom of the Student-t.
        inflate: factor on its scale: a proposal wider than its target keeps the importance weights bounded.
        rounds: draws of each round of matching, and the rank at which weights are cut off, so that no draw decides.
    """

    degrees: float
    inflate: float
    rounds: tuple[tuple[int, int], ...]


# Does for most posteriors; the others take a mixture.
QUICK = Recipe(5.0, 1.08, ((400, 20), (1200, 30)))


@dataclass(frozen=True, eq=False)
class Proposal:
    """Multivariate Student-t.

    Args:
        center: shape (size,).
        factor: lower triangular or any square root of its scale matrix.
        degrees: of freedom.
    """

    center: np.ndarray
    factor: np.ndarray
    degrees: float

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (count x size), and their log density up to a constant."""
        size = self.center.size
        mixing = rng.chisquare(self.degrees, count) / self.degrees
        standard = rng.standard_normal((count, size)) / np.sqrt(mixing)[:, None]
        return self.center + standard @ self.factor.T, log_t(standard, self.degrees)

    def log_density(self, positions: np.ndarray) -> np.ndarray:
        """Log density up to the same constant."""
        return log_t(np.linalg.solve(self.factor, (positions - self.center).T).T, self.degrees)


def log_t(standard: Any, degrees: float) -> Any:
    """Log density of a standard multivariate Student-t up to a constant, for arrays of NumPy or JAX whose last axis are
    its coordinates.
    """
    xp = standard.__array_namespace__()
    squares = xp.einsum("...i,...i->...", standard, standard)
    return -0.5 * (degrees + standard.shape[-1]) * xp.log1p(squares / degrees)


def match_proposal(
    density: Density, rng: np.random.Generator, chains: int, recipe: Recipe = QUICK
) -> tuple[Proposal, State, float]:
    """Return a proposal for a density, a first state of each chain, and the efficiency of the last round's weights."""
    mode, factor = find_mode(density)
    proposal = Proposal(mode, recipe.inflate * factor, recipe.degrees)
    for count, rank in recipe.rounds:
        positions, log_proposal = proposal.draw(rng, count)
        log_density = density(positions)
        weight, efficiency = truncated(log_density - log_proposal, rank)
        positions = np.where(weight[:, None] > 0, positions, 0.0)
        center, covariance = moments(positions, weight)
        proposal = Proposal(center, recipe.inflate * np.linalg.cholesky(covariance), recipe.degrees)
    return proposal, first_states(rng, chains, proposal, positions, log_density, weight), efficiency


def truncated(log_weight: np.ndarray, rank: int) -> tuple[np.ndarray, float]:
    """Importance weights that sum to 1, those above the one of this rank cut off to it; and their efficiency before.

    Raises:
        FloatingPointError: no weight is finite.
    """
    if not np.isfinite(log_weight).any():
        raise FloatingPointError("no draw near the posterior's mode has a finite density")
    weight = np.exp(log_weight - log_weight.max())
    efficiency = float(weight.sum() ** 2 / (weight**2).sum() / len(weight))
    weight = np.minimum(weight, np.sort(weight)[-rank])
    return weight / weight.sum(), efficiency


def moments(positions: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of positions by weights that sum to 1."""
    center = weight @ positions
    away = positions - center
    return center, (away * weight[:, None]).T @ away


def first_states(
    rng: np.random.Generator,
    chains: int,
    proposal: Proposes,
    positions: np.ndarray,
    log_density: np.ndarray,
    weight: np.ndarray,
) -> State:
    """Where chains start: positions taken with probabilities as their weights."""
    chosen = rng.choice(len(weight), size=chains, p=weight)
    # The weight of a state is that under the proposal of the chains.
    log_proposal = proposal.log_density(positions[chosen])
    return positions[chosen], log_density[chosen] - log_proposal, log_density[chosen]
