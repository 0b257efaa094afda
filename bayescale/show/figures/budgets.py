"""The compute budgets of an IsoFLOP design, and which runs belong to which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayescale.decisions.inputs import positive_numbers

# A run is shown with a budget within this factor.
ASSIGNED = 1.2
# A budget shows in a table as at least so many runs of sizes over at least this range, all within this factor of it.
FEWEST_RUNS, LEAST_RANGE, TIGHT = 4, 2.0, 1.1
# Budgets are at least this factor apart, and no more are looked for than a figure can hold.
APART, MOST = 1.5, 12


def find_budgets(runs: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the budgets of a table and its runs that belong to them, with a ``budget`` column in FLOP.

    Budgets are those of the ``budget`` column, or where several runs of different sizes have about the same compute,
    or else whole powers of ten within the data.
    """
    compute = np.log(runs["own_compute"].to_numpy(float))
    if "budget" in runs:
        return assign(runs, np.exp(pd.Series(compute).groupby(runs["budget"].to_numpy()).mean()))
    centres = _densest(compute, runs["params"].to_numpy(float))
    if not centres:
        low, high = np.log10(np.exp(compute.min())), np.log10(np.exp(compute.max()))
        whole = np.arange(np.ceil(low), np.floor(high) + 1)
        centres = list(10.0**whole) if whole.size else [10 ** (0.5 * (low + high))]
    return assign(runs, centres)


def assign(runs: pd.DataFrame, compute: Any) -> tuple[np.ndarray, pd.DataFrame]:
    """Return budgets in order and the runs near them, each with the nearest.

    Raises:
        SettingsError: budgets that are not positive numbers.
    """
    budgets = np.unique(positive_numbers("compute", compute, "in FLOP"))
    distance = np.abs(np.log(runs["own_compute"].to_numpy(float))[:, None] - np.log(budgets))
    near = distance.min(axis=1) < np.log(ASSIGNED)
    return budgets, runs.assign(budget=budgets[distance.argmin(axis=1)])[near]


def _densest(compute: np.ndarray, params: np.ndarray) -> list[float]:
    """Budgets by the runs around them, the most crowded first; ``compute`` is in logs."""
    order = np.argsort(compute)
    compute, params = compute[order], params[order]
    found: list[float] = []
    free = np.ones(compute.size, bool)
    while free.any() and len(found) < MOST:
        left, sizes = compute[free], params[free]
        first = np.searchsorted(left, left - np.log(TIGHT))
        last = np.searchsorted(left, left + np.log(TIGHT), side="right")
        best = int(np.argmax(last - first))
        members = slice(first[best], last[best])
        if last[best] - first[best] < FEWEST_RUNS:
            break
        centre = left[members].mean()
        if sizes[members].max() / sizes[members].min() >= LEAST_RANGE:
            found.append(float(np.exp(centre)))
        free &= np.abs(compute - centre) > np.log(APART)
    return found
