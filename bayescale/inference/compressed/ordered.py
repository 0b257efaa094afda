"""The rows of a table along its training curves: which rows are one curve's, and where on it they lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayescale.data import Runs
from bayescale.data.checkpoints import place_of, run_codes


class CannotCompress(Exception):
    """Why a likelihood is not compressed: the rest of a sentence that begins with "the likelihood is full:"."""


class Ordered(NamedTuple):
    """Rows sorted by family, run and progress.

    Args:
        order: the row of the table in each place.
        begin: the first place of every curve, and the number of rows at the end.
        family: the number of each curve's family.
        place: logarithm of tokens (or steps) in each place, increasing along a curve.
    """

    order: np.ndarray
    begin: np.ndarray
    family: np.ndarray
    place: np.ndarray

    @property
    def curves(self) -> int:
        """The number of curves."""
        return self.family.size

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each curve."""
        return np.diff(self.begin)


def order_rows(runs: Runs, family: np.ndarray) -> Ordered:
    """Sort the rows of a table along its curves, as residuals along runs do.

    Args:
        runs: the table.
        family: the number of each row's family.

    Raises:
        CannotCompress: no column says which rows are one curve's or where on it they are, or two rows are in one place.
    """
    if "run" not in runs.table:
        raise CannotCompress("the table has no column that names the run of each checkpoint")
    if not {"tokens", "step"} & set(runs.table):
        raise CannotCompress("the table has no tokens or steps that say how far each checkpoint is")
    where, run = runs.table[place_of(runs)].to_numpy(float), run_codes(runs)
    if where.min() <= 0:
        raise CannotCompress("some checkpoints are at zero, which has no logarithm")
    order = np.lexsort((where, run, family))
    run, owner, place = run[order], family[order], np.log(where[order])
    new = (run[1:] != run[:-1]) | (owner[1:] != owner[:-1])
    if np.any(~new & (place[1:] <= place[:-1])):
        raise CannotCompress("two rows of one run are in the same place")
    begin = np.concatenate([[0], np.flatnonzero(new) + 1, [run.size]])
    return Ordered(order, begin, owner[begin[:-1]], place)
