"""What one more run would tell: candidates, and how far each is expected to shrink what is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.decisions.optimum import closed_optimum, numeric_optimum
from bayescale.language.errors import LawError
from bayescale.validation.identify.design import Design, differences, slopes_of


@dataclass(frozen=True, eq=False)
class Interest:
    """A quantity that matters, and how it hangs on the law's parameters.

    Args:
        words: what it is.
        slope: in the unconstrained parameters.
    """

    words: str
    slope: np.ndarray


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
