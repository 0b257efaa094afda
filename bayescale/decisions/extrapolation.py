"""How far beyond the data a question goes: its compute over the largest compute of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import Cost
from bayescale.data.model_error import compute_of_rows, has_compute
from bayescale.decisions.run_rows import rows_of_group
from bayescale.inference.fit import Fit

# Rounding must not make the largest run itself an extrapolation.
INSIDE = 1.0 + 1e-9
# Inputs outside those of the data by more than this factor are spoken of.
FAR = 2.0


def largest_compute(fit: Fit, group: str | None, cost: Cost) -> float:
    """The largest cost in FLOP of a run in the data, of a family or of all for a new one; NaN where it is not known.

    Args:
        fit: the fit.
        group: a family, or None.
        cost: what the question is asked with: a budget and the runs must be counted in one way.
    """
    table = rows_of_group(fit.runs, group)
    return float(np.max(compute_of_rows(table, cost))) if has_compute(table) else float("nan")


def sideways(
    fit: Fit, group: str | None, points: Mapping[str, np.ndarray], extrapolation: np.ndarray
) -> tuple[str, tuple[str, ...]]:
    """A sentence about inputs that lie far outside those of the data though the compute does not; empty without any.

    A size far below all of the data's is no extrapolation in compute, and no discrepancy is added to it.

    Args:
        fit: the fit.
        group: a family, or None.
        points: inputs by name, over point.
        extrapolation: over point.

    Returns:
        the sentence of the point that is furthest outside, and that of each point.
    """
    table, inside = rows_of_group(fit.runs, group), ~is_beyond(extrapolation)
    worst, words = np.full(inside.size, FAR), np.full(inside.size, "", object)
    for name in (name for name in points if name in table):
        column = table[name].to_numpy(float)
        column = column[column > 0]
        if not column.size:
            continue
        least, most = column.min(), column.max()
        data = f"of the data ({least:.3g} to {most:.3g}), where nothing is known of the law; no discrepancy is added "
        for i in np.flatnonzero(inside & (points[name] > 0)):
            value = points[name][i]
            times, end = max((least / value, "below the smallest"), (value / most, "above the largest"))
            if times > worst[i]:
                worst[i], words[i] = times, f"{name} {value:.3g} is {times:.3g}x {end} {data}for that."
    return str(words[worst.argmax()]), tuple(words)


def is_beyond(extrapolation: Any) -> np.ndarray:
    """Whether values of ``extrapolation`` lie beyond the data; what is unknown (NaN) does not."""
    return np.asarray(extrapolation, float) > INSIDE


def note_of(draws: xr.Dataset) -> str:
    """What there is to know of questions beyond the data, a sentence; empty where there are none."""
    return str(draws.attrs.get("note", ""))


def notes_of_points(draws: xr.Dataset) -> tuple[str, ...]:
    """The note of each question by itself; of answers without such notes that of the whole."""
    return tuple(draws.attrs.get("notes", (note_of(draws),) * draws["extrapolation"].size))


def noted(table: pd.DataFrame, note: str) -> pd.DataFrame:
    """Put the notes of a table where they do not widen it.

    Args:
        table: with a column ``note``, what there is to know of each row.
        note: what there is to know of all of them.

    Returns:
        the table without that column: it is ``attrs["notes"]``, beside ``attrs["note"]``.
    """
    bare = table.drop(columns="note")
    bare.attrs |= {"note": note, "notes": tuple(table["note"])}
    return bare


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
