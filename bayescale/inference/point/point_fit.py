"""Point fit of a law to runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.data import Runs
from bayescale.inference.point.family import Part, fit_family
from bayescale.inference.point.result import PointFit
from bayescale.inference.point.settings import PointSettings
from bayescale.inference.precision import computing
from bayescale.inference.settings import check_seed, seed_for
from bayescale.inference.table import check_table
from bayescale.language.errors import DataError
from bayescale.language.labels import ALL
from bayescale.laws import Law, find_law
from bayescale.models.layout import require_columns


def point_fit(
    law: str | type[Law],
    runs: Runs,
    *,
    loss: str = "huber",
    delta: float = 1e-3,
    starts: int = 4500,
    resamples: int = 4000,
    resample: str = "run",
    iterations: int = 300,
    seed: int = 0,
) -> PointFit:
    """Fit a law by robust least squares of log loss, from many starts, with a bootstrap: what most papers publish.

    It is for comparison with the posterior of :func:`bayescale.fit`. Priors set the scale of steps and, for a law
    without a published grid of starts, where the search begins; they do not enter the objective. Known measurement
    errors (``loss_se``) do not either. Families are fitted one by one and share nothing.

    Args:
        law: a name from the catalogue, ``"file.py:Class"``, or a Law class.
        runs: from :func:`bayescale.read_runs`; losses in nats/token.
        loss: ``"huber"``, ``"soft-l1"`` or ``"squares"``, of residuals of log loss.
        delta: residual at which the loss turns from quadratic to straight, in log loss.
        starts: number of starts; for Chinchilla 4,500 is the published grid.
        resamples: number of bootstrap resamples, each started at the optimum.
        resample: ``"run"`` or ``"budget"``: what is drawn with replacement.
        iterations: most evaluations of the curve for one start or resample.
        seed: choice of starts and resamples derive from it.

    Returns:
        a :class:`PointFit`, which says how many starts reached the best optimum and how many resamples converged.

    Raises:
        LawError, SettingsError, DataError: what was expected, what came, what to do.
        FitError: no start converged, or those that did not got further down than those that did.

    References:
        hoffmann2022training, besiroglu2024chinchilla
    """
    chosen, seed = find_law(law), check_seed(seed)
    settings = PointSettings(loss, delta, starts, resamples, resample, iterations)
    check_table(runs)
    require_columns(chosen, runs)
    tables = dict(runs.by_family()) or {ALL: runs}
    for name, table in tables.items():
        _check_length(chosen, table, _where(name))
    with computing():
        parts = {
            name: fit_family(chosen, table, settings, seed_for(seed, f"point/{name}"), where=_where(name))
            for name, table in tables.items()
        }
    laws = {name: part.law for name, part in parts.items()}
    report = pd.DataFrame([{"group": name, **part.report} for name, part in parts.items()])
    return PointFit(laws, _dataset(chosen, runs, list(parts.values())), report, runs, settings, seed)


def _where(name: str) -> str:
    return "" if name == ALL else f" of the family {name!r}"


def _check_length(law: type[Law], runs: Runs, where: str) -> None:
    if len(runs) <= len(law.parameters):
        raise DataError(
            f"A point fit{where} needs more runs than the {len(law.parameters)} parameters of {law.name!r}, and there "
            f"are {len(runs)}; leave them out, or use fit, which has priors and lets families borrow from each other."
        )


def _dataset(law: type[Law], runs: Runs, parts: list[Part]) -> xr.Dataset:
    """Label the draws of all families."""
    dims = ("family", "resample") if runs.families else ("resample",)

    def join(values: list[np.ndarray]) -> tuple[tuple[str, ...], np.ndarray]:
        return dims, np.stack(values) if runs.families else values[0]

    at_one = law.has_textbook()
    words = {p.name: (p.textbook_meaning if at_one else p.meaning, p.unit) for p in law.parameters}
    words |= {d.name: (d.doc, d.unit) for d in law.derived_quantities}
    coords: dict[str, Any] = {
        "resample": np.arange(parts[0].converged.size),
        "converged": join([part.converged for part in parts]),
    }
    if runs.families:
        coords["family"] = list(runs.families)
    draws = xr.Dataset({name: join([part.draws[name] for part in parts]) for name in words}, coords=coords)
    for name, (meaning, unit) in words.items():
        draws[name].attrs.update(long_name=meaning, units=unit)
    return draws
