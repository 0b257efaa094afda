"""What a calibration by simulation found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.checks import Check
from bayescale.inference.summary import check_prob
from bayescale.language.errors import CheckError
from bayescale.models import Model
from bayescale.validation.uniformity import DRAWS, Uniformity, uniformity

PROBS = (0.5, 0.8, 0.9)


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """Ranks of truths among the draws of their posteriors; made by :func:`bayescale.calibrate`.

    Args:
        model: law, noise, priors; the same of truths and fits.
        rows: number of rows of each table.
        ranks: 0 to 99 over ``fit`` and ``quantity``; NaN where a fit failed.
        errors: posterior median minus truth over ``fit`` and ``parameter``, both on the unconstrained scale of the
            law's own parametrisation, in prior standard deviations.
        status: a row per fit: fit, status (``"ok"``, ``"flagged"`` or ``"failed"``), engine, reason.
        seed: of all.
        seconds: wall-clock time.
        false_alarm: how often a calibrated engine does not pass, all quantities together.
    """

    model: Model
    rows: np.ndarray
    ranks: xr.DataArray
    errors: xr.DataArray
    status: pd.DataFrame
    seed: int
    seconds: float
    false_alarm: float

    def __len__(self) -> int:
        return len(self.status)

    @property
    def quantities(self) -> tuple[str, ...]:
        """What is ranked, in order."""
        return tuple(self.ranks["quantity"].to_numpy().tolist())

    def counted(self, status: str) -> int:
        """Number of fits that are ``"ok"``, ``"flagged"`` or ``"failed"``."""
        return int((self.status["status"] == status).sum())

    @cached_property
    def _fitted(self) -> xr.DataArray:
        return self.ranks.dropna("fit").astype(int)

    def coverage(self, prob: float = 0.9) -> pd.Series:
        """Share of the truths in the equal-tailed interval of their posterior, by quantity.

        Args:
            prob: in (0, 1); to whole hundredths, which is what ranks among 99 draws can say. An odd number of
                hundredths outside is split to the upper end.
        """
        outside = round(100 * (1.0 - check_prob(prob)))
        low, high = outside // 2, DRAWS - (outside - outside // 2)
        inside = (self._fitted >= low) & (self._fitted <= high)
        return inside.mean("fit").to_series().rename(f"coverage_{round(100 * prob)}")

    @cached_property
    def _compared(self) -> dict[str, Uniformity]:
        level = self.false_alarm / len(self.quantities)
        return {name: uniformity(self._fitted.sel(quantity=name).to_numpy(), level) for name in self.quantities}

    def table(self) -> pd.DataFrame:
        """One row per quantity: how its ranks compare with uniform ones, and how its intervals cover.

        Returns:
            columns quantity, fits, mean_rank (in [0, 1]; 0.5 without bias), at, count, low, high (the least likely
            count of ranks, those below ``at`` hundredths, and the band there), excess (ranks outside of the band),
            p_value (of this quantity alone), coverage_50, coverage_80, coverage_90, rmse (of the posterior median of a
            parameter, in prior standard deviations; NaN for what is no parameter), verdict.
        """
        found = pd.DataFrame(self._compared.values(), index=pd.Index(self.quantities, name="quantity"))
        rmse = ((self.errors**2).mean("fit") ** 0.5).to_series()
        columns = {"fits": self._fitted.sizes["fit"], "mean_rank": self._fitted.mean("fit").to_series() / DRAWS}
        columns |= found.drop(columns="total").to_dict("series")
        columns |= {f"coverage_{round(100 * prob)}": self.coverage(prob) for prob in PROBS}
        columns |= {"rmse": rmse.reindex(found.index)}
        columns |= {"verdict": np.where(found["excess"] > 0, "not uniform", "uniform")}
        return pd.DataFrame(columns, index=found.index).reset_index()

    @property
    def violations(self) -> dict[str, str]:
        """Quantities whose ranks are not uniform, each in a sentence."""
        return {name: one.sentence for name, one in self._compared.items() if one.excess}

    @property
    def worst(self) -> str:
        """The quantity whose ranks are the least uniform."""
        return min(self._compared, key=lambda name: self._compared[name].p_value)

    @property
    def p_value(self) -> float:
        """How often uniform ranks of as many quantities stray as far as these, at most (Bonferroni)."""
        return min(1.0, min(one.p_value for one in self._compared.values()) * len(self.quantities))

    @property
    def passes(self) -> bool:
        """Whether the ranks of every quantity stay in the band and no fit failed."""
        return not self.violations and not self.counted("failed")

    @property
    def verdict(self) -> str:
        """One line: calibrated or not, and how the fits were."""
        if self.violations:
            said = "; ".join(f"{name}: {words}" for name, words in self.violations.items())
            said = f"not calibrated ({said})"
        else:
            said = f"calibrated (least uniform: {self.worst}, p = {self.p_value:.2g} of {len(self.quantities)})"
        return (
            f"{said}; {', '.join(f'{self.counted(s):,} {s}' for s in ('ok', 'flagged', 'failed') if self.counted(s))}"
        )

    def check(self) -> Calibration:
        """Return this calibration if it passes.

        Raises:
            CheckError: what is not uniform, or how many fits failed.
        """
        if self.passes:
            return self
        reasons = self.status.loc[self.status["status"] == "failed", "reason"]
        why = f" The first that failed: {reasons.iloc[0]}" if len(reasons) else ""
        advice = "Look at .table() and .status: flagged fits first, then the law's coordinates and priors."
        failed = Check("calibration", "fail", self.p_value, self.false_alarm, advice)
        raise CheckError(f"{self.model.law.name} is {self.verdict}.{why} {advice}", (failed,))

    def __repr__(self) -> str:
        sizes = (
            f"{self.rows.min()}" if self.rows.min() == self.rows.max() else f"{self.rows.min()} to {self.rows.max()}"
        )
        residuals = f", residuals {self.model.residuals.name}" if self.model.residuals else ""
        return (
            f"Calibration of {self.model.law.name}: {len(self):,} tables of {sizes} rows\n"
            f"  noise {self.model.noise.name}{residuals}; seed {self.seed}; {self.seconds:.0f} s\n  {self.verdict}"
        )
