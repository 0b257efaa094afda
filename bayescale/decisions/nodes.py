"""Some budgets among many: what follows from compute smoothly is found at them and interpolated between."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

# Decades of compute from one node to the next, about, and the fewest budgets for which it pays.
APART, FEWEST = 0.25, 24


def node_budgets(budgets: np.ndarray) -> np.ndarray:
    """Return indices of budgets in rising order, first and last among them and no two much closer than APART decades.

    Args:
        budgets: in FLOP, over budget.
    """
    logs = np.log10(budgets)
    order = np.argsort(logs, kind="stable")
    if budgets.size < FEWEST:
        return order[np.concatenate([[True], np.diff(logs[order]) > 0])]
    kept = [int(order[0])]
    for index in order[1:]:
        if logs[index] - logs[kept[-1]] >= APART:
            kept.append(int(index))
    if logs[order[-1]] > logs[kept[-1]]:
        kept.append(int(order[-1]))
    return np.array(kept)


def between_nodes(budgets: np.ndarray, nodes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values at all budgets from those at nodes, by a spline in log compute.

    Args:
        budgets: in FLOP, over budget.
        nodes: their indices.
        values: with nodes along the last axis.
    """
    if nodes.size == 1:
        return np.repeat(values, budgets.size, axis=-1)
    return CubicSpline(np.log(budgets[nodes]), values, axis=-1)(np.log(budgets))
