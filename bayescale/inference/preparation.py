"""From the arguments of a fit to its model, anchors and arrays."""

from __future__ import annotations

from collections.abc import Mapping

from bayescale.data import Runs
from bayescale.inference.table import MAX_ROWS, check_families, check_table
from bayescale.language.errors import FitError, SettingsError
from bayescale.language.priors import Prior
from bayescale.laws import Law
from bayescale.models import (
    Model,
    Noise,
    Normal,
    Pooling,
    Residuals,
    RunEffects,
    StudentT,
    build_model,
    find_noise,
    lay_out,
)
from bayescale.models.build import prior_anchors
from bayescale.models.layout import Layout, design_anchors


def prepare_fit(
    law: type[Law],
    runs: Runs,
    pooling: str | Mapping[str, str] | Pooling | None,
    noise: str | type[Noise] | None,
    effects: str | RunEffects | None,
    residuals: type[Residuals] | None,
    priors: Mapping[str, Prior] | None,
    *,
    shares: int = 1,
) -> tuple[Model, dict[str, float], Layout]:
    """Check the arguments and build model, anchors and arrays; ``shares`` is the number of devices that share rows."""
    check_table(runs)
    if len(runs) > shares * MAX_ROWS:
        raise FitError(
            f"The table has {len(runs):,} rows and NUTS takes up to {shares * MAX_ROWS:,}; "
            "keep the last checkpoint of each run, or every k-th one, with runs.subset(mask), or share the rows out to "
            "more devices, with devices='all', spread='rows'."
        )
    effects = RunEffects(effects) if isinstance(effects, str) else effects
    if effects is not None and not isinstance(effects, RunEffects):
        raise SettingsError(f"effects must be 'budget', 'run' or a RunEffects, got {effects!r}.")
    complete = set(law.inputs()) <= set(runs.table)
    anchors = design_anchors(law, runs, prior_anchors(law, priors)) if complete else {}
    if noise is None:
        noise = StudentT if residuals is None else Normal
    kinds = Pooling.of(pooling, grouped=len(runs.families) > 1)
    if any(kinds.kind(parameter.name) != "complete" for parameter in law.parameters):
        check_families(runs, "fitted together", "fit them one by one with fit_many, or with pooling='complete'")
    layout = lay_out(law, runs, effects, anchors, find_noise(noise), residuals)
    model = build_model(
        law,
        noise=find_noise(noise),
        pooling=kinds,
        effects=effects,
        priors=priors,
        n_families=len(layout.families),
        n_levels=len(layout.levels),
        residuals=residuals,
    )
    return model, anchors, layout
