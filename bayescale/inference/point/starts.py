"""Where the search begins."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from bayescale.inference.point.curve import unconstrain
from bayescale.laws import Law


def starting_points(law: type[Law], anchors: dict[str, float], count: int, seed: int) -> np.ndarray:
    """Return starts on the unconstrained scale, start x parameter; call inside ``computing()``.

    The grid that the law's authors published comes first, all of it or as many of its points as are asked for, chosen
    at random; the rest, and the starts of a law without a grid, are a scrambled Sobol sequence over the priors.

    Args:
        law: the law.
        anchors: of its inputs; starts are at these.
        count: how many.
        seed: of choice and scrambling.
    """
    published = law.published_starts(anchors)
    if published is None:
        return _over_priors(law, count, seed)
    grid = np.asarray(unconstrain(law, published.values))
    if count < len(grid):
        return grid[np.sort(np.random.default_rng(seed).choice(len(grid), count, replace=False))]
    return np.concatenate([grid, _over_priors(law, count - len(grid), seed)])


def _over_priors(law: type[Law], count: int, seed: int) -> np.ndarray:
    """Quasi-random draws from the priors, each taken as normal on the unconstrained scale."""
    from scipy.stats import qmc  # takes as long to import as a search does, and a published grid does not need it

    center, scale = prior_moments(law)
    # Balanced in powers of two, of which the first ``count`` points are taken.
    power = int(np.ceil(np.log2(max(count, 1))))
    uniform = qmc.Sobol(len(center), scramble=True, seed=seed).random_base2(power)[:count]
    return center + scale * ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))


def prior_moments(law: type[Law]) -> tuple[np.ndarray, np.ndarray]:
    """Center and standard deviation of every prior on the unconstrained scale."""
    center, scale = np.array([p.prior.unconstrained_moments() for p in law.parameters]).T
    return center, scale
