"""One split of a backtest: its fit asked about the runs that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.decisions.asked import Asked
from bayescale.decisions.beyond import noise_scale, shift_of
from bayescale.decisions.extrapolation import decades_beyond, largest_compute
from bayescale.decisions.inputs import compute_of
from bayescale.inference.fit import Fit
from bayescale.models.discrepancy import Discrepancy, name_of
from bayescale.validation.backtest.scores import PROBS, crps, log_score, logs, rank
from bayescale.validation.backtest.splits import Split
from bayescale.validation.thinned import thinned

# Decades of compute whose runs make one residual, when discrepancies are learnt.
BIN = 0.3
# Draws that predictions are scored with: quantiles of 5 % have an error of a sixtieth of the sd.
DRAWS = 2000


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A split with its fit.

    Args:
        split: what was fitted and what was held out.
        fit: of the runs below the cut.
        status: ``"ok"``, or ``"flagged"`` for a fit that does not pass its checks.
        table: the held-out rows, canonical columns.
        seed: of the predictions.
    """

    split: Split
    fit: Fit
    status: str
    table: pd.DataFrame
    seed: int

    @property
    def response(self) -> str:
        """The name of what is predicted."""
        return self.fit.law.response.name

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """The inputs of the held-out runs."""
        noise = self.fit.model.noise.columns.values()
        names = [*self.fit.law.inputs(), *(quantity.name for quantity in noise)]
        known = [*names, *(name for name in ("params", "tokens", "compute") if name in self.table)]
        return {name: self.table[name].to_numpy(float) for name in dict.fromkeys(known)}

    @cached_property
    def extrapolation(self) -> np.ndarray:
        """Compute over the largest compute that was fitted, over run; NaN where it is not known."""
        return compute_of(self.points, SixND()) / largest_compute(self.fit, self.split.group, SixND())

    @property
    def beyond(self) -> bool:
        """Whether any held-out run lies beyond the compute that was fitted."""
        return bool(decades_beyond(self.extrapolation).any())

    def scores(self, discrepancy: Discrepancy | None) -> pd.DataFrame:
        """One row per held-out run; see :attr:`bayescale.validation.Backtest.runs`."""
        fit, group = thinned(self.fit, DRAWS), self.split.group
        shift = shift_of(fit, group, self.seed, self.extrapolation, discrepancy)
        seen = self.table[self.response].to_numpy(float)
        draws, densities = Asked(fit, self.points, group, self.seed, shift=shift).scored(seen)
        ends = {
            f"{side}_{prob:g}": 0.5 + sign * prob / 2 for prob in PROBS for side, sign in (("lower", -1), ("upper", 1))
        }
        quantiles = np.quantile(draws, [0.5, *ends.values()], axis=0)
        columns = {
            "family": self.split.family,
            "ratio": self.split.ratio,
            **{name: self.points[name] for name in self.points},
            "extrapolation": self.extrapolation,
            "observed": seen,
            "median": quantiles[0],
            **dict(zip(ends, quantiles[1:], strict=True)),
            "log_score": log_score(densities),
            "crps": crps(draws, seen) if self.fit.model.noise.of_value else crps(logs(draws), np.log(seen)),
            "rank": rank(draws, seen),
            "discrepancy": np.where(decades_beyond(self.extrapolation) > 0, name_of(discrepancy), "none"),
            "status": self.status,
        }
        return pd.DataFrame(columns)

    @cached_property
    def residuals(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and covariance of what the law misses in bins of compute, and their distance in decades.

        Residuals are of log response, their mean over the runs of a bin is a median, since single runs stray; the
        covariance is that of the posterior's curves plus the noise of each median.
        """
        curves = np.log(Asked(self.fit, self.points, self.split.group, self.seed).curves())
        missed = np.log(self.table[self.response].to_numpy(float)) - curves
        distance = decades_beyond(self.extrapolation)
        bins = np.round(distance / BIN)
        places = np.unique(bins)
        medians = np.stack([np.median(missed[:, bins == place], axis=1) for place in places], axis=1)
        counts = np.array([(bins == place).sum() for place in places])
        # The sd of a median of normal numbers is 1.25 times that of their mean.
        noise = 1.25 * float(np.median(noise_scale(self.fit, self.split.group))) / np.sqrt(counts)
        spread = np.atleast_2d(np.cov(medians.T)) + np.diag(noise**2)
        return medians.mean(axis=0), spread, np.array([distance[bins == place].mean() for place in places])
