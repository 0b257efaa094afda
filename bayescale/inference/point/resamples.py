"""Bootstrap weights: how often a resample contains each row."""

from __future__ import annotations

import numpy as np

from bayescale.data import Runs
from bayescale.language.errors import DataError


class Resamples:
    """Draws as many runs, or budgets, with replacement as the table has, and counts the rows that come along.

    Args:
        runs: the table.
        unit: ``"run"`` or ``"budget"``; see :class:`PointSettings`.
        length: rows after padding; padding is never drawn.
        seed: of the draws, which come in one stream however many are asked for at a time.

    Raises:
        DataError: no budgets to draw, or only one unit.
    """

    def __init__(self, runs: Runs, unit: str, length: int, seed: int):
        self.length, self.rng = length, np.random.default_rng(seed)
        if unit in runs.table:
            names, self.member = np.unique(runs.table[unit].to_numpy(str), return_inverse=True)
            self.units = len(names)
        elif unit == "run":
            self.member, self.units = np.arange(len(runs)), len(runs)
        else:
            raise DataError(
                "resample='budget' needs a column of budgets; map it with columns={'budget': ...} in read_runs, "
                "or leave resample out to draw single runs."
            )
        if self.units < 2:
            raise DataError(f"A bootstrap needs at least two {unit}s to draw from, and the table has one.")

    def __call__(self, count: int) -> np.ndarray:
        """Return the weights of the next resamples, resample x row."""
        drawn = self.rng.multinomial(self.units, np.full(self.units, 1.0 / self.units), size=count)
        weights = np.zeros((count, self.length), np.float32)
        weights[:, : len(self.member)] = drawn[:, self.member]
        return weights
