"""A Student-t that resembles a posterior: matched to its moments by importance sampling before any chain starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayescale.inference.instant.density import Density
from bayescale.inference.instant.mode import find_mode

# Of all chains: positions (chain x size), log weights and log densities (chain).
State = tuple[np.ndarray, np.ndarray, np.ndarray]


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


# The quick one does for most posteriors, the thorough ones for heavy tails and bent ridges.
RECIPES = (
    Recipe(5.0, 1.08, ((400, 20), (1200, 30))),
    Recipe(3.0, 1.15, ((1500, 40), (4000, 80), (8000, 80))),
    Recipe(2.0, 1.3, ((3000, 60), (8000, 100), (16000, 120))),
)


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
        return self.center + standard @ self.factor.T, _log_t(standard, self.degrees)

    def log_density(self, positions: np.ndarray) -> np.ndarray:
        """Log density up to the same constant."""
        return _log_t(np.linalg.solve(self.factor, (positions - self.center).T).T, self.degrees)


def _log_t(standard: np.ndarray, degrees: float) -> np.ndarray:
    squares = np.einsum("ms,ms->m", standard, standard)
    return -0.5 * (degrees + standard.shape[1]) * np.log1p(squares / degrees)


def match_proposal(
    density: Density, rng: np.random.Generator, chains: int, recipe: Recipe = RECIPES[0]
) -> tuple[Proposal, State, float]:
    """Return a proposal for a density, a first state of each chain, and the efficiency of the last round's weights.

    The first states are draws of the last round, taken with probabilities as their importance weights.
    """
    mode, factor = find_mode(density)
    proposal = Proposal(mode, recipe.inflate * factor, recipe.degrees)
    for count, rank in recipe.rounds:
        positions, log_proposal = proposal.draw(rng, count)
        log_density = density(positions)
        log_weight = log_density - log_proposal
        if not np.isfinite(log_weight).any():
            raise FloatingPointError("no draw near the posterior's mode has a finite density")
        weight = np.exp(log_weight - log_weight.max())
        efficiency = float(weight.sum() ** 2 / (weight**2).sum() / count)
        weight = np.minimum(weight, np.sort(weight)[-rank])
        weight /= weight.sum()
        positions = np.where(weight[:, None] > 0, positions, 0.0)
        center = weight @ positions
        away = positions - center
        covariance = (away * weight[:, None]).T @ away
        proposal = Proposal(center, recipe.inflate * np.linalg.cholesky(covariance), recipe.degrees)
    chosen = rng.choice(count, size=chains, p=weight)
    # The weight of a state is that under the proposal of the chains.
    log_proposal = proposal.log_density(positions[chosen])
    return proposal, (positions[chosen], log_density[chosen] - log_proposal, log_density[chosen]), efficiency
