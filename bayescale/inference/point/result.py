"""What a point fit is: estimates, bootstrap draws, and how the search went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.data import Runs
from bayescale.inference.point.settings import PointSettings
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.laws import Law


@dataclass(frozen=True, eq=False, repr=False)
class PointFit:
    """Point estimates of a law's parameters with a bootstrap; made by :func:`point_fit`.

    Args:
        laws: the law at its optimum in textbook form, by family; one entry ``"(all)"`` for a table without families.
        draws: parameters in textbook form and derived quantities over resample (and family), in natural units, with the
            coordinate ``converged``.
        search: one row per family: group, rows, objective (mean loss per row), starts, converged, at_best, resamples,
            resamples_converged.
        runs: the table.
        settings: what was minimised, and how often.
        seed: starts and resamples derive from it.
    """

    laws: Mapping[str, Law]
    draws: xr.Dataset
    search: pd.DataFrame
    runs: Runs
    settings: PointSettings
    seed: int

    @property
    def groups(self) -> tuple[str, ...]:
        """The families, each fitted by itself; empty for a table without families."""
        return self.runs.families

    @property
    def law(self) -> Law:
        """The law at its optimum, in textbook form; :func:`bayescale.allocate` takes it.

        Raises:
            SettingsError: there are several families, each with a law of its own.
        """
        if len(self.laws) > 1:
            raise SettingsError(
                f"Every family has a law of its own; take one of them, such as .laws[{next(iter(self.laws))!r}]."
            )
        return next(iter(self.laws.values()))

    def resampled(self, group: str | None = None) -> Law:
        """Return the law at all resamples: an instance whose parameters are arrays over resample.

        Args:
            group: a family; may be left out where there is only one.

        Raises:
            SettingsError: an unknown family, or none where there are several.
        """
        law = self.law if group is None else self.laws.get(group)
        if law is None:
            raise SettingsError(f"There is no family {group!r}; there are {', '.join(self.laws)}.")
        draws = self.draws if "family" not in self.draws.dims else self.draws.sel(family=group or self.groups[0])
        return law.replace(**{p.name: draws[p.name].to_numpy() for p in law.parameters})

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Estimates with bootstrap standard errors and percentile intervals.

        A resample that did not converge has no estimate. It counts as below the lower end and as above the upper end,
        so that such resamples make an interval wider, and infinite when they are more than ``(1 - prob) / 2`` of all.

        Args:
            prob: probability of the interval, in (0, 1).

        Returns:
            columns group, parameter, meaning, unit, estimate, standard_error (of the converged resamples), lower,
            upper, prob.
        """
        tails = [(1.0 - check_prob(prob)) / 2.0, (1.0 + prob) / 2.0]
        rows = []
        for group, law in self.laws.items():
            draws = self.draws.sel(family=group) if "family" in self.draws.dims else self.draws
            converged = draws["converged"].to_numpy()
            estimates = law.values | {d.name: getattr(law, d.name) for d in law.derived_quantities}
            for name, estimate in estimates.items():
                values = draws[name].to_numpy()
                lower = np.quantile(np.where(converged, values, -np.inf), tails[0], method="lower")
                upper = np.quantile(np.where(converged, values, np.inf), tails[1], method="higher")
                rows.append(
                    {
                        "group": group,
                        "parameter": name,
                        "meaning": draws[name].attrs["long_name"],
                        "unit": draws[name].attrs["units"],
                        "estimate": float(estimate),
                        "standard_error": _sd(values[converged]),
                        "lower": float(lower),
                        "upper": float(upper),
                        "prob": float(prob),
                    }
                )
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        families = f", {len(self.groups)} families, each by itself" if self.groups else ""
        tip = "" if self.settings.loss == "squares" else f" with delta {self.settings.delta:g}"
        lines = [
            f"Point fit of {next(iter(self.laws.values())).name} to {len(self.runs):,} runs{families}",
            f"  {self.settings.loss} loss of log loss{tip}, bootstrap of {self.settings.resample}s, seed {self.seed}",
        ]
        for row in self.search.itertuples():
            name = f"{row.group}: " if self.groups else ""
            lines.append(
                f"  {name}{row.at_best:,} of {row.starts:,} starts reached the best optimum, {row.converged:,} "
                f"converged; {row.resamples_converged:,} of {row.resamples:,} resamples converged"
            )
        return "\n".join(lines)


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else float("nan")
