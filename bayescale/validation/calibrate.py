"""Calibration of a law's posteriors by simulation: truths from the priors have uniform ranks among their draws."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference import fit, fit_many
from bayescale.inference.instant.engine import LARGEST
from bayescale.inference.settings import Settings, check_seed, merge_settings, seed_for
from bayescale.language.errors import BayescaleError, SettingsError, SettingsWarning
from bayescale.language.priors import Prior
from bayescale.laws import Law, find_law
from bayescale.models import Noise, Pooling, Residuals, build_model, find_noise, find_residuals
from bayescale.models.censored import Censored
from bayescale.models.model import Model
from bayescale.validation.calibration import Calibration
from bayescale.validation.ranks import rank_truths
from bayescale.validation.truths import Design, Truths, draw_truths

# Fewer say little: only gross errors leave the band.
FEWEST = 20


def calibrate(
    law: str | type[Law],
    design: Design,
    *,
    replications: int = 1000,
    noise: str | type[Noise] | None = None,
    residuals: str | type[Residuals] | None = None,
    priors: Mapping[str, Prior] | None = None,
    seed: int = 0,
    false_alarm: float = 1e-3,
    settings: Settings | None = None,
    progress: bool | None = None,
    **sampler: Any,
) -> Calibration:
    """Draw truths from the priors, a table from each, fit them all and rank the truths among the draws.

    If draws are from the posterior, the rank of a truth among 99 of them is uniform on 0 to 99, for every quantity of
    parameters and data. Every parameter, the noise, derived quantities, log likelihood and log posterior density are
    ranked, and counts of their ranks are held against an exact simultaneous band. Every fit counts, flagged or not, as
    leaving out the difficult ones would leave out truths of a kind; what fails is counted and does not pass.

    All tables go through :func:`bayescale.fit_many`; noises of the response itself and residuals along runs, which that
    does not take, and models of more than ten parameters go through :func:`bayescale.fit` one at a time.

    Args:
        law: a name from the catalogue, ``"file.py:Class"``, or a Law class.
        design: a DataFrame with a row per run and the law's inputs in canonical units, the same for all tables; or a
            function of a random generator that makes one for each. The column ``relative_se`` has known standard errors
            of the response, as parts of it.
        replications: number of truths, at least 20. A thousand notice a posterior that is a fifth too narrow, a third
            too wide or shifted by 0.3 of its sd; 200 one that is 0.4 too narrow, 0.75 too wide or half an sd off.
        noise: as for :func:`bayescale.fit`.
        residuals: as for :func:`bayescale.fit`; the design then has the column ``run``.
        priors: priors that replace the declared ones, by parameter, in truths and fits alike.
        seed: every random number derives from it.
        false_alarm: how often a calibrated engine does not pass, all quantities together.
        settings: sampler settings; single ones can be given by name, such as ``engine="nuts"``.
        progress: show a progress bar; by default on a terminal only.

    Returns:
        a :class:`Calibration`: ``.ranks``, ``.table()``, ``.verdict``, ``.check()``.

    Raises:
        LawError, SettingsError, DataError: what is wrong whatever was drawn.

    References:
        cook2006validation, talts2018validating, modrak2023simulation, sailynoja2022graphical

    Examples:
        >>> import bayescale as bs, pandas as pd
        >>> design = pd.DataFrame({"params": [1e8, 3e8, 1e9, 3e9] * 3})
        >>> found = bs.calibrate("kaplan-n", design, replications=20, priors={"sigma": bs.HalfNormal(0.02)})
        >>> found.passes, found.ranks.dims
        (True, ('fit', 'quantity'))
    """
    check_replications(replications, false_alarm)
    model = build_model(
        find_law(law),
        noise=find_noise("student-t" if noise is None and residuals is None else noise or "normal"),
        pooling=Pooling("complete"),
        priors=priors,
        residuals=find_residuals(residuals),
    )
    if model.noise is Censored:
        raise SettingsError(
            "calibrate cannot simulate the noise 'censored': which runs are bounds depends on their losses in a way "
            "that no model says; calibrate with 'student-t'."
        )
    merged, began = merge_settings(settings, sampler, caller="calibrate"), time.perf_counter()
    truths = draw_truths(model, design, replications, check_seed(seed))
    drawn = draw_posteriors(truths, merged, seed, progress)
    ranks = rank_truths(truths, drawn.unconstrained, seed_for(seed, "ties"))
    rows = np.array([len(runs) for runs in truths.tables])
    seconds = time.perf_counter() - began
    return Calibration(model, rows, ranks, errors_of(truths, drawn), drawn.status, seed, seconds, false_alarm)


def check_replications(replications: object, false_alarm: object) -> None:
    """Refuse too few replications, and a rate that is none."""
    if not isinstance(replications, int) or isinstance(replications, bool) or replications < FEWEST:
        raise SettingsError(f"replications must be a whole number of at least {FEWEST}, got {replications!r}.")
    if not isinstance(false_alarm, float) or not 1e-6 <= false_alarm <= 0.2:
        raise SettingsError(f"false_alarm must lie between 1e-6 and 0.2, 0.001 is usual; got {false_alarm!r}.")


class Posteriors(NamedTuple):
    """Draws of all fits, fit x parameter x draw, NaN where one failed; and a row of status for each."""

    unconstrained: np.ndarray
    status: pd.DataFrame


def draw_posteriors(truths: Truths, settings: Settings, seed: int, progress: bool | None = None) -> Posteriors:
    """Fit all tables with the model that truths come from."""
    model, usable = truths.model, np.flatnonzero(truths.usable).tolist()
    if not usable:
        raise SettingsError(
            "No simulated table has finite responses: the priors reach too far for this design; narrow them with "
            "priors={...}."
        )
    one_by_one = model.noise.of_value or model.residuals is not None
    part = (
        _one_by_one(truths, usable, settings, seed) if one_by_one else _many(truths, usable, settings, seed, progress)
    )
    unconstrained = np.full((len(truths), *part.unconstrained.shape[1:]), np.nan)
    unconstrained[usable] = part.unconstrained
    words = {"status": "failed", "engine": "", "reason": "responses overflow: narrow the priors"}
    status = pd.DataFrame(words, index=range(len(truths)))
    for name in words:
        status.loc[usable, name] = part.status[name].to_numpy()
    return Posteriors(unconstrained, status.rename_axis("fit").reset_index())


def one_at_a_time(model: Model) -> bool:
    """Whether a batch of fits does not take a model, or would do nothing but NUTS table by table."""
    return model.noise.of_value or model.residuals is not None or len(model.parameters) > LARGEST


def _choices(model: Model) -> dict[str, Any]:
    return {"noise": model.noise, "priors": model.given_priors}


def _many(truths: Truths, usable: list[int], settings: Settings, seed: int, progress: bool | None) -> Posteriors:
    model = truths.model
    tables = {str(i): truths.tables[i] for i in usable}
    fits = fit_many(model.law, tables, seed=seed, settings=settings, progress=progress, **_choices(model))
    draws = np.stack([fits.unconstrained[p.name].to_numpy() for p in model.parameters], axis=1)
    words = {name: fits.checks[name].to_numpy() for name in ("status", "engine", "reason")}
    return Posteriors(draws.reshape(*draws.shape[:2], -1), pd.DataFrame(words))


def _one_by_one(truths: Truths, usable: list[int], settings: Settings, seed: int) -> Posteriors:
    """NUTS, table by table."""
    model, found, status = truths.model, [], []
    for i in usable:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SettingsWarning)  # what was declared is what was simulated
                one = fit(
                    model.law,
                    truths.tables[i],
                    residuals=model.residuals,
                    seed=seed_for(seed, f"fit/{i}"),
                    settings=settings,
                    progress=False,
                    **_choices(model),
                )
        except BayescaleError as error:
            found.append(np.full((len(model.parameters), settings.chains * settings.nuts_draws), np.nan))
            status.append(("failed", "", str(error)))
            continue
        draws = np.stack([one.unconstrained[p.name].transpose("chain", "draw").to_numpy() for p in model.parameters])
        found.append(draws.reshape(len(draws), -1))
        failed = one.checks.failed
        status.append(("flagged" if failed else "ok", one.record["engine"]["name"], one.checks.verdict * bool(failed)))
    return Posteriors(np.stack(found), pd.DataFrame(status, columns=["status", "engine", "reason"]))


def errors_of(truths: Truths, drawn: Posteriors) -> xr.DataArray:
    """Posterior median minus truth in prior standard deviations, on the unconstrained scale, fit x parameter."""
    model = truths.model
    sds = np.array([model.prior(p.name).exact_moments()[1] for p in model.parameters])
    errors = (np.median(drawn.unconstrained, axis=2) - truths.unconstrained) / sds
    coords = {"fit": np.arange(len(truths)), "parameter": [p.name for p in model.parameters]}
    about = {"long_name": "posterior median minus truth", "units": "prior standard deviations"}
    return xr.DataArray(errors, coords, ("fit", "parameter"), "error", about)
