"""What held-out runs come to, by family and ratio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.decisions.extrapolation import largest_compute
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.scores import PROBS

# Runs within this factor of the largest compute of a family are its largest.
LARGEST = 1.5


def largest_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The held-out runs with the largest compute of each family and ratio, and those within a factor of 1.5 of it."""
    far = runs.groupby(["family", "ratio"], dropna=False)["extrapolation"].transform("max")
    return runs[~(runs["extrapolation"] < far / LARGEST)]


def summaries(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per family and ratio; see :meth:`bayescale.validation.Backtest.table`."""
    rows = []
    for (family, ratio), part in runs.groupby(["family", "ratio"], dropna=False, sort=False):
        seen, error = part["observed"], part["median"] / part["observed"] - 1.0
        row = {
            "family": family,
            "ratio": ratio,
            "families": 1,
            "runs": len(part),
            "bias": error.mean(),
            "error": error.abs().median(),
            "error_95": error.abs().quantile(0.95),
            "log_score": part["log_score"].mean(),
            "crps": part["crps"].mean(),
        }
        row |= {
            f"coverage_{prob:g}": ((part[f"lower_{prob:g}"] <= seen) & (seen <= part[f"upper_{prob:g}"])).mean()
            for prob in PROBS
        }
        row["width"] = ((part["upper_0.9"] - part["lower_0.9"]) / part["median"]).mean()
        row["flagged"] = float((part["status"] != "ok").mean())
        rows.append(row)
    return pd.DataFrame(rows)


def drift_table(held_out: Sequence[HeldOut]) -> pd.DataFrame:
    """See :attr:`bayescale.validation.Backtest.drift`."""
    parts = []
    for one in held_out:
        names = [p.name for p in one.fit.law.parameters] + [d.name for d in one.fit.law.derived_quantities]
        table = one.fit.table(prob=0.9)
        own = table["group"] == one.split.group if one.split.group is not None else np.ones(len(table), bool)
        table = table[table["parameter"].isin(names) & own]
        largest = largest_compute(one.fit, one.split.group, SixND())
        parts.append(
            table[["parameter", "unit", "median", "lower", "upper"]].assign(
                family=one.split.family, ratio=one.split.ratio, largest_compute=largest
            )
        )
    order = ["family", "ratio", "largest_compute", "parameter", "unit", "median", "lower", "upper"]
    return pd.concat(parts, ignore_index=True)[order]
