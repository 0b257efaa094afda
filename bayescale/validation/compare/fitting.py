"""The fits of a comparison: of every choice to all runs, and to those below the cuts of a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayescale.data import Runs
from bayescale.inference.fit import Fit
from bayescale.language.errors import FitError
from bayescale.models.discrepancy import Discrepancy
from bayescale.validation.backtest.backtest import try_splits
from bayescale.validation.backtest.fitting import fit_splits
from bayescale.validation.backtest.result import Backtest
from bayescale.validation.backtest.splits import Split, rows_of
from bayescale.validation.compare.choices import Choice


@dataclass(frozen=True, eq=False)
class Tried:
    """A choice with its fits.

    Args:
        choice: what was fitted.
        fits: to all runs that it keeps, by family; one fit of all families stands for each of them.
        rows: mask of the rows of each of these fits, by family.
        backtest: of the same choice.
    """

    choice: Choice
    fits: Mapping[str, Fit]
    rows: Mapping[str, np.ndarray]
    backtest: Backtest

    def group(self, family: str) -> str | None:
        """What the fit of a family calls it: None where it has only this one."""
        return family if self.fits[family].groups else None

    @property
    def flagged(self) -> int:
        """How many fits, those of the backtest too, do not pass their checks."""
        whole = {id(fit): bool(fit.checks.failed) for fit in self.fits.values()}
        return sum(whole.values()) + sum(one.status != "ok" for one in self.backtest.held_out)


def try_choice(
    choice: Choice,
    runs: Runs,
    splits: tuple[Split, ...],
    shared: np.ndarray,
    *,
    hold_out: str,
    pooling: Any,
    discrepancy: str | Discrepancy | None,
    fewest: int,
    seed: int,
    options: Mapping[str, Any],
) -> Tried:
    """Fit a choice to all runs and to those below every cut.

    Args:
        choice: what to fit.
        runs: the whole table.
        splits: of the whole table.
        shared: mask of the rows that every choice keeps, which alone are held out: all are scored on the same runs.
        hold_out: as of a backtest.
        pooling: as of a backtest.
        discrepancy: as of a backtest.
        fewest: rows that a fit needs.
        seed: of everything random.
        options: of the fits.

    Raises:
        FitError: the fit to all runs failed.
        SettingsError: all fits below the cuts failed.
    """
    kept, common = choice.kept(runs), {"hold_out": hold_out, "pooling": pooling, "model_error": choice.model_error}
    given = {**options, "noise": choice.noise_class}
    own = tuple(_narrowed(split, kept, shared, fewest) for split in splits)
    families = list(dict.fromkeys(split.family for split in splits))
    masks = {name: kept & rows_of(runs, name) for name in families}
    none = np.zeros(len(runs), bool)
    whole = tuple(Split(name, 1.0, masks[name], none) for name in families)
    found = fit_splits(choice.law, runs, whole, **common, seed=seed, options=given)
    fits = {}
    for split in whole:
        made, _, reason = found[split.label]
        if made is None:
            raise FitError(f"The fit of {choice.label!r} to all runs of {split.family} failed: {reason}")
        fits[split.family] = made
    if any(made.groups for made in fits.values()):
        masks = dict.fromkeys(families, np.any(list(masks.values()), axis=0))
    tried = try_splits(choice.law, runs, own, **common, discrepancy=discrepancy, seed=seed, options=given)
    return Tried(choice, fits, masks, tried)


def _narrowed(split: Split, kept: np.ndarray, shared: np.ndarray, fewest: int) -> Split:
    """The split without the runs that are dropped."""
    fitted, held_out, reason = split.fitted & kept, split.held_out & shared, split.reason
    if not reason and fitted.sum() < fewest:
        reason = f"{fitted.sum()} run(s) are left below the cut, and at least {fewest} are fitted"
    if not reason and not held_out.any():
        reason = "no run beyond the cut is kept by every choice"
    return replace(split, fitted=fitted, held_out=held_out, reason=reason)
