"""All modes of a posterior that may have several: fits of the curve from many starts, climbed and told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from bayescale.inference.instant.density import Density
from bayescale.inference.instant.mode import climb, fit_curve, prior_moments, start_at

# Starts that fit worse than the best one by so much log density are not climbed: exp(-20) of its mass, also where a
# valley is a thousand times wider, is none. Of the others so many at most.
WORSE, MOST = 20.0, 12
# Modes closer than this in every direction, in standard deviations of either, are one.
APART = 1.0
# A mode with less than this share of the mass is left out, and so are all beyond the first eight.
LEAST, KEPT = 1e-4, 8


@dataclass(frozen=True, eq=False)
class Modes:
    """Modes of a density, the one with the most mass first.

    Args:
        positions: mode x size.
        factors: C with C C^T the inverse curvature, mode x size x size.
        shares: of the mass, each mode taken for a normal (Laplace's method); they sum to 1.
    """

    positions: np.ndarray
    factors: np.ndarray
    shares: np.ndarray

    def nearest(self, positions: np.ndarray) -> np.ndarray:
        """Which mode, taken for a normal, each position belongs to most likely."""
        logs = []
        for center, factor, share in zip(self.positions, self.factors, self.shares, strict=True):
            standard = np.linalg.solve(factor, (positions - center).T)
            logs.append(np.log(share) - np.linalg.slogdet(factor)[1] - 0.5 * (standard**2).sum(axis=0))
        return np.argmax(logs, axis=0)

    def missed(self, positions: np.ndarray) -> float:
        """The share of the modes that none of the positions belongs to."""
        seen = np.unique(self.nearest(positions))
        return float(np.delete(self.shares, seen).sum())


def find_modes(density: Density) -> Modes:
    """Return the modes that are found from the prior's centre and from the starts that the law asks for.

    Deterministic: the starts are the same for every table of a law.
    """
    fits = []
    for start in _starts(density):
        try:
            law, scale = fit_curve(density, start)
        except np.linalg.LinAlgError:  # a start where the formula overflows
            continue
        fits.append((float(density(start_at(density, law, scale)[None])[0]), law, scale))
    fits.sort(key=lambda fit: -fit[0])
    near = [fit for fit in fits[:MOST] if fit[0] > fits[0][0] - WORSE]
    found: list[tuple[float, np.ndarray, np.ndarray]] = []
    for _, law, scale in near:
        position, factor = climb(density, law, scale)
        value = float(density(position[None])[0])
        if np.isfinite(value) and not any(_same(position, factor, *other[1:]) for other in found):
            found.append((value, position, factor))
    if not found:
        raise FloatingPointError("no start has a finite density")
    values, positions, factors = (np.array(part) for part in zip(*found, strict=True))
    mass = values + np.linalg.slogdet(factors)[1]
    shares = np.exp(mass - mass.max())
    order = np.argsort(-shares)[:KEPT]
    order = order[shares[order] > LEAST * shares.sum()]
    return Modes(positions[order], factors[order], shares[order] / shares[order].sum())


def _starts(density: Density) -> np.ndarray:
    """The prior's centre and a Sobol sequence over the priors, start x law parameter."""
    from scipy.stats import qmc  # slow to import, and few laws need it

    center, sd = prior_moments(density).T
    power = int(np.ceil(np.log2(density.model.law.starts)))
    uniform = qmc.Sobol(len(center), scramble=True, seed=0).random_base2(power)[: density.model.law.starts]
    return np.concatenate([center[None], center + sd * ndtri(np.clip(uniform, 1e-9, 1 - 1e-9))])


def _same(one: np.ndarray, factor: np.ndarray, other: np.ndarray, other_factor: np.ndarray) -> bool:
    """Whether two modes are closer than either is wide."""
    away = (np.abs(np.linalg.solve(f, one - other)).max() for f in (factor, other_factor))
    return min(away) < APART
