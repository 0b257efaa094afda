"""The door of identify: what a table can tell of a law, before any fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.data import Runs
from bayescale.decisions.inputs import is_positive_number
from bayescale.decisions.next_run.goals import AHEAD
from bayescale.decisions.next_run.grid import default_candidates
from bayescale.inference.noise_information import information
from bayescale.inference.pilot import Pilot, fit_pilot
from bayescale.inference.table import check_families, check_table
from bayescale.language.errors import FitError, SettingsError
from bayescale.language.priors import Prior
from bayescale.laws import Law, find_law
from bayescale.models import Model, Noise, Pooling, StudentT, build_model, find_noise, lay_out
from bayescale.models.layout import Layout, model_anchors, require_columns
from bayescale.validation.identify.additions import optimum_interest
from bayescale.validation.identify.design import Design, slopes_of
from bayescale.validation.identify.noise_information import as_seen, fitted_noise, prior_noise
from bayescale.validation.identify.result import Identification


def identify(
    law: str | type[Law],
    runs: Runs,
    *,
    group: str | None = None,
    noise: str | type[Noise] = StudentT,
    sigma: float | None = None,
    priors: Mapping[str, Prior] | None = None,
    candidates: pd.DataFrame | None = None,
    budget: float | None = None,
) -> Identification:
    """Say what runs can tell of a law before it is fitted: which parameters, how well, and which run to add.

    The law is linearised where a quick robust fit under the priors puts it. From the slopes there and the noise of the
    runs comes the Fisher information, in the law's own coordinates (anchored, and logs where parameters are positive);
    with the priors' it is the expected precision of the posterior, at a known noise scale: as a fit has to learn that,
    with v runs more than parameters its sds are about sqrt(v / (v - 2)) times as large. Noise with corners (Laplace)
    tells less the less is known, and its information is averaged over what is not. Families are judged one by
    one, as if they borrowed nothing from each other.

    Args:
        law: a name from the catalogue, ``"file.py:Class"``, or a Law class.
        runs: from :func:`bayescale.read_runs`.
        group: one family; None for all.
        noise: ``"student-t"``, ``"normal"`` or ``"laplace"``, or a Noise class of log loss.
        sigma: the scale of the noise on log loss, positive, where it is known; by default that of the residuals.
        priors: priors that replace the declared ones, by parameter, at the anchors as for :func:`bayescale.fit`.
        candidates: runs that might be added, one a row, with the law's inputs; by default a grid of params and tokens
            (or of a law's only input) at compute up to the table's largest, else the runs of the table.
        budget: FLOP (6ND) at which the best size is of interest; by default ten times the largest compute.

    Returns:
        an :class:`Identification`: ``.table()``, ``.combinations()``, ``.additions()``, ``.checks``.

    Raises:
        LawError, SettingsError, DataError, FitError: what was expected, what came, what to do.

    References:
        hoffmann2022training

    Examples:
        >>> import bayescale as bs
        >>> found = identify("chinchilla", bs.datasets.load("pile-families").select("Cerebras-GPT"))
        >>> found.checks.table().set_index("name")["status"]["identified"]
        'warn'
    """
    check_table(runs)
    chosen, form = find_law(law), find_noise(noise)
    if form.of_value:
        raise SettingsError(
            f"identify knows noises of the log of the response only, got {form.name!r}; ask with noise='normal' and "
            "the scale that such scatter has in the log (sigma=...)."
        )
    require_columns(chosen, runs)
    if sigma is not None:
        sigma = _positive("sigma", sigma, "a scale on log loss such as 0.005")
    if budget is not None:
        budget = _positive("budget", budget, "FLOP such as 1e22")
    model = build_model(chosen, noise=form, pooling=Pooling("complete"), priors=priors)
    tables = _tables(runs, group)
    designs = tuple(_design(model, name, table, sigma) for name, table in tables)
    grids = tuple(_candidates(chosen, table, candidates) for _, table in tables)
    pairs = zip(designs, tables, strict=True)
    interests = tuple(_interest(design, table, budget) for design, (_, table) in pairs)
    return Identification(chosen, tuple(table for _, table in tables), designs, grids, interests)


def _tables(runs: Runs, group: str | None) -> list[tuple[str, Runs]]:
    if len(runs) == 0:
        raise FitError("There are no runs; identify needs a table with at least one.")
    if group is None:
        check_families(runs, "looked at in one go", "name one with group='...', or select some with runs.select(...)")
    else:
        return [(group, runs.select(group))]
    return list(runs.by_family()) or [("", runs)]


def _design(model: Model, family: str, runs: Runs, sigma: float | None) -> Design:
    """The law where the pilot puts it, and what the runs tell of it there."""
    anchors = model_anchors(model, runs)
    layout = lay_out(model.law, runs, None, anchors, model.noise)
    pilot = fit_pilot(model, layout.arrays)
    value = pilot.value[0]
    columns = {name: runs.table[name].to_numpy(float) for name in model.law.inputs()}
    slopes = slopes_of(model, anchors, value, columns)
    if not np.isfinite(slopes).all():
        raise FitError(
            f"The law {model.law.name!r} is not finite at some runs{f' of {family}' if family else ''} where a quick "
            "fit puts it; check units (nats/token, raw counts) and priors."
        )
    sd = layout.arrays["measurement_sd"][layout.position]
    noise = _noise(model, pilot, layout, sd)
    if sigma is not None:
        noise[model.noise.scale] = sigma
    return as_seen(Design(family, model, anchors, value, noise, slopes, information(model, noise, sd)), sd)


def _noise(model: Model, pilot: Pilot, layout: Layout, measurement_sd: np.ndarray) -> dict[str, float]:
    """The noise of the pilot's residuals; the middle of the priors where there are too few to tell."""
    if measurement_sd.size < 3:
        return prior_noise(model)
    # Parameters that the data decide: the prior decides the others, and they take nothing out of the residuals.
    prior = np.diag([model.prior(p.name).unconstrained_moments()[1] ** -2.0 for p in model.law.parameters])
    used = float(np.trace(np.linalg.solve(pilot.precision[0] + prior, pilot.precision[0])))
    return fitted_noise(model, pilot.row_residual[layout.position], measurement_sd, used)


def _candidates(law: type[Law], runs: Runs, given: pd.DataFrame | None) -> pd.DataFrame:
    if given is None:
        return default_candidates(law, runs)
    if not isinstance(given, pd.DataFrame):
        raise SettingsError(f"candidates must be a DataFrame with a row per run, got {type(given).__name__}.")
    if missing := [name for name in law.inputs() if name not in given]:
        raise SettingsError(f"candidates lack {missing[0]!r}, which the law {law.name!r} takes.")
    inputs = given[list(law.inputs())].reset_index(drop=True)
    try:
        values = inputs.to_numpy(float)
    except (TypeError, ValueError):
        values = np.full(inputs.shape, np.nan)
    low = np.array([law_quantity.lower for law_quantity in law.arguments.values()])
    if not len(values) or not (np.isfinite(values) & (values >= low)).all():
        raise SettingsError("candidates must have a row per run, with finite numbers that the law's inputs may be.")
    return inputs


def _interest(design: Design, runs: Runs, budget: float | None) -> Any:
    if not {"params", "tokens"} <= set(runs.table):
        return None
    largest = float(np.max(SixND()(runs.table["params"].to_numpy(float), runs.table["tokens"].to_numpy(float))))
    return optimum_interest(design, AHEAD * largest if budget is None else budget)


def _positive(name: str, value: Any, such: str) -> float:
    if not is_positive_number(value):
        raise SettingsError(f"{name} must be a positive finite number, {such}, got {value!r}.")
    return float(value)
