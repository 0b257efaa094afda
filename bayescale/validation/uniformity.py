"""Are ranks uniform? Counts of ranks below rising hundredths against a band that all of them stay in together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats
from scipy.optimize import brentq

# Draws that a truth is ranked among, so that ranks are 0 to 99 and hundredths of them whole numbers.
DRAWS = 99
# Ranks below these hundredths are counted: closely at the ends, where too narrow posteriors show.
GRID = np.array([1, 2, *range(5, 100, 5), 98, 99])


@dataclass(frozen=True)
class Uniformity:
    """How the ranks of one quantity compare with uniform ones.

    Args:
        at: hundredth at which the count of the ranks below it is the least likely.
        count: of the ranks below it.
        low, high: what the band has there.
        excess: how many ranks the count that is farthest outside of the band is outside of it; 0 inside.
        p_value: how often uniform ranks stray as far as these, at any hundredth; below 1e-8 an upper bound.
        total: number of ranks.
    """

    at: int
    count: int
    low: int
    high: int
    excess: int
    p_value: float
    total: int

    @property
    def sentence(self) -> str:
        """What was counted, and what the band has there."""
        return f"{self.count} of {self.total} ranks below {self.at} %, not {self.low} to {self.high}"


def uniformity(ranks: np.ndarray, false_alarm: float) -> Uniformity:
    """Hold ranks against uniform ones.

    Args:
        ranks: whole numbers 0 to 99.
        false_alarm: probability that uniform ranks leave the band, at most.

    References:
        sailynoja2022graphical
    """
    low, high = band(len(ranks), false_alarm)
    counts = (np.asarray(ranks)[:, None] < GRID).sum(axis=0)
    level = _levels(counts, len(ranks))
    at = int(np.argmin(level))
    excess = max(0, int(np.maximum(low - counts, counts - high).max()))
    return Uniformity(
        int(GRID[at]), int(counts[at]), int(low[at]), int(high[at]), excess, _p_value(level[at], len(ranks)), len(ranks)
    )


def _p_value(level: float, count: int) -> float:
    """How often uniform ranks have a count that is as unlikely as this."""
    if level >= 1.0:
        return 1.0
    # Intervals that hold nearly everything take long to go through, and of what is that small the bound says enough.
    if level < 1e-8 / GRID.size:
        return float(level * GRID.size)
    # Just above the level at which the count leaves its interval, all that are as unlikely have left theirs too.
    return max(0.0, 1.0 - stays_inside(count, level * (1.0 + 1e-9))[0])


def not_uniform(ranks: Mapping[str, np.ndarray], false_alarm: float) -> dict[str, str]:
    """Quantities whose ranks are not uniform, each in a sentence.

    Args:
        ranks: by quantity, whole numbers 0 to 99 each.
        false_alarm: probability that uniform ranks of all these quantities leave their bands, at most (Bonferroni).
    """
    compared = {name: uniformity(values, false_alarm / len(ranks)) for name, values in ranks.items()}
    return {name: one.sentence for name, one in compared.items() if one.excess}


def _levels(counts: np.ndarray, count: int) -> np.ndarray:
    """Two-sided tail probability of each count: above this level it is outside of its interval."""
    shares = GRID / 100.0
    return 2.0 * np.minimum(stats.binom.cdf(counts, count, shares), stats.binom.sf(counts - 1, count, shares))


def stays_inside(count: int, level: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Probability that the counts of uniform ranks stay in their two-sided binomial intervals, and these intervals.

    Counts below rising hundredths are a Markov chain: each rank that is not below one lies below the next with the
    same probability, so that the probability follows exactly, step by step.

    Args:
        count: number of ranks.
        level: probability that a single count leaves its interval, at most.

    References:
        sailynoja2022graphical
    """
    shares = GRID / 100.0
    low, high = stats.binom.ppf([[level / 2.0], [1.0 - level / 2.0]], count, shares).astype(int)
    states, probability = np.array([0]), np.array([1.0])
    for share, before, least, most in zip(shares, [0.0, *shares[:-1]], low, high, strict=True):
        reached = np.arange(least, most + 1)
        step = stats.binom.pmf(reached - states[:, None], count - states[:, None], (share - before) / (1.0 - before))
        states, probability = reached, probability @ step
    return float(probability.sum()), low, high


@cache
def band(count: int, false_alarm: float) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of the counts below ``GRID`` that uniform ranks leave with this probability, all together."""
    level = np.exp(brentq(lambda x: 1.0 - stays_inside(count, np.exp(x))[0] - false_alarm, np.log(1e-12), np.log(0.9)))
    # The probability moves in steps; the wider band keeps the promise.
    while 1.0 - stays_inside(count, level)[0] > false_alarm:
        level *= 0.98
    return stays_inside(count, level)[1:]
