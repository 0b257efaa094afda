"""Draws of how siblings scatter and of the bend outside them, five parameters or seven, by elliptical slices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bayescale.decisions.follow.belief import Belief
from bayescale.decisions.follow.bend import Bend
from bayescale.decisions.follow.sampled import Sampled
from bayescale.decisions.follow.scatter import Scatter
from bayescale.language.errors import FitError

# Chains side by side; steps of warm-up before each new base; steps by which chains grow until they have met.
CHAINS, WARMUP, STEPS, ROUNDS = 40, (15, 15, 15), 50, 10
# A base wider than the posterior holds its tails.
INFLATE = 1.5
# Times that an angle is brought nearer, to a share of what was left that is uniform: after so many there is none left.
NEARER = 200
# Chains of one such length that have met show 1.03 to 1.07.
R_HAT = 1.1


def scatter_draws(belief: Belief, seen: np.ndarray | None, rng: np.random.Generator) -> tuple[Scatter, Bend | None]:
    """Return draws of the scatter given the siblings' curves and what is seen of the run.

    Args:
        belief: what siblings say of the run.
        seen: its first log losses, or None.
        rng: source of randomness.

    Returns:
        the scatter, and the bend of the line, None for a run among its siblings, which has none.

    Raises:
        FitError: the chains have not met, or curves are exact.
    """
    kinds: tuple[type[Sampled], ...] = (Scatter, Bend) if belief.outside else (Scatter,)
    ends = np.cumsum([len(kind.parameters) for kind in kinds])[:-1]

    def at(logs: np.ndarray) -> tuple[Scatter, Bend | None]:
        first, *others = np.split(logs, ends, axis=1)
        return Scatter.at(first), Bend.at(others[0]) if others else None

    def log_density(logs: np.ndarray) -> np.ndarray:
        drawn, parts = at(logs), np.split(logs, ends, axis=1)
        found = sum(kind.log_prior(part) for kind, part in zip(kinds, parts, strict=True))
        found = found + belief.evidence(drawn[0])
        if seen is not None:
            found = found + belief.curve(*drawn).first(seen.size).log_density(seen)
        return found

    priors = [p.prior for kind in kinds for p in kind.parameters]
    center, sds = np.array([prior.unconstrained_moments() for prior in priors]).T
    try:
        states = _met(log_density, center, sds, rng)
    except np.linalg.LinAlgError:
        raise FitError(
            "How siblings scatter could not be sampled: their curves are as good as exact, and say nothing of how a "
            "run may differ from them; give losses as they were measured."
        ) from None
    return at(states)


def _met(
    log_density: Callable[[np.ndarray], np.ndarray], center: np.ndarray, sds: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """States of chains that agree, (chain and step) x parameter.

    Args:
        log_density: of positions, chain x parameter.
        center, sds: of the prior.
        rng: source of randomness.

    Raises:
        FitError: they do not agree.
    """
    base = center, np.diag(sds)
    states = (center + rng.standard_normal((CHAINS, center.size)) @ base[1])[:, None]
    for steps in WARMUP:
        states = _slices(log_density, states[:, -1], base, rng, steps)
        half = states[:, steps // 2 :].reshape(-1, center.size)
        base = half.mean(axis=0), INFLATE * np.linalg.cholesky(np.cov(half, rowvar=False))
    kept = states[:, :0]
    for rounds in range(1, ROUNDS + 1):
        states = _slices(log_density, states[:, -1], base, rng, STEPS)
        kept = np.concatenate([kept, states], axis=1)
        if _have_met(kept):
            return kept[:, rounds - 1 :: rounds].reshape(-1, center.size)
    raise FitError("How siblings scatter could not be sampled: the chains have not met; give another seed.")


def _slices(
    log_density: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    base: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
    steps: int,
) -> np.ndarray:
    """States of chains, chain x step x parameter.

    Each step looks for a likely enough state on the ellipse through the present state and a draw of a normal base, from
    an angle that is brought nearer as long as there is none. The target is the density over that of the base, so that
    the draws are exact whatever the base is.

    Args:
        log_density: of positions, chain x parameter.
        start: of the chains.
        base: center and a square root of the covariance.
        rng: source of randomness.
        steps: of each chain.

    References:
        murray2010elliptical
    """

    center, factor = base

    def height_at(standard: np.ndarray) -> np.ndarray:
        return log_density(center + standard @ factor.T) + 0.5 * np.einsum("ci,ci->c", standard, standard)

    position = np.linalg.solve(factor, (start - center).T).T
    height, kept = height_at(position), []
    if not np.isfinite(height).all():
        raise np.linalg.LinAlgError
    for _ in range(steps):
        position, height = _step(height_at, position, height, rng)
        kept.append(center + position @ factor.T)
    return np.stack(kept, axis=1)


def _step(
    height_at: Callable[[np.ndarray], np.ndarray], position: np.ndarray, height: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The next state of every chain and its height over the base.

    Raises:
        LinAlgError: there is no state as likely as that of a chain itself: its height is no finite number, or another
            one when it is measured again.
    """
    other, least = rng.standard_normal(position.shape), height + np.log(rng.uniform(size=len(position)))
    angle = rng.uniform(0.0, 2.0 * np.pi, len(position))
    low, high = angle - 2.0 * np.pi, angle.copy()
    found, its_height = position.copy(), height.copy()
    left = np.arange(len(position))
    for _ in range(NEARER):
        turned = angle[left, None]
        tried = position[left] * np.cos(turned) + other[left] * np.sin(turned)
        heights = height_at(tried)
        good = heights > least[left]
        found[left[good]], its_height[left[good]] = tried[good], heights[good]
        left = left[~good]
        low[left] = np.where(angle[left] < 0, angle[left], low[left])
        high[left] = np.where(angle[left] < 0, high[left], angle[left])
        if not left.size:
            return found, its_height
        angle[left] = rng.uniform(low[left], high[left])
    raise np.linalg.LinAlgError


def _have_met(states: np.ndarray) -> bool:
    """Whether chains agree."""
    from arviz_stats.base import array_stats

    return all(float(array_stats.rhat(states[:, :, j])) < R_HAT for j in range(states.shape[2]))
