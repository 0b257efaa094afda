"""What review finds: typed checks with advice, and the tables that they rest on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayescale.inference.checks import Check, Checks


@dataclass(frozen=True, eq=False, repr=False)
class Review:
    """What speaks against a fitted model; made by :func:`review`.

    Args:
        of: what was reviewed, in words.
        checks: each with status and advice. Those of p-values warn below 0.01 and fail below 0.001.
        residuals: per variable and family, the trend of the residuals and its p-value.
        drift: per family, largest compute and parameter, its median and interval, and how far it lies from that of all
            runs.
        valleys: per family, log curvatures of free and of tied valleys.
        scores: leave-one-out scores per budget and family, with how many runs have a Pareto k above 0.7.
        sensitivity: per parameter, to the powers of prior and likelihood.
        noise: per family, scatter about the law and what seeds do.
        left_out: what was not looked at, and why.
    """

    of: str
    checks: Checks
    residuals: pd.DataFrame
    drift: pd.DataFrame
    valleys: pd.DataFrame
    scores: pd.DataFrame
    sensitivity: pd.DataFrame
    noise: pd.DataFrame
    left_out: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return one row per check: name, status, value, threshold, advice."""
        return self.checks.table()

    def check(self) -> tuple[Check, ...]:
        """Return the checks if none fails.

        Raises:
            CheckError: with what failed and what to do about it.
        """
        return self.checks.require()

    def __repr__(self) -> str:
        lines = [f"Review of {self.of}", f"  {self.checks.verdict}"]
        lines += [f"  {check.name}: {check.advice}" for check in (*self.checks.failed, *self.checks.warned)]
        lines += [f"  not looked at: {words}" for words in self.left_out]
        return "\n".join(lines)
