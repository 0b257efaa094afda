"""What one more run would tell: candidates, and how far each is expected to shrink what is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.data import Runs
from bayescale.decisions.optimum import closed_optimum, numeric_optimum
from bayescale.language.errors import LawError
from bayescale.laws import Law
from bayescale.validation.identify.design import Design, differences, slopes_of

# Sizes and budgets of the default grid, and the tokens per parameter between which laws are usually fitted; a table
# that goes further is followed as far as it goes.
SIZES, BUDGETS, RATIOS = 17, 9, (2.0, 500.0)


@dataclass(frozen=True, eq=False)
class Interest:
    """A quantity that matters, and how it hangs on the law's parameters.

    Args:
        words: what it is.
        slope: in the unconstrained parameters.
    """

    words: str
    slope: np.ndarray


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


def optimum_interest(design: Design, budget: float) -> Interest | None:
    """Return the log of the compute-optimal size at a budget in FLOP (6ND); None where the law has none."""
    law, budgets, cost = design.around(), np.array([budget]), SixND()
    if set(law.inputs()) != {"params", "tokens"} or law.response.name != "loss":
        return None
    try:
        params, _ = closed_optimum(law, budgets, cost) or numeric_optimum(law, budgets, cost)
    except LawError:
        return None
    return Interest(f"log N* at {budget:.3g} FLOP", differences(np.log(params))[0])


def expected_additions(design: Design, candidates: pd.DataFrame, interest: Interest | None) -> pd.DataFrame:
    """Return what each candidate would do, the most useful first.

    A run with slopes j and information w turns the covariance V into V - w V j j' V / (1 + w j' V j).

    Returns:
        the law's inputs; ``compute`` (6ND) where they have it; ``gain``, the expected information in nats, half the
        fall of the log determinant of the covariance (D-optimal); ``helps``, the parameter whose sd falls most, and
        ``sd_ratio``, its sd after over before; ``interest_ratio``, the same for the quantity of interest. In order of
        the last if there is one, else of gain.
    """
    columns = {name: candidates[name].to_numpy(float) for name in design.model.law.inputs()}
    slopes = slopes_of(design.model, design.anchors, design.value, columns)
    weight, covariance = float(np.median(design.weight)), design.covariance
    reached = slopes @ covariance
    factor = 1.0 + weight * np.einsum("ij,ij->i", reached, slopes)
    table = pd.DataFrame(columns)
    if {"params", "tokens"} <= set(columns):
        table["compute"] = SixND()(columns["params"], columns["tokens"])
    table["gain"] = 0.5 * np.log(factor)
    ratios = np.sqrt(1.0 - weight * reached**2 / factor[:, None] / np.diag(covariance))
    table["helps"] = [design.names[j] for j in ratios.argmin(axis=1)]
    table["sd_ratio"] = ratios.min(axis=1)
    if interest is None:
        return table.sort_values("gain", ascending=False, kind="stable", ignore_index=True)
    variance = interest.slope @ covariance @ interest.slope
    table["interest_ratio"] = np.sqrt(1.0 - weight * (reached @ interest.slope) ** 2 / factor / variance)
    return table.sort_values("interest_ratio", kind="stable", ignore_index=True)


def interest_sd(design: Design, interest: Interest) -> float:
    """Return the expected sd of a quantity of interest."""
    return float(np.sqrt(interest.slope @ design.covariance @ interest.slope))
