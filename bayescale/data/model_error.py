"""The error of a law at runs far below the largest compute, which makes them count less."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayescale.costs import Cost, SixND
from bayescale.data.schema import MODEL_ERROR
from bayescale.language.errors import DataError, SettingsError

if TYPE_CHECKING:
    from bayescale.data.runs import Runs


def has_compute(table: pd.DataFrame) -> bool:
    """Whether the compute of runs is known."""
    return {"params", "tokens"} <= set(table) or "compute" in table


def compute_of_rows(table: pd.DataFrame, cost: Cost | None = None) -> np.ndarray:
    """Compute in FLOP over rows: the cost of size and tokens where they are known, else the column.

    Args:
        table: of runs.
        cost: how compute is counted; 6ND by default.

    Raises:
        DataError: a table without compute.
    """
    if not has_compute(table):
        raise DataError("Distances in compute need params and tokens, or compute, which the table lacks.")
    if not {"params", "tokens"} <= set(table):
        return table["compute"].to_numpy(float)
    return (cost or SixND())(table["params"].to_numpy(float), table["tokens"].to_numpy(float))


def decades_below(table: pd.DataFrame) -> np.ndarray:
    """Decades of compute below the largest of the family, over rows.

    Raises:
        DataError: a table without compute.
    """
    compute = pd.Series(compute_of_rows(table))
    families = table["family"].to_numpy() if "family" in table else np.zeros(len(table))
    return np.log10(compute.groupby(families).transform("max").to_numpy() / compute.to_numpy())


def check_model_error(per_decade: Any) -> float:
    """Return an error of a law if it can be one.

    Raises:
        SettingsError: it cannot.
    """
    number = float(per_decade) if isinstance(per_decade, Real) and not isinstance(per_decade, bool) else np.nan
    if not 0 <= number < np.inf:
        raise SettingsError(f"model_error must be at least 0, such as 0.04 for four per cent, got {per_decade!r}.")
    return number


def with_model_error(runs: Runs, per_decade: float) -> Runs:
    """See :meth:`bayescale.Runs.with_model_error`."""
    per_decade = check_model_error(per_decade)
    table = runs.table.drop(columns=MODEL_ERROR, errors="ignore")
    if per_decade > 0:
        error = per_decade * np.sqrt(decades_below(table))
        table = table.assign(**{MODEL_ERROR: error})[[name for name in runs.columns if name in {*table, MODEL_ERROR}]]
    return replace(runs, table=table)


def model_error_of(runs: Runs) -> float:
    """The sd one decade below the largest compute that the runs were given; 0 for none, or where compute is unknown."""
    if MODEL_ERROR not in runs.table or not has_compute(runs.table):
        return 0.0
    below, error = decades_below(runs.table), runs.table[MODEL_ERROR].to_numpy(float)
    far = int(np.argmax(below))
    return float(error[far] / np.sqrt(below[far])) if below[far] > 0 else 0.0
