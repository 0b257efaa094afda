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
    """States in rising order of each quantity, every array quantity x state.

    Args:
        order: of the states.
        values: in that order.
        upto: draws of a state and of all below it.
    """

    order: np.ndarray
    values: np.ndarray
    upto: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, holds: Holds) -> Ranked:
        """The states by finite values of each, quantity x state."""
        order, ranked = _sorted(values)
        return cls(order, ranked, holds.counts.take(order).cumsum(axis=1))

    def quantiles(self, *probabilities: float) -> np.ndarray:
        """Quantiles over draws, interpolated, each over quantity."""
        places = np.array(probabilities) * (self.upto[0, -1] - 1)
        below = places.astype(int)
        # Of both draws that a quantile lies between, which may be of one state.
        draws = np.concatenate([below, np.minimum(below + 1, self.upto[0, -1] - 1)])
        states = [upto.searchsorted(draws, side="right") for upto in self.upto]
        low, high = np.split(np.take_along_axis(self.values, np.array(states), axis=1).T, 2)
        return low + (places - below)[:, None] * (high - low)

    def scores(self) -> np.ndarray:
        """Normal score of the rank of each state, in the order of the states; draws of equal value share a rank."""
        table = _normal_scores(int(self.upto[0, -1]))
        # Twice the mean of the ranks below + 1 to upto, which starts at 2.
        below = np.zeros_like(self.upto)
        below[:, 1:] = self.upto[:, :-1]
        scores = table.take(below + (self.upto - 1))
        # Every row ends without a tie, so that none goes on in the next one. Chains that are cut in two have some.
        tied = np.zeros(scores.shape, bool)
        np.equal(self.values[:, 1:], self.values[:, :-1], out=tied[:, :-1])
        if (ties := np.flatnonzero(tied)).size:
            apart = np.diff(ties) > 1
            first, last = ties[np.append(True, apart)], ties[np.append(apart, True)] + 1
            tied[:, 1:] |= tied[:, :-1]
            shared = table.take(below.take(first) + self.upto.take(last) - 1)
            scores.reshape(-1)[np.flatnonzero(tied)] = shared.repeat(last - first + 1)
        found = np.empty_like(scores)
        found.reshape(-1)[_flat(self.order)] = scores
        return found


def _flat(order: np.ndarray) -> np.ndarray:
    """Places within rows as places in the whole array, which is quicker to take from."""
    rows, states = order.shape
    return order + states * np.arange(rows)[:, None]


def _sorted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of finite values in rising order, and the values in that order, row by row.

    Sorting numbers is twice as quick as sorting their places, so places are written into the last bits of the numbers.
    """
    states = values.shape[1]
    bits = values.view(np.int64)
    # As integers, negative floats fall where they should rise.
    keys = bits ^ ((bits >> 63) & np.int64(2**63 - 1))
    places = np.int64((1 << (states - 1).bit_length()) - 1)
    keys &= ~places
    keys |= np.arange(states)
    keys.sort(axis=1)
    keys &= places
    ranked = values.take(_flat(keys))
    for i in np.flatnonzero((ranked[:, 1:] < ranked[:, :-1]).any(axis=1)):
        # Values that differ in their last bits only; a stable sort is quick where nearly all is in order.
        keys[i] = keys[i][ranked[i].argsort(kind="stable")]
        ranked[i] = values[i, keys[i]]
    return keys, ranked


@cache
def _normal_scores(count: int) -> np.ndarray:
    """Normal scores of the ranks 1, 1.5, 2 ... count (vehtari2021rank, eq. 14), in single precision."""
    return ndtri((np.arange(2, 2 * count + 1) / 2.0 - 0.375) / (count + 0.25)).astype(np.float32)
