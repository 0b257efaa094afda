"""Rank-normalised R-hat and effective sample sizes of many fits at once.

ArviZ has the same quantities for one posterior; for thousands of small ones it takes longer than sampling them. A test
holds the two equal.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from bayescale.inference.limits import ESS, R_HAT


class Convergence(NamedTuple):
    """Each of shape fit x quantity."""

    r_hat: np.ndarray
    ess_bulk: np.ndarray
    ess_tail: np.ndarray

    def worst(self) -> Convergence:
        """Of each fit the largest R-hat and the smallest sample sizes; NaN if one cannot be measured."""
        return Convergence(self.r_hat.max(axis=1), self.ess_bulk.min(axis=1), self.ess_tail.min(axis=1))

    @property
    def passes(self) -> np.ndarray:
        """Whether R-hat and both sample sizes are within the limits that the checks of a fit have."""
        r_hat, bulk, tail = self.worst()
        return (r_hat <= R_HAT) & (bulk >= ESS) & (tail >= ESS)

    def lacks(self, i: int) -> str:
        """What keeps one fit from passing; empty where nothing does."""
        worst = self.worst()
        if not worst.r_hat[i] <= R_HAT:
            return f"its R-hat is {worst.r_hat[i]:.3f}, above {R_HAT:g}"
        smallest = min(worst.ess_bulk[i], worst.ess_tail[i])
        return "" if smallest >= ESS else f"its smallest effective sample size is {smallest:.0f}, below {ESS:g}"


# Columns measured together: their draws, orders and scores stay in the processor's cache.
COLUMNS = 32


def convergence(draws: np.ndarray) -> Convergence:
    """Return R-hat (the larger of bulk and folded), bulk ESS and tail ESS (the smaller of 5 % and 95 %).

    Args:
        draws: fit x quantity x chain x draw. What never moves, or is not finite, has NaN.

    References:
        vehtari2021rank
    """
    columns = draws.reshape(-1, *draws.shape[2:])
    parts = [_measure(columns[i : i + COLUMNS]) for i in range(0, len(columns), COLUMNS)]
    return Convergence(*(np.concatenate(part).reshape(draws.shape[:2]) for part in zip(*parts, strict=True)))


def _measure(columns: np.ndarray) -> list[np.ndarray]:
    """R-hat, bulk ESS and tail ESS of columns, each chain x draw."""
    flat = _split(columns)
    # Single precision: scores and indicators are of order one, and sums of some thousand of them lose a millionth.
    bulk, folded, low, high = (np.zeros(flat.shape, np.float32) for _ in range(4))
    good = np.zeros(len(flat), bool)
    for i, column in enumerate(flat.reshape(len(flat), -1)):
        if np.isfinite(column).all():
            into = [part[i].reshape(-1) for part in (bulk, folded, low, high)]
            good[i] = _transform(column, *into)
    bulk_spread, folded_spread = _Spread.of(bulk), _Spread.of(folded)
    tails = (_ess(_Spread.of(tail)) for tail in (low, high))
    measured = [np.maximum(bulk_spread.r_hat, folded_spread.r_hat), _ess(bulk_spread), np.minimum(*tails)]
    return [np.where(good, values, np.nan) for values in measured]


def _transform(column: np.ndarray, bulk: np.ndarray, folded: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Fill in normal scores, those of distances from the median, and tail indicators; False for a constant."""
    order, ranked = _sorted(column)
    if ranked[0] == ranked[-1]:
        return False
    bulk[order] = _scores(ranked)
    count = column.size
    away = np.abs(column - 0.5 * (ranked[(count - 1) // 2] + ranked[count // 2]))
    outwards, distances = _sorted(away)
    folded[outwards] = _scores(distances)
    np.less_equal(column, _quantile(ranked, 0.05), out=low)
    np.less_equal(column, _quantile(ranked, 0.95), out=high)
    return True


def _sorted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of finite values in rising order, and the values in that order.

    Sorting numbers is twice as quick as sorting their places, so places are written into the last bits of the numbers.
    """
    bits = values.view(np.int64)
    # As integers, negative floats fall where they should rise.
    keys = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
    places = np.int64((1 << (values.size - 1).bit_length()) - 1)
    keys = (keys & ~places) | np.arange(values.size)
    keys.sort()
    order = keys & places
    ranked = values[order]
    if (ranked[1:] < ranked[:-1]).any():
        # Values that differ in their last bits only; a stable sort is quick where nearly all is in order.
        order = order[ranked.argsort(kind="stable")]
        ranked = values[order]
    return order, ranked


def _split(draws: np.ndarray) -> np.ndarray:
    """Each chain as two: a chain that drifts differs from itself."""
    half = draws.shape[-1] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=-2)


def _scores(ranked: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of sorted values; equal values share their mean rank."""
    starts = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    edges = np.concatenate([[0], starts, [ranked.size]])
    first, last = edges[:-1], edges[1:]
    # Twice the mean of the ranks first + 1 to last, which starts at 2.
    return np.repeat(_normal_scores(ranked.size)[first + last - 1], last - first)


@cache
def _normal_scores(count: int) -> np.ndarray:
    """Normal scores of the ranks 1, 1.5, 2 ... count (vehtari2021rank, eq. 14)."""
    return ndtri((np.arange(2, 2 * count + 1) / 2.0 - 0.375) / (count + 0.25))


def _quantile(ranked: np.ndarray, p: float) -> float:
    at = p * (ranked.size - 1)
    low = int(at)
    return ranked[low] + (at - low) * (ranked[low + 1] - ranked[low])


class _Spread(NamedTuple):
    """How columns scatter, each column x chain x draw.

    Args:
        away: distance of each draw from the mean of its chain.
        within: mean variance within chains, over column.
        pooled: estimate of the variance that has that of the chains' means added, over column.
    """

    away: np.ndarray
    within: np.ndarray
    pooled: np.ndarray

    @classmethod
    def of(cls, chains: np.ndarray) -> _Spread:
        """The spread of some columns."""
        _, many, draws = chains.shape
        means = chains.mean(axis=-1, dtype=float)
        away = chains - means[..., None].astype(chains.dtype)
        within = np.vecdot(away, away).sum(axis=1, dtype=float) / (many * (draws - 1))
        return cls(away, within, within * (draws - 1) / draws + means.var(axis=-1, ddof=1))

    @property
    def r_hat(self) -> np.ndarray:
        """R-hat, over column."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(self.pooled / self.within)


def _ess(spread: _Spread) -> np.ndarray:
    """Geyer's initial monotone sequence: sums over pairs of lags until a pair is no longer positive."""
    away, within, pooled = spread
    count, many, draws = away.shape
    time = np.full(count, -1.0)
    least = np.full(count, np.inf)
    rows = np.arange(count)
    open_ = np.ones(count, bool)
    for lag in range(0, draws - 3, 2):
        even = _correlation(away, lag, within[rows], pooled[rows]) if lag else np.ones(len(rows))
        pair = even + _correlation(away, lag + 1, within[rows], pooled[rows])
        goes_on = open_[rows] & (pair > 0)
        ends = open_[rows] & ~goes_on
        least[rows] = np.where(goes_on, np.minimum(pair, least[rows]), least[rows])
        time[rows] += np.where(goes_on, 2.0 * least[rows], 0.0) + np.where(ends, np.maximum(even, 0.0), 0.0)
        open_[rows] = goes_on
        if not goes_on.any():
            break
        # Columns that are done are left out once they are many: leaving them out costs a copy of the others.
        if goes_on.mean() < 0.6:
            rows, away = rows[goes_on], away[goes_on]
    total = many * draws
    return total / np.maximum(time, 1.0 / np.log10(total))


def _correlation(away: np.ndarray, lag: int, within: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """Autocorrelation of each column at a lag, its chains together."""
    _, many, draws = away.shape
    products = np.vecdot(away[..., : draws - lag], away[..., lag:]).sum(axis=1, dtype=float) / (many * draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1.0 - (within - products) / pooled
