"""Normal scores of ranks, for chains that hold a value for some draws: what is held is ranked once, with its count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtri


@dataclass(frozen=True, eq=False)
class Holds:
    """Where the chains of a fit stay at one state, which they do in all quantities at once.

    Args:
        first: index of the first draw of each state, all chains in one row.
        counts: draws of each state.
        place: the state of each draw.
    """

    first: np.ndarray
    counts: np.ndarray
    place: np.ndarray

    @classmethod
    def of(cls, columns: np.ndarray) -> Holds:
        """The holds of some quantities of a fit, quantity x draw."""
        moves = np.flatnonzero((columns[:, 1:] != columns[:, :-1]).any(axis=0)) + 1
        first = np.concatenate([[0], moves])
        counts = np.diff(first, append=columns.shape[1])
        return cls(first, counts, np.repeat(np.arange(first.size), counts))


@dataclass(frozen=True, eq=False)
class Ranked:
    """States in rising order of a value.

    Args:
        order: of the states.
        values: in that order.
        counts: draws of each, in that order.
        upto: draws of a state and of all below it.
    """

    order: np.ndarray
    values: np.ndarray
    counts: np.ndarray
    upto: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, holds: Holds) -> Ranked:
        """The states by a finite value of each."""
        order, ranked = _sorted(values)
        counts = holds.counts[order]
        return cls(order, ranked, counts, counts.cumsum())

    def at(self, place: int) -> float:
        """The value of the draw at a place in the order of all draws, from 0."""
        return float(self.values[np.searchsorted(self.upto, place, side="right")])

    def median(self) -> float:
        """Median over draws."""
        count = int(self.upto[-1])
        return 0.5 * (self.at((count - 1) // 2) + self.at(count // 2))

    def quantile(self, p: float) -> float:
        """Quantile over draws, interpolated."""
        at = p * (int(self.upto[-1]) - 1)
        low = self.at(int(at))
        return low + (at - int(at)) * (self.at(int(at) + 1) - low)

    def scores(self) -> np.ndarray:
        """Normal score of the rank of each state, in the order of the states; draws of equal value share a rank."""
        table = _normal_scores(int(self.upto[-1]))
        # Twice the mean of the ranks below + 1 to upto, which starts at 2.
        below = self.upto - self.counts
        scores = table.take(below + self.upto - 1)
        tied = np.concatenate([[False], self.values[1:] == self.values[:-1], [False]])
        among = np.flatnonzero(tied[1:] | tied[:-1])
        if among.size:
            begins, ends = ~tied[among], ~tied[among + 1]
            shared = table.take(below[among[begins]] + self.upto[among[ends]] - 1)
            scores[among] = shared[begins.cumsum() - 1]
        found = np.empty_like(scores)
        found[self.order] = scores
        return found


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


@cache
def _normal_scores(count: int) -> np.ndarray:
    """Normal scores of the ranks 1, 1.5, 2 ... count (vehtari2021rank, eq. 14), in single precision."""
    return ndtri((np.arange(2, 2 * count + 1) / 2.0 - 0.375) / (count + 0.25)).astype(np.float32)
