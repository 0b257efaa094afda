"""From a model and its data to draws: which engine runs, and what is tried when it does not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import jax
import numpy as np

from bayescale.data import Runs
from bayescale.inference.checkpoint import Checkpoint, Trail, identity_of
from bayescale.inference.compressed.choice import INSTANT, Likelihood, choose_likelihood, whole
from bayescale.inference.compressed.ordered import CannotCompress
from bayescale.inference.instant.engine import NotInstant, density_for, run_instant
from bayescale.inference.nuts_attempts import draw_nuts, has_few_rows
from bayescale.inference.precision import computing
from bayescale.inference.sample import Sample
from bayescale.inference.settings import LONG_WARMUP, SHORT_WARMUP, Settings, seed_for
from bayescale.language.errors import FitError, SettingsError
from bayescale.models import Model
from bayescale.models.layout import Layout


def sample(
    model: Model,
    layout: Layout,
    settings: Settings,
    seed: int,
    progress: bool | Callable[[str], None] | None,
    checkpoint: Checkpoint | None = None,
    runs: Runs | None = None,
) -> Sample:
    """Draw from the posterior with the engine that the settings ask for.

    Args:
        model, layout, settings, seed, progress: of the fit.
        checkpoint: where NUTS keeps what is done.
        runs: the table, without which its likelihood is not compressed.

    Raises:
        FitError: the instant engine or a compressed likelihood was asked for and cannot be had, or draws are not
            finite.
        StoreError: the checkpoint is not of this fit.
        SettingsError: several hosts were joined, and there is a checkpoint.
    """
    if checkpoint is not None and jax.process_count() > 1:
        raise SettingsError(
            f"{jax.process_count()} processes were joined, and a checkpoint is of one; leave the checkpoint out."
        )
    trail = Trail() if checkpoint is None else checkpoint.open(identity_of(model, layout, settings, seed, runs))
    likelihood = _likelihood(model, runs, layout, settings, trail)
    if settings.warmup is None:
        settings = replace(settings, warmup=LONG_WARMUP if has_few_rows(model, layout) else SHORT_WARMUP)
    drawn, why = None, trail.why  # of another process, which has come to NUTS already
    if why is None:
        drawn, why = _at_once(model, layout, likelihood, settings, seed)
    if drawn is None:
        trail.why = why
        try:
            drawn = draw_nuts(model, layout, likelihood, settings, seed, progress, trail)
        except CannotCompress as error:
            if settings.likelihood == "compressed":
                raise FitError(f"The likelihood cannot be compressed: {error}. Use likelihood='full'.") from None
            trail.begin_again(str(error))
            drawn = draw_nuts(model, layout, whole(layout, str(error)), settings, seed, progress, trail)
    if not all(np.isfinite(value).all() for value in drawn.sites.values()):
        raise FitError("The sampler produced values that are not finite; look at the table's units and the priors.")
    return drawn


def _likelihood(model: Model, runs: Runs | None, layout: Layout, settings: Settings, trail: Trail) -> Likelihood:
    """The likelihood that is chosen, or that of all rows where a process before this one had to come back to it."""
    if trail.full_because is not None:
        return whole(layout, trail.full_because)
    return choose_likelihood(model, runs, layout, settings)


def _at_once(
    model: Model, layout: Layout, likelihood: Likelihood, settings: Settings, seed: int
) -> tuple[Sample | None, str]:
    """What the instant engine draws, or None and why NUTS has to.

    Raises:
        FitError: it was asked for and cannot do it.
    """
    if settings.engine == "nuts":
        return None, "as asked for"
    if settings.engine == "auto" and likelihood.compressed is not None:
        return None, "its likelihood is compressed"
    if settings.engine == "auto" and settings.target_accept is not None:
        return None, "target_accept is given"
    try:
        return _instant(model, layout, settings, seed), ""
    except NotInstant as error:
        if settings.engine == "instant":
            raise FitError(f"The instant engine cannot sample this posterior: {error}. Use engine='nuts'.") from None
        return None, f"not instant: {error}"


def _instant(model: Model, layout: Layout, settings: Settings, seed: int) -> Sample:
    with computing():
        # Only a formula that calls JAX's own functions computes with it, and then it must be in float64.
        drawn = run_instant(density_for(model, layout), settings, seed_for(seed, "instant"))
    why = "as asked for" if settings.engine == "instant" else f"{len(model.parameters)} parameters, its checks pass"
    engine = {"name": "instant", "why": why, "quality": drawn.quality}
    # NumPy computes it, whatever devices there are.
    record = {"engine": engine, "likelihood": {"kind": "full", "why": INSTANT}, "device": "cpu"}
    return Sample(drawn.sites, drawn.stats, replace(settings, draws=drawn.stats["lp"].shape[1]), record)
