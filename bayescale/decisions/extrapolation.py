"""How far beyond the data a question goes: its compute over the largest compute of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from bayescale.costs import Cost
from bayescale.data.model_error import compute_of_rows, has_compute
from bayescale.inference.fit import Fit

# Rounding must not make the largest run itself an extrapolation.
INSIDE = 1.0 + 1e-9


def largest_compute(fit: Fit, group: str | None, cost: Cost) -> float:
    """The largest cost in FLOP of a run in the data, of a family or of all for a new one; NaN where it is not known.

    Args:
        fit: the fit.
        group: a family, or None.
        cost: what the question is asked with: a budget and the runs must be counted in one way.
    """
    table = fit.runs.table
    if group is not None and "family" in table:
        table = table[table["family"] == group]
    return float(np.max(compute_of_rows(table, cost))) if has_compute(table) else float("nan")


def is_beyond(extrapolation: Any) -> np.ndarray:
    """Whether values of ``extrapolation`` lie beyond the data; what is unknown (NaN) does not."""
    return np.asarray(extrapolation, float) > INSIDE


def note_of(draws: xr.Dataset) -> str:
    """What there is to know of questions beyond the data, a sentence; empty where there are none."""
    return str(draws.attrs.get("note", ""))


def added_to(draws: xr.Dataset) -> np.ndarray:
    """The name of the discrepancy that each answer has, ``"none"`` inside the data and where there is none."""
    return np.where(is_beyond(draws["extrapolation"]), str(draws.attrs.get("discrepancy", "none")), "none")


def with_note(text: str, note: str) -> str:
    """A printed table with its note on a line of its own, if there is one."""
    return f"{text}\n{note}" if note else text


def decades_beyond(extrapolation: Any) -> np.ndarray:
    """Decades of compute beyond the data, 0 inside them and where it is not known."""
    values = np.asarray(extrapolation, float)
    return np.where(is_beyond(values), np.log10(np.where(is_beyond(values), values, 1.0)), 0.0)
