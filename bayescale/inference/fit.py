"""Fitting a law to runs, and what a fit is."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from bayescale.data import Runs
from bayescale.data.counted import counted
from bayescale.inference.checkpoint import Checkpoint, kept_in
from bayescale.inference.compressed.choice import likelihood_words
from bayescale.inference.devices import find_places
from bayescale.inference.engine_errors import engine_errors
from bayescale.inference.posterior import natural_dataset, sites_dataset
from bayescale.inference.preparation import prepare_fit
from bayescale.inference.provenance import provenance
from bayescale.inference.sample import Sample
from bayescale.inference.sampling import sample
from bayescale.inference.settings import Settings, check_seed, merge_settings
from bayescale.language.priors import Prior
from bayescale.laws import Law, find_law
from bayescale.models import Model, Noise, Pooling, Residuals, RunEffects, find_residuals, lay_out
from bayescale.models.layout import Layout
from bayescale.models.suspicions import checkpoint_suspicions, prior_suspicions, residual_suspicions

if TYPE_CHECKING:
    from bayescale.inference.checks import Check, Checks


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A posterior with everything needed to use, check and repeat it; made by :func:`fit` or :func:`load`.

    Args:
        model: law, noise, pooling, effects and priors.
        runs: the table.
        anchors: reference values of the law's inputs, by the name of the law's anchor.
        settings: of the sampler.
        seed: the one seed that every random step derives from.
        unconstrained: draws of the sampled sites on the unconstrained scale; predictions start from these.
        sample_stats: sampler statistics over chain and draw.
        record: provenance as JSON-ready values.
        saved_checks: of a loaded fit, the checks that were saved with it.
    """

    model: Model
    runs: Runs
    anchors: Mapping[str, float]
    settings: Settings
    seed: int
    unconstrained: xr.Dataset
    sample_stats: xr.Dataset
    record: Mapping[str, Any] = field(default_factory=dict)
    saved_checks: Checks | None = None

    @property
    def law(self) -> type[Law]:
        """The law class."""
        return self.model.law

    @property
    def engine(self) -> str:
        """The engine that made the draws, and why it did: ``"instant (7 parameters, its checks pass)"``."""
        engine = self.record["engine"]
        return f"{engine['name']} ({engine['why']})"

    @property
    def likelihood(self) -> str:
        """Whether the likelihood was that of all rows, and why; or compressed, and how far it was off."""
        return likelihood_words(self.record.get("likelihood", {}))

    @property
    def groups(self) -> tuple[str, ...]:
        """The families with values of their own; empty for a table without families."""
        return self.runs.families

    @cached_property
    def layout(self) -> Layout:
        """The padded arrays of the data."""
        model = self.model
        return lay_out(self.law, self.runs, model.effects, dict(self.anchors), model.noise, model.residuals)

    @cached_property
    def posterior(self) -> xr.Dataset:
        """Posterior draws in natural units over chain, draw (and family); see :func:`natural_dataset`."""
        return natural_dataset(self.model, self.unconstrained, self.anchors)

    @cached_property
    def data(self) -> xr.DataTree:
        """Everything as an ArviZ DataTree, with log likelihood, prior and predictive groups."""
        from bayescale.inference.tree import build_tree

        return build_tree(self)

    @cached_property
    def log_likelihood(self) -> xr.Dataset:
        """Log density of every observed response over chain, draw, run."""
        from bayescale.inference.tree import log_likelihood_group

        return log_likelihood_group(self)

    @cached_property
    def posterior_predictive(self) -> xr.Dataset:
        """One replicate of every run over chain, draw, run; effects and measurement errors are the run's."""
        from bayescale.inference.tree import predictive_group

        return predictive_group(self)

    @property
    def checks(self) -> Checks:
        """The typed checks, each with status and advice, whether they pass or not; a loaded fit has them from its file.

        They are measured once; :meth:`check` measures those of a loaded fit again.
        """
        return self.measured_checks if self.saved_checks is None else self.saved_checks

    @cached_property
    def measured_checks(self) -> Checks:
        """The checks as measured on the draws, also for a loaded fit."""
        from bayescale.inference.diagnose import diagnose

        return diagnose(self)

    def check(self) -> tuple[Check, ...]:
        """Return the checks if none fails; those of a loaded fit are measured again.

        Raises:
            CheckError: with what failed and what to do about it.
        """
        return self.measured_checks.require()

    def table(self, *, prob: float = 0.9, mcse: bool = False) -> pd.DataFrame:
        """Parameter table: median and equal-tailed interval of every parameter, per family.

        Args:
            prob: probability of the interval, in (0, 1).
            mcse: add the Monte-Carlo standard errors median_mcse, lower_mcse and upper_mcse, which tables for papers
                round by.
        """
        from bayescale.inference.summary import parameter_table

        return parameter_table(self, prob=prob, mcse=mcse)

    def save(self, path: Any) -> None:
        """Write the fit to one NetCDF file; see :func:`bayescale.inference.store.save`."""
        from bayescale.inference.store import save

        save(self, path)

    def __repr__(self) -> str:
        families = f", {len(self.groups)} families" if self.groups else ""
        kinds = {kind: [p.name for p in self.model.of_kind(kind)] for kind in ("partial", "none", "complete")}
        pooled = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)
        noise = self.model.noise.name + (f", residuals {self.model.residuals.name}" if self.model.residuals else "")
        draws = f"{self.settings.chains} chains x {self.settings.draws} draws, seed {self.seed}"
        compressed = f"\n  likelihood {self.likelihood}" if self.likelihood.startswith("compressed") else ""
        return (
            f"Fit of {self.law.name} to {counted(self.runs)}{families}\n"
            f"  noise {noise}; pooling {pooled}\n  {self.engine}, {draws}{compressed}\n  {self.checks.verdict}"
        )


def fit(
    law: str | type[Law],
    runs: Runs,
    *,
    pooling: str | Mapping[str, str] | Pooling | None = None,
    noise: str | type[Noise] | None = None,
    effects: str | RunEffects | None = None,
    residuals: str | type[Residuals] | None = None,
    priors: Mapping[str, Prior] | None = None,
    model_error: float | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    progress: bool | Callable[[str], None] | None = None,
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    **sampler: Any,
) -> Fit:
    """Fit a law to runs.

    Small posteriors are sampled by the instant engine, exactly and without compiling; all others, and those whose
    draws do not pass the engine's own checks, by NUTS. ``fit.engine`` says which it was and why.

    Args:
        law: a name from the catalogue, ``"file.py:Class"``, or a Law class.
        runs: from :func:`bayescale.read_runs`, with the law's inputs and its response; losses in nats/token.
        pooling: ``"partial"``, ``"complete"``, ``"none"``, a mapping of parameter to one of these (with ``"default"``),
            or a :class:`Pooling`; by default partial for tables with several families.
        noise: ``"student-t"``, ``"normal"`` or ``"laplace"``, of the log of the response; ``"beta-binomial"``,
            ``"normal-value"`` or ``"censored"``, of itself; or a Noise class, which :func:`load` needs again. None is
            Student-t, and normal with ``residuals``.
        effects: ``"budget"`` or ``"run"`` for random effects over that column, or a :class:`RunEffects`.
        residuals: how residuals follow each other along the checkpoints of a run: ``"ou"`` (correlation that fades with
            the distance in log tokens), ``"ar1"`` (one correlation from checkpoint to checkpoint), or a
            :class:`bayescale.models.Residuals`; None for independent ones. Needs the column ``run``.
        priors: priors that replace the declared ones, by parameter. Like these they hold at the law's anchors, which
            are the geometric means of the design, although fits print A and B at anchors of 1 as papers do: a prior of
            Chinchilla's A is one of the nats/token that a usual size of the table loses, not of the 400 of papers.
            A fit with a Prior class of your own cannot be saved.
        model_error: gives the runs an error of the law, see :meth:`bayescale.Runs.with_model_error`: 0.04 is four per
            cent a decade below the largest compute. Runs far below then count less, as they should in a forecast. None
            leaves the runs as they are.
        seed: every random number derives from it.
        settings: sampler settings; single ones can be given by name, for example ``draws=2000``, ``engine="nuts"``.
        progress: show a progress bar; by default on a terminal only. A function is called with a line at each attempt
            of NUTS and every minute of it, for logs.
        checkpoint: a file that the state of NUTS is written to while it runs, some ten seconds apart. A process that
            was ended goes on from it with the same call, to the same draws; the file is removed when the fit is done.

    Returns:
        a :class:`Fit`; its ``check()`` raises unless the sampler did its work.

    Raises:
        LawError, SettingsError, DataError, FitError: what was expected, what came, what to do.
        StoreError: the checkpoint is damaged, of another fit or version, or cannot be written where it is to be.

    Warns:
        SettingsWarning: a replaced prior that looks like one at anchors of 1; checkpoints that are fitted as if they
            were independent runs; residuals along runs with a noise that is not normal.

    References:
        hoffman2014nuts, vehtari2024pareto
    """
    chosen, settings, seed = find_law(law), merge_settings(settings, sampler), check_seed(seed)
    runs = runs if model_error is None else runs.with_model_error(model_error)
    declared = (pooling, noise, effects, find_residuals(residuals), priors)
    shares = len(find_places(settings.devices, hosts=True)) if settings.spread == "rows" else 1
    model, anchors, layout = prepare_fit(chosen, runs, *declared, shares=shares)
    for warning in (*prior_suspicions(model), *checkpoint_suspicions(model, runs), *residual_suspicions(model)):
        warnings.warn(warning, stacklevel=2)
    began = time.perf_counter()
    with kept_in(checkpoint) as kept, engine_errors(chosen):
        drawn = sample(model, layout, settings, seed, progress, kept, runs)
        made = assemble(model, runs, layout, anchors, drawn, seed, seconds=time.perf_counter() - began)
    # Engines complete the settings; what was asked for is what makes the same fit again.
    return replace(made, record={**made.record, "asked_settings": asdict(settings)})


def assemble(
    model: Model, runs: Runs, layout: Layout, anchors: Mapping[str, float], drawn: Sample, seed: int, *, seconds: float
) -> Fit:
    """Return the fit that an engine's draws make, with its record."""
    unconstrained = sites_dataset(model, drawn.sites, layout.families, layout.levels)
    sample_stats = xr.Dataset({name: (("chain", "draw"), value) for name, value in drawn.stats.items()})
    sample_stats = sample_stats.assign_coords(chain=unconstrained["chain"], draw=unconstrained["draw"])
    record = provenance(model, runs, anchors, drawn.settings, seed, seconds=seconds + drawn.seconds_before)
    return Fit(model, runs, anchors, drawn.settings, seed, unconstrained, sample_stats, {**record, **drawn.record})
