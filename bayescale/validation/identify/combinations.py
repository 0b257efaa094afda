"""Directions in parameters as words: which parameters the runs see, and which only together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import qr

from bayescale.validation.identify.design import Design

# A direction is of one parameter alone above the first; parameters below the second part of the heaviest are left out.
ALONE, PART = 0.9, 0.4


class Combination(NamedTuple):
    """One direction in the law's parameters.

    Args:
        words: such as ``"alpha against beta"``, that is alpha up with beta down.
        members: the parameters with weight in it, heaviest first.
        gained: precision from the data in units of the prior's.
    """

    words: str
    members: tuple[str, ...]
    gained: float

    @property
    def seen(self) -> bool:
        """Whether the data tell at least as much of it as the prior."""
        return self.gained >= 1.0

    @property
    def data_share(self) -> float:
        """Part of the prior variance along it that the data are expected to take away."""
        return self.gained / (1.0 + self.gained)

    @property
    def sentence(self) -> str:
        """What it means that the runs do not see it."""
        if len(self.members) == 1:
            return f"{self.members[0]} is not seen"
        return f"{', '.join(self.members[:-1])} and {self.members[-1]} are seen only together"


def combinations(design: Design) -> tuple[Combination, ...]:
    """Return as many combinations as parameters: those the data see best first, then those they do not see.

    Within what is not seen any direction is as good as another; these are the ones with the fewest parameters in them.
    """
    scaled, gained = design.directions, design.gained
    unseen = _sparse(scaled[:, gained < 1.0])
    vectors = np.concatenate([scaled[:, gained >= 1.0], unseen], axis=1)
    precision = vectors.T @ (scaled * gained) @ scaled.T @ vectors
    found = zip(vectors.T, np.diag(precision), strict=True)
    return tuple(_named(design.names, vector, float(value)) for vector, value in found)


def _sparse(basis: np.ndarray) -> np.ndarray:
    """A basis of the same space in which each vector has a parameter of its own that the others lack, of length 1."""
    if basis.shape[1] < 2:
        return basis
    pivots = qr(basis.T, pivoting=True, mode="r")[1][: basis.shape[1]]
    reduced = basis @ np.linalg.inv(basis[pivots])
    return reduced / np.linalg.norm(reduced, axis=0)


def _named(names: tuple[str, ...], vector: np.ndarray, gained: float) -> Combination:
    order = np.argsort(-np.abs(vector), kind="stable")
    size = np.abs(vector[order])
    kept = order[:1] if size[0] > ALONE else order[size >= PART * size[0]]
    first = kept[0]
    words = [names[first]]
    for side, joint in ((1.0, "with"), (-1.0, "against")):
        same = [names[j] for j in kept[1:] if np.sign(vector[j]) * np.sign(vector[first]) == side]
        if same:
            words.append(f"{joint} {' and '.join(same)}")
    return Combination(" ".join(words), tuple(names[j] for j in sorted(kept)), gained)
