"""The fits of a backtest: all families by themselves in one batch, or pooled ones, ratio by ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bayescale.data import Runs
from bayescale.inference.fit import Fit, fit
from bayescale.inference.many import fit_many
from bayescale.inference.settings import seed_for
from bayescale.language.errors import BayescaleError
from bayescale.laws import Law
from bayescale.validation.backtest.splits import Split

Fitted = dict[str, tuple[Fit | None, str, str]]


def fit_splits(
    law: type[Law],
    runs: Runs,
    splits: Sequence[Split],
    *,
    hold_out: str,
    pooling: Any,
    model_error: float,
    seed: int,
    options: Mapping[str, Any],
) -> Fitted:
    """Fit, status and reason by the label of the split, each family by itself or all together as ``pooling`` says."""
    given = {**options, "model_error": model_error or None}
    if pooling == "none" and hold_out != "family":
        return _fit_alone(law, runs, splits, seed=seed, options=given)
    kind = "partial" if pooling == "none" else pooling
    return _fit_pooled(law, runs, splits, seed=seed, options={"pooling": kind, **given})


def _fit_alone(law: type[Law], runs: Runs, splits: Sequence[Split], *, seed: int, options: Mapping[str, Any]) -> Fitted:
    """Fit, status and reason by the label of the split, each family by itself."""
    asked = [split for split in splits if not split.reason]
    if not asked:
        return {}
    # One family each: its name is the label, and a fit of one table without families answers for it.
    tables = {split.label: _alone(runs.subset(split.fitted)) for split in asked}
    fits = fit_many(law, tables, seed=seed, **options)
    found: Fitted = {}
    for label, status, reason in fits.status[["fit", "status", "reason"]].itertuples(index=False):
        found[label] = (None if status == "failed" else fits[label], status, reason)
    return found


def _fit_pooled(
    law: type[Law], runs: Runs, splits: Sequence[Split], *, seed: int, options: Mapping[str, Any]
) -> Fitted:
    """Fit, status and reason by the label of the split: one fit of all families per ratio, or one per left-out family.

    A family without enough runs below a cut has no part in the fit at that ratio.
    """
    asked = [split for split in splits if not split.reason]
    found: Fitted = {}
    for ratio in dict.fromkeys(split.ratio for split in asked if np.isfinite(split.ratio)):
        together = [split for split in asked if split.ratio == ratio]
        below = np.any([split.fitted for split in together], axis=0)
        found |= dict.fromkeys(
            (split.label for split in together), _one(law, runs, below, f"{ratio:g}x", seed, options)
        )
    for split in asked:
        if not np.isfinite(split.ratio):
            found[split.label] = _one(law, runs, split.fitted, split.family, seed, options)
    return found


def _one(
    law: type[Law], runs: Runs, mask: np.ndarray, name: str, seed: int, options: Mapping[str, Any]
) -> tuple[Fit | None, str, str]:
    try:
        made = fit(law, runs.subset(mask), seed=seed_for(seed, f"backtest/{name}"), **options)
    except BayescaleError as error:
        return None, "failed", str(error)
    failed = made.checks.failed
    return made, "flagged" if failed else "ok", "; ".join(check.name for check in failed)


def _alone(runs: Runs) -> Runs:
    """The runs of one family as a table without families."""
    return replace(runs, table=runs.table.drop(columns="family", errors="ignore"), group=None)
