"""What is fitted and what is held out: rolling origins in compute, the later parts of runs, and whole families."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayescale.data import Runs
from bayescale.data.checkpoints import place_of, run_codes
from bayescale.data.model_error import compute_of_rows
from bayescale.language.errors import SettingsError
from bayescale.language.labels import common_label

HOLD_OUTS = ("compute", "future", "family")


@dataclass(frozen=True, eq=False)
class Split:
    """One question of a backtest.

    Args:
        family: whose runs are predicted.
        ratio: largest compute (or tokens of a run) over the cut; NaN for a whole family.
        fitted: mask of the rows that are fitted.
        held_out: mask of the rows that are predicted.
        group: the family that the fit is asked about, None for the only one or a new one.
        reason: why it cannot be asked; empty where it can.
    """

    family: str
    ratio: float
    fitted: np.ndarray
    held_out: np.ndarray
    group: str | None = None
    reason: str = ""

    @property
    def label(self) -> str:
        """A name that no other split of a backtest has."""
        return f"{self.family} / {self.ratio:g}x"


def splits_of(runs: Runs, ratios: Sequence[float], hold_out: str, fewest: int) -> tuple[Split, ...]:
    """The splits of a table, families in their order, then ratios.

    Args:
        runs: the table.
        ratios: above 1; ignored where families are held out.
        hold_out: ``"compute"``, ``"future"`` or ``"family"``.
        fewest: rows that a fit needs.

    Raises:
        SettingsError: unusable ratios, an unknown way, or a table without families for the last.
    """
    if hold_out not in HOLD_OUTS:
        raise SettingsError(f"hold_out must be one of {', '.join(HOLD_OUTS)}, got {hold_out!r}.")
    if hold_out == "family":
        if len(runs.families) < 3:
            raise SettingsError("hold_out='family' needs a table with at least three families; read it with group=...")
        return tuple(_whole(runs, family) for family in runs.families)
    cuts = np.unique(np.asarray(ratios, float))
    if not cuts.size or not (np.isfinite(cuts) & (cuts > 1)).all():
        raise SettingsError(f"ratios must be finite numbers above 1, such as 2 4 8 16, got {list(ratios)!r}.")
    names = runs.families or (common_label(()),)
    inside = {name: rows_of(runs, name) for name in names}
    if hold_out == "compute":
        compute = compute_of_rows(runs.table)
        return tuple(_cut(name, r, compute, inside[name], fewest) for name in names for r in cuts)
    place, run = runs.table[place_of(runs)].to_numpy(float), run_codes(runs)
    far = np.array([place[run == code].max() for code in run])
    return tuple(_cut(name, r, place / far, inside[name], fewest) for name in names for r in cuts)


def rows_of(runs: Runs, family: str) -> np.ndarray:
    """Mask of the rows of a family; all rows of a table without families."""
    return (runs.table["family"] == family).to_numpy(bool) if runs.families else np.ones(len(runs), bool)


def _cut(family: str, ratio: float, place: np.ndarray, inside: np.ndarray, fewest: int) -> Split:
    # Budgets are round numbers: a run at the cut itself is on its far side whatever the rounding.
    beyond = place >= place[inside].max() / ratio * (1.0 - 1e-9)
    fitted, held_out = inside & ~beyond, inside & beyond
    reason = ""
    if fitted.sum() < fewest:
        reason = f"{fitted.sum()} run(s) lie below the cut, and at least {fewest} are fitted"
    return Split(family, float(ratio), fitted, held_out, reason=reason)


def _whole(runs: Runs, family: str) -> Split:
    inside = rows_of(runs, family)
    return Split(family, float("nan"), ~inside, inside)
