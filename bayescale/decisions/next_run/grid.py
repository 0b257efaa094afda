"""Runs that might be trained next, where nobody names any: a grid over what the table spans."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.data import Runs
from bayescale.laws import Law

# Sizes and budgets of the default grid, and the tokens per parameter between which laws are usually fitted; a table
# that goes further is followed as far as it goes.
SIZES, BUDGETS, RATIOS = 17, 9, (2.0, 500.0)


def default_candidates(law: type[Law], runs: Runs) -> pd.DataFrame:
    """Return designs of one run each.

    For laws of params and tokens a grid of sizes at budgets (6ND) from the smallest to the largest compute of the
    table; for laws of one input a grid over its range; for other laws, whose inputs hang together in ways that only
    their user knows, the runs of the table over again.
    """
    table, inputs = runs.table, law.inputs()
    if set(inputs) == {"params", "tokens"}:
        return _grid(table["params"].to_numpy(float), table["tokens"].to_numpy(float))
    if len(inputs) == 1 and (table[inputs[0]] > 0).all():
        column = table[inputs[0]].to_numpy(float)
        return pd.DataFrame({inputs[0]: np.geomspace(column.min(), column.max(), SIZES)})
    return table[list(inputs)].drop_duplicates(ignore_index=True)


def _grid(params: np.ndarray, tokens: np.ndarray) -> pd.DataFrame:
    cost, ratio = SixND()(params, tokens), tokens / params
    budgets = np.geomspace(cost.min(), cost.max(), BUDGETS if cost.max() > 1.01 * cost.min() else 1)
    low, high = min(RATIOS[0], ratio.min()), max(RATIOS[1], ratio.max())
    # Sizes are of the whole grid, not of each budget, so that the same sizes recur as in a sweep.
    sizes = np.geomspace(np.sqrt(cost.min() / (6 * high)), np.sqrt(cost.max() / (6 * low)), SIZES)
    size, budget = (part.ravel() for part in np.meshgrid(sizes, budgets))
    made = pd.DataFrame({"params": size, "tokens": budget / (6 * size)})
    inside = (made["tokens"] / made["params"]).between(low * (1 - 1e-9), high * (1 + 1e-9))
    return made[inside].reset_index(drop=True)
