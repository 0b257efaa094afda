"""What a batch of fits is: draws and checks over fits, and each of them as a fit of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.data import Runs
from bayescale.inference.fit import Fit
from bayescale.inference.many.prior_units import prior_codes
from bayescale.inference.many.values import natural_values
from bayescale.inference.posterior import attributes
from bayescale.inference.provenance import provenance
from bayescale.inference.settings import Settings, seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import CheckError, FitError, SettingsError
from bayescale.laws import Law
from bayescale.models import Model
from bayescale.models.layout import model_anchors

ATTRIBUTES = {
    "r_hat": {"long_name": "largest R-hat over parameters"},
    "ess_bulk": {"long_name": "smallest bulk effective sample size over parameters"},
    "ess_tail": {"long_name": "smallest tail effective sample size over parameters"},
    "pareto_k": {"long_name": "Pareto shape of the importance weights of the proposal"},
    "efficiency": {"long_name": "efficiency of the importance weights of the proposal"},
    "divergences": {"long_name": "divergent draws of NUTS"},
    "steps": {"long_name": "steps of each chain, warm-up left out"},
}


@dataclass(frozen=True, eq=False, repr=False)
class Fits:
    """Posteriors of one law for many tables; made by :func:`fit_many`.

    ``fits[label]`` is one of them as a :class:`Fit`, to predict from, plan with, check and save.

    Args:
        model: law, noise and priors, the same for all.
        runs: the table of each fit, None where it could not be read.
        settings: with the draws that are kept.
        seed: of the batch.
        unconstrained: draws of each parameter on the unconstrained scale over fit, chain, draw; NaN where a fit failed.
        sample_stats: ``lp`` and ``accepted`` over fit, chain, draw.
        checks: over fit: r_hat, ess_bulk, ess_tail (the worst over parameters), pareto_k, efficiency, divergences,
            steps; rows of the table; status (``"ok"``, ``"flagged"`` or ``"failed"``), engine, and the reason of what
            is not ok.
        alone: fits that were made by themselves, by their place.
        seconds: wall-clock time of the batch.
    """

    model: Model
    runs: tuple[Runs | None, ...]
    settings: Settings
    seed: int
    unconstrained: xr.Dataset
    sample_stats: xr.Dataset
    checks: xr.Dataset
    alone: Mapping[int, Fit]
    seconds: float

    @property
    def law(self) -> type[Law]:
        """The law class."""
        return self.model.law

    @property
    def labels(self) -> tuple[str | int, ...]:
        """Labels of the tables, in the order in which they came."""
        return tuple(self.checks["fit"].to_numpy().tolist())

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[str | int]:
        return iter(self.labels)

    def __getitem__(self, label: str | int) -> Fit:
        """One fit.

        Raises:
            SettingsError: there is no such label.
            FitError: that fit failed, with the reason.
        """
        if not isinstance(label, str | int) or label not in self._place:
            few = ", ".join(repr(name) for name in self.labels[:5])
            more = f" and {len(self) - 5:,} more" if len(self) > 5 else ""
            raise SettingsError(f"There is no fit {label!r}; there are {few}{more}.")
        place = self._place[label]
        runs = self.runs[place]
        if runs is None or self.checks["status"].values[place] == "failed":
            raise FitError(f"The fit {label!r} failed: {self.checks['reason'].values[place]}")
        return self.alone[place] if place in self.alone else self._from_batch(place, runs)

    def _from_batch(self, place: int, runs: Runs) -> Fit:
        settings = replace(self.settings, engine="auto")
        seed = seed_for(self.seed, f"fit/{self.labels[place]}")
        anchors = model_anchors(self.model, runs)
        stats = self.sample_stats.isel(fit=place).drop_vars("fit")
        measured = {name: float(self.checks[name].values[place]) for name in ("pareto_k", "efficiency")}
        quality = measured | {
            "acceptance": float(stats["accepted"].mean()),
            "ess": float(self.checks["ess_bulk"].values[place]),
        }
        engine = {"name": "instant", "why": f"table {self.labels[place]!r} of {len(self):,}", "quality": quality}
        record = provenance(self.model, runs, anchors, settings, seed, seconds=self.seconds / len(self))
        draws = self.unconstrained.isel(fit=place).drop_vars("fit")
        return Fit(self.model, runs, anchors, settings, seed, draws, stats, {**record, "engine": engine})

    @cached_property
    def _place(self) -> dict[str | int, int]:
        return {label: i for i, label in enumerate(self.labels)}

    @cached_property
    def anchors(self) -> xr.Dataset:
        """The law's anchors over fit: where the priors hold; NaN without a table."""
        found = [{} if runs is None else model_anchors(self.model, runs) for runs in self.runs]
        names = [a.name for a in self.law.anchors]
        values = {name: ("fit", [one.get(name, np.nan) for one in found]) for name in names}
        return xr.Dataset(values, {"fit": self.checks["fit"]})

    @cached_property
    def posterior(self) -> xr.Dataset:
        """Draws in natural units and the law's textbook form over fit, chain, draw, derived quantities too."""
        values = natural_values(self.model, np.stack([v.to_numpy() for v in self.unconstrained.values()], axis=1))
        anchors = {str(name): value.to_numpy()[:, None, None] for name, value in self.anchors.items()}
        law = self.model.law_at(values, anchors)
        named = law.textbook().values | {d.name: getattr(law, d.name) for d in self.law.derived_quantities}
        named |= {p.name: values[p.name] for p in self.model.noise.parameters}
        dims = ("fit", "chain", "draw")
        labelled = {name: (dims, np.asarray(value), attributes(name, self.model)) for name, value in named.items()}
        return xr.Dataset(labelled, self.unconstrained.coords)

    @property
    def dataset(self) -> xr.Dataset:
        """Posterior, anchors and checks in one dataset over ``fit``, which ``.to_netcdf`` writes."""
        about = {"law": self.law.name, "noise": self.model.noise.name, "seed": self.seed}
        return xr.merge([self.posterior, self.anchors, self.checks]).assign_attrs(about)

    @property
    def status(self) -> pd.DataFrame:
        """One row per table: fit, rows, status, engine, the checks, warnings, reason.

        Warnings are codes: those of :func:`bayescale.read_runs` about the table, and ``identified`` and
        ``prior-conflict``, the checks of a fit that warn of a posterior that is its prior, or far outside it.
        """
        table = self.checks.to_dataframe().reset_index()
        about = [() if runs is None else tuple(w.code for w in runs.warnings) for runs in self.runs]
        codes = [", ".join((*table, *prior)) for table, prior in zip(about, self._prior_codes, strict=True)]
        order = ["fit", "rows", "status", "engine", *ATTRIBUTES]
        return table[order].assign(warnings=codes, reason=table["reason"])

    @cached_property
    def _prior_codes(self) -> list[tuple[str, ...]]:
        draws = np.stack([value.to_numpy() for value in self.unconstrained.data_vars.values()], axis=-1)
        return prior_codes(self.model, draws.reshape(len(self), -1, draws.shape[-1]))

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval of every parameter of every fit that did not fail.

        Args:
            prob: probability of the interval, in (0, 1).

        Returns:
            columns fit, parameter, meaning, unit, prob, median, lower, upper, status, engine.
        """
        check_prob(prob)
        place = np.flatnonzero(self.checks["status"].to_numpy() != "failed")
        own = {"fit": [self.labels[i] for i in place], "place": place}
        verdict = {name: self.checks[name].to_numpy()[place] for name in ("status", "engine")}
        parts = []
        for name, variable in self.posterior.data_vars.items():
            ends = interval(variable.to_numpy()[place], prob, axis=(1, 2))
            about = {"parameter": str(name), "meaning": variable.attrs.get("long_name", "")}
            about |= {"unit": variable.attrs.get("units", ""), "prob": prob}
            columns = dict(zip(("median", "lower", "upper"), ends, strict=True))
            parts.append(pd.DataFrame(own | about | columns | verdict))
        table = pd.concat(parts).sort_values("place", kind="stable", ignore_index=True)
        return table.drop(columns="place")

    def check(self) -> pd.DataFrame:
        """Return the status if every fit is ok.

        Raises:
            CheckError: how many are not, and the first of them with their reasons.
        """
        status = self.status
        bad = status[status["status"] != "ok"]
        if len(bad):
            first = "; ".join(f"{row.fit!r} {row.status}: {row.reason}".rstrip(".") for row in bad.head(5).itertuples())
            first += f"; and {len(bad) - 5} more." if len(bad) > 5 else "."
            raise CheckError(
                f"{len(bad)} of {len(self)} fits are not ok, see .status: mend the tables that failed; look at "
                "those that are flagged, give narrower priors, or fit them with fit(law, table, engine='nuts'). "
                f"{first}"
            )
        return status

    def __repr__(self) -> str:
        counts = {name: self.checks[name].to_series().value_counts() for name in ("status", "engine")}
        said = [", ".join(f"{n:,} {value}" for value, n in count.items() if value) for count in counts.values()]
        r_hat = self.checks["r_hat"].to_numpy()
        worst = f"largest R-hat {np.nanmax(r_hat):.4f}, " if np.isfinite(r_hat).any() else ""
        engines = f"{said[1]}; " if said[1] else ""
        draws = f"{self.settings.chains} chains x {self.settings.draws} draws, seed {self.seed}"
        return (
            f"{len(self):,} fit{'s' * (len(self) != 1)} of {self.law.name}: {said[0]}\n"
            f"  noise {self.model.noise.name}; {engines}{draws}\n  {worst}{self.seconds:.1f} s{self._not_ok}"
        )

    @property
    def _not_ok(self) -> str:
        """The first fits that are not ok, for people."""
        status = self.checks["status"].to_numpy()
        bad = [f"{label!r} {state}" for label, state in zip(self.labels, status, strict=True) if state != "ok"]
        more = f" and {len(bad) - 5:,} more" if len(bad) > 5 else ""
        return f"\n  not ok, see .status: {', '.join(bad[:5])}{more}" if bad else ""
