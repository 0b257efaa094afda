"""What a backtest found: every held-out run with its prediction, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy, name_of
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.scores import PROBS
from bayescale.validation.backtest.splits import Split
from bayescale.validation.backtest.summary import drift_table, largest_runs, summaries

POOLED = "(pooled)"


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """A law tried on runs beyond those that it was fitted to; made by :func:`bayescale.backtest`.

    Args:
        law: its name.
        splits: every split, those too that could not be fitted.
        held_out: those that were, with their fits.
        failed: label and reason of each fit that failed.
        discrepancy: what was added beyond the data, by family.
        hold_out: what was held out: ``"compute"``, ``"future"`` or ``"family"``.
        model_error: per square root of a decade below the largest compute, of every fit.
    """

    law: str
    splits: tuple[Split, ...]
    held_out: tuple[HeldOut, ...]
    failed: Mapping[str, str]
    discrepancy: Mapping[str, Discrepancy | None]
    hold_out: str
    model_error: float

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per held-out run and ratio.

        Returns:
            columns family, ratio, the inputs, extrapolation (compute over the largest that was fitted), observed,
            median, ``lower_0.5`` to ``upper_0.95``, log_score (log density of the response), crps (of the log of the
            response, about relative; of itself where the noise is), rank (share of draws below what was observed),
            discrepancy (what was added, ``"none"`` inside the data) and the status of the fit.
        """
        parts = [one.scores(self.discrepancy.get(one.split.family)) for one in self.held_out]
        return pd.concat(parts, ignore_index=True)

    def table(self, *, by: str = "ratio", largest: bool = False) -> pd.DataFrame:
        """Scores by ratio, and by family too if asked for.

        Args:
            by: ``"ratio"`` for each ratio pooled over families, each of which counts the same; ``"family"`` for every
                family and ratio, then the pooled rows.
            largest: of the runs with the largest compute of each family alone.

        Returns:
            columns family, ratio, families, runs, bias (mean of predicted over observed, less 1), error (median
            absolute relative error), error_95 (its 95th percentile), log_score, crps,
            coverage_0.5 ... coverage_0.95, width (mean of the 90 % interval over the median), flagged (share of fits
            that do not pass their checks) and discrepancy (what was added beyond the data).

        Raises:
            SettingsError: another ``by``.
        """
        if by not in ("ratio", "family"):
            raise SettingsError(f"by must be 'ratio' or 'family', got {by!r}.")
        own = summaries(largest_runs(self.runs) if largest else self.runs)
        pooled = own.groupby("ratio", dropna=False, sort=True)
        means = pooled[[name for name in own if name not in ("family", "ratio", "families", "runs")]].mean()
        means = means.assign(family=POOLED, families=pooled.size(), runs=pooled["runs"].sum()).reset_index()
        whole = means if by == "ratio" else pd.concat([own, means], ignore_index=True)
        names = {family: name_of(added) for family, added in self.discrepancy.items()} | {POOLED: self.added}
        return whole[[name for name in own if name in whole]].assign(discrepancy=whole["family"].map(names))

    @cached_property
    def drift(self) -> pd.DataFrame:
        """How the law's parameters move as larger runs enter.

        Returns:
            columns family, ratio, largest_compute (that was fitted), parameter, unit, median, lower, upper (90 %).
        """
        return drift_table(self.held_out)

    @property
    def status(self) -> pd.DataFrame:
        """One row per split: family, ratio, fitted and held_out (runs), status and reason."""
        flagged = {one.split.label: one.status for one in self.held_out}
        rows = []
        for split in self.splits:
            status = "skipped" if split.reason else flagged.get(split.label, "failed")
            reason = split.reason or self.failed.get(split.label, "")
            rows.append((split.family, split.ratio, int(split.fitted.sum()), int(split.held_out.sum()), status, reason))
        return pd.DataFrame(rows, columns=["family", "ratio", "fitted", "held_out", "status", "reason"])

    @property
    def added(self) -> str:
        """The name of the discrepancy of the families that were predicted, ``"none"``, or how many there are."""
        chosen = [self.discrepancy.get(one.split.family) for one in self.held_out]
        names = sorted({name_of(one) for one in chosen})
        return names[0] if len(names) == 1 else f"{len(names)} of them, by family"

    def with_discrepancy(self, discrepancy: Discrepancy | Mapping[str, Discrepancy | None] | None) -> Backtest:
        """Return the backtest with another discrepancy, from the same fits.

        Args:
            discrepancy: one for all families, None for none, or one per family, such as what was learnt without it.

        Raises:
            SettingsError: a mapping that lacks a family, or what is no discrepancy.
        """
        families = list(dict.fromkeys(split.family for split in self.splits))
        chosen = discrepancy if isinstance(discrepancy, Mapping) else dict.fromkeys(families, discrepancy)
        if missing := [family for family in families if family not in chosen]:
            raise SettingsError(f"The discrepancies by family lack {missing[0]!r}.")
        for one in chosen.values():
            if not (one is None or isinstance(one, Discrepancy)):
                raise SettingsError(f"with_discrepancy takes a Discrepancy, None or one per family, got {one!r}.")
        return replace(self, discrepancy=chosen)

    def __repr__(self) -> str:
        ran = self.status["status"].value_counts()
        said = ", ".join(f"{count} {status}" for status, count in ran.items())
        table = self.table() if len(self.held_out) else pd.DataFrame()
        shown = table.drop(columns=["family"], errors="ignore").round(3).to_string(index=False)
        return f"Backtest of {self.law}: {said} fits; discrepancy {self.added}\n{shown}"


def coverage_record(backtest: Backtest, prob: float = 0.9) -> list[dict[str, float]]:
    """The coverage of intervals by ratio, as a :class:`Discrepancy` keeps it in its record."""
    assert prob in PROBS
    table = backtest.table()
    return [
        {
            "ratio": float(row["ratio"]),
            "prob": prob,
            "coverage": round(float(row[f"coverage_{prob:g}"]), 3),
            "runs": int(row["runs"]),
            "families": int(row["families"]),
        }
        for _, row in table[np.isfinite(table["ratio"])].iterrows()
    ]
