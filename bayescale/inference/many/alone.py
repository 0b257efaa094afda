"""Fits that the batch did not do: one at a time, by a more careful proposal, then by NUTS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bayescale.inference.convergence import Convergence, convergence
from bayescale.inference.fit import Fit, assemble
from bayescale.inference.instant.engine import MATCHES, NotInstant, density_for, run_instant
from bayescale.inference.many.steps import Table
from bayescale.inference.many.values import reported_values
from bayescale.inference.nuts_attempts import planned_attempts
from bayescale.inference.precision import computing
from bayescale.inference.sample import Sample
from bayescale.inference.sampling import sample
from bayescale.inference.settings import Settings, seed_for
from bayescale.language.errors import BayescaleError
from bayescale.models import Model, lay_out
from bayescale.models.layout import Layout

# Steps for each draw that is kept of chains which are kept whether they pass or not.
ANYWAY = 5


@dataclass(frozen=True, eq=False)
class Alone:
    """A fit made by itself, or why there is none.

    Args:
        table: what was fitted.
        fit: the fit; None if it failed.
        convergence: of its parameters, for one fit.
        reason: why it failed.
    """

    table: Table
    fit: Fit | None
    convergence: Convergence | None = None
    reason: str = ""


def fit_alone(model: Model, table: Table, settings: Settings, why: str) -> Alone:
    """Fit one table by itself.

    Args:
        model: of one family.
        table: with its seed.
        settings: with the number of draws; NUTS comes first with ``engine="nuts"``.
        why: what the batch did not reach, for the record.
    """
    try:
        fit, measured = _fit(model, table, settings, why)
    except BayescaleError as error:
        return Alone(table, None, reason=str(error))
    except MemoryError:  # the machine's fault, not the table's
        raise
    except Exception as error:  # a table like no other, and one of many: the others are fitted
        words = "a bug of bayescale or of the law; fit(law, table) shows where it happens"
        return Alone(table, None, reason=f"the fit failed: {type(error).__name__}: {error} ({words})")
    return Alone(table, fit, measured)


def _fit(model: Model, table: Table, settings: Settings, why: str) -> tuple[Fit, Convergence]:
    """The fit, and how its chains converged as a whole."""
    began, layout = time.perf_counter(), lay_out(model.law, table.runs, None, dict(table.anchors), model.noise)
    drawn = None
    if settings.engine != "nuts":
        try:
            drawn, measured = _carefully(model, layout, settings, table.seed)
        except NotInstant as error:
            why = f"not instant: {why}; with a more careful proposal, {error}"
            if settings.engine == "instant" and model.law.starts:
                drawn, measured = _anyway(model, layout, settings, table.seed, str(error))
    if drawn is None:
        # One attempt in a batch, unless it was asked for: more would take longer than all other fits together, and keep
        # the first that happens not to diverge.
        target = settings.target_accept if settings.engine == "nuts" else planned_attempts(model, layout)[0][0]
        drawn = sample(model, layout, replace(settings, engine="nuts", target_accept=target), table.seed, False)
        drawn = replace(drawn, record={**drawn.record, "engine": {"name": "nuts", "why": why}})
        measured = _convergence(model, drawn.sites, table.anchors)
    seconds = time.perf_counter() - began
    return assemble(model, table.runs, layout, table.anchors, drawn, table.seed, seconds=seconds), measured


def _carefully(model: Model, layout: Layout, settings: Settings, seed: int) -> tuple[Sample, Convergence]:
    """The engine for single tables, with the proposals that it makes with more care.

    Its chains go on until they pass and are not begun anew: chains that are kept because they passed, while others were
    thrown away, would miss what makes chains stick. They are measured whole, and evenly spaced draws are kept.
    """
    draws, chains = settings.nuts_draws, settings.chains
    with computing():
        # Of chains that need this fewer than four in ten steps are effective, so there are steps enough for the draws.
        enough = replace(settings, draws=None, ess=max(100, int(0.4 * chains * draws)))
        drawn = run_instant(density_for(model, layout), enough, seed_for(seed, "instant"), MATCHES[1:])
    steps = drawn.stats["lp"].shape[1]
    if steps < draws:
        raise NotInstant(f"it made {steps} steps for {draws} draws")
    measured = _convergence(model, drawn.sites, layout.arrays["anchors"])
    if not measured.passes[0]:
        raise NotInstant(measured.lacks(0))
    kept = np.arange(1, draws + 1) * steps // draws - 1
    sites = {name: value[:, kept] for name, value in drawn.sites.items()}
    stats = {name: value[:, kept] for name, value in drawn.stats.items()}
    quality = {**drawn.quality, "steps": steps}
    engine = {"name": "instant", "why": "by itself, with a more careful proposal", "quality": quality}
    return Sample(sites, stats, settings, {"engine": engine}), measured


def _anyway(model: Model, layout: Layout, settings: Settings, seed: int, why: str) -> tuple[Sample, Convergence]:
    """Draws of the instant engine that it does not believe itself, where no other is wanted; they are flagged."""
    longer = replace(settings, draws=ANYWAY * settings.nuts_draws)
    with computing():
        drawn = run_instant(density_for(model, layout), longer, seed_for(seed, "instant"), anyway=True)
    quality = {**drawn.quality, "steps": longer.draws}
    measured = _convergence(model, drawn.sites, layout.arrays["anchors"])
    sites = {name: value[:, ANYWAY - 1 :: ANYWAY] for name, value in drawn.sites.items()}
    stats = {name: value[:, ANYWAY - 1 :: ANYWAY] for name, value in drawn.stats.items()}
    return Sample(sites, stats, settings, {"engine": {"name": "instant", "why": why, "quality": quality}}), measured


def _convergence(model: Model, sites: Mapping[str, np.ndarray], anchors: Mapping[str, float]) -> Convergence:
    """Of one fit's draws, each chain x draw."""
    unconstrained = np.stack([sites[p.name] for p in model.parameters])[None]
    at = {name: np.array([value]) for name, value in anchors.items()}
    return convergence(reported_values(model, unconstrained, at))
