"""What a worker does: fit the tables of a chunk and hand back its part of the results."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.data import Runs
from bayescale.inference.many import Fits, fit_many
from bayescale.inference.many.result import ATTRIBUTES
from bayescale.inference.settings import Settings
from bayescale.language.errors import BayescaleError
from bayescale.study.chunks import Chunk
from bayescale.study.tasks import Tasks

# Columns of the results after those that tell fits apart.
STATUS = ("rows", "status", "engine", *ATTRIBUTES, "warnings", "reason")
ESTIMATE = ("parameter", "meaning", "unit", "prob", "median", "lower", "upper")


@dataclass(frozen=True, eq=False)
class Order:
    """A chunk with everything that its fits need, to be sent to a worker.

    Args:
        chunk: which fits.
        runs: of each, by its label.
        law: name or ``"file.py:Class"``.
        settings: of the sampler.
        model_error, precision: as for :func:`bayescale.fit_many`.
        prob: of intervals.
        draws: whether draws are kept.
    """

    chunk: Chunk
    runs: Mapping[str, Runs | BayescaleError]
    law: str
    settings: Settings
    model_error: float | None
    precision: str
    prob: float
    draws: bool


@dataclass(frozen=True, eq=False)
class Part:
    """Results of a chunk.

    Args:
        chunk: whose.
        summary: one row per fit.
        estimates: one row per fit and parameter.
        draws: posterior, anchors and checks over fit; None where they are not kept or there is none.
        seconds: that the fits took.
    """

    chunk: Chunk
    summary: pd.DataFrame
    estimates: pd.DataFrame
    draws: xr.Dataset | None
    seconds: float


def order_for(tasks: Tasks, chunk: Chunk) -> Order:
    """What a worker needs for a chunk."""
    study = tasks.study
    runs = {task.label: tasks.runs[task.hash] for task in chunk.tasks}
    return Order(
        chunk=chunk,
        runs=runs,
        law=tasks.laws[chunk.tasks[0].law],
        settings=study.settings,
        model_error=study.model_error,
        precision=study.precision,
        prob=study.outputs.prob,
        draws=study.outputs.draws,
    )


def fit_chunk(order: Order) -> Part:
    """Fit the tables of a chunk together."""
    began, task = time.perf_counter(), order.chunk.tasks[0]
    fits = fit_many(
        order.law, order.runs, noise=task.noise, model_error=order.model_error, seed=task.seed,
        precision=order.precision, settings=order.settings, progress=False,
    )  # fmt: skip
    return Part(
        order.chunk,
        _summary(order.chunk, fits.status),
        _estimates(order.chunk, fits, order.prob),
        _draws(order.chunk, fits) if order.draws else None,
        time.perf_counter() - began,
    )


def without_fits(chunk: Chunk, status: str, reason: str) -> Part:
    """The part of a chunk that no worker could do."""
    rows = [{"rows": 0, "status": status, "engine": "", "warnings": "", "reason": reason}] * len(chunk.tasks)
    return Part(chunk, _summary(chunk, pd.DataFrame(rows)), _estimates(chunk, None, 0.0), None, 0.0)


def _summary(chunk: Chunk, status: pd.DataFrame) -> pd.DataFrame:
    measured = status.reindex(columns=list(STATUS)).astype(dict.fromkeys(ATTRIBUTES, float) | {"rows": np.int64})
    return pd.concat([_keys(chunk, range(len(chunk.tasks))), measured], axis=1)


def _estimates(chunk: Chunk, fits: Fits | None, prob: float) -> pd.DataFrame:
    numbers = dict.fromkeys(ESTIMATE[3:], float)
    if fits is None or (fits.checks["status"] == "failed").all():
        return pd.concat([_keys(chunk, []), pd.DataFrame(columns=list(ESTIMATE)).astype(numbers)], axis=1)
    table = fits.table(prob=prob)
    place = {task.label: i for i, task in enumerate(chunk.tasks)}
    return pd.concat([_keys(chunk, [place[label] for label in table["fit"]]), table[list(ESTIMATE)]], axis=1)


def _keys(chunk: Chunk, places: Sequence[int]) -> pd.DataFrame:
    """What tells fits apart, one row for each place in the chunk."""
    records: list[dict[str, Any]] = [{"task": task.hash, **task.keys()} for task in chunk.tasks]
    return pd.DataFrame(records).iloc[list(places)].reset_index(drop=True)


def _draws(chunk: Chunk, fits: Fits) -> xr.Dataset:
    return fits.dataset.assign_coords(task=("fit", [task.hash for task in chunk.tasks]))
