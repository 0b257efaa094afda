"""Rank-normalised R-hat and effective sample sizes of many fits at once.

ArviZ has the same quantities for one posterior; for thousands of small ones it takes longer than sampling them. A test
holds the two equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayescale.inference.limits import ESS, R_HAT
from bayescale.inference.rank_scores import Holds, Ranked


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


# Columns measured together: their draws and scores stay in the processor's cache.
COLUMNS = 32
# Quantiles whose indicators are measured as tails, the ends of the intervals that are shown.
TAILS = (0.05, 0.95)


def convergence(draws: np.ndarray) -> Convergence:
    """Return R-hat (the larger of bulk and folded), bulk ESS and tail ESS (the smaller of 5 % and 95 %).

    Args:
        draws: fit x quantity x chain x draw. What never moves, or is not finite, has NaN.

    References:
        vehtari2021rank
    """
    columns = draws.shape[1]
    some = max(1, COLUMNS // columns)
    parts = [
        [_measure(draws[i : i + some, j : j + COLUMNS]) for j in range(0, columns, COLUMNS)]
        for i in range(0, len(draws), some)
    ]
    rows = [[np.concatenate(measure, axis=1) for measure in zip(*row, strict=True)] for row in parts]
    return Convergence(*(np.concatenate(measure) for measure in zip(*rows, strict=True)))


def _measure(draws: np.ndarray) -> list[np.ndarray]:
    """R-hat, bulk ESS and tail ESS of some fits."""
    split = _split(draws)
    fits, quantities = split.shape[:2]
    # Single precision: scores and indicators are of order one, and sums of some thousand of them lose a millionth.
    states = np.zeros((4, fits, quantities, split[0, 0].size), np.float32)
    good = np.zeros((fits, quantities), bool)
    for i, columns in enumerate(split.reshape(fits, quantities, -1)):
        holds = Holds.of(columns)
        values = columns.take(holds.first, axis=1)
        good[i] = np.isfinite(values).all(axis=1) & (values != values[:, :1]).any(axis=1)
        if good[i].any():
            _transform(values if good[i].all() else values[good[i]], holds, states[:, i], good[i])
    bulk, folded, low, high = states.reshape(4, fits * quantities, *split.shape[2:])
    bulk_spread, folded_spread = _Spread.of(bulk), _Spread.of(folded)
    tails = (_ess(_Spread.of(tail)) for tail in (low, high))
    measured = [np.maximum(bulk_spread.r_hat, folded_spread.r_hat), _ess(bulk_spread), np.minimum(*tails)]
    return [np.where(good, values.reshape(good.shape), np.nan) for values in measured]


def _transform(values: np.ndarray, holds: Holds, into: np.ndarray, where: np.ndarray) -> None:
    """Fill in normal scores, those of distances from the median, and both tail indicators.

    Args:
        values: of the states of some quantities of a fit, quantity x state.
        holds: of its chains.
        into: the four, each quantity x draw.
        where: which quantities these are.
    """
    ranked = Ranked.of(values, holds)
    median, *ends = ranked.quantiles(0.5, *TAILS)
    folded = Ranked.of(np.abs(values - median[:, None]), holds)
    tails = (values <= end[:, None] for end in ends)
    for states, draws in zip((ranked.scores(), folded.scores(), *tails), into, strict=True):
        draws[where] = states.astype(np.float32, copy=False).take(holds.place, axis=1)


def _split(draws: np.ndarray) -> np.ndarray:
    """Each chain as two: a chain that drifts differs from itself."""
    half = draws.shape[-1] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=-2)


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
