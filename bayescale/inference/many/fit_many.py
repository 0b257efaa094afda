"""Fitting a law to many tables at once."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bayescale.data import Runs
from bayescale.inference.devices import find_places, has_float64
from bayescale.inference.instant.engine import LARGEST
from bayescale.inference.many.alone import Alone, fit_alone
from bayescale.inference.many.collect import Collected
from bayescale.inference.many.engine import Drawn
from bayescale.inference.many.progress import fits_progress
from bayescale.inference.many.result import Fits
from bayescale.inference.many.steps import Table
from bayescale.inference.many.tables import Given, gather
from bayescale.inference.many.together import STEPS, Left, Plan, fit_together
from bayescale.inference.settings import PRECISIONS, Settings, check_seed, check_together, merge_settings, seed_for
from bayescale.inference.table import check_batch
from bayescale.language.errors import SettingsError
from bayescale.language.priors import Prior
from bayescale.laws import Law, find_law
from bayescale.models import Model, Noise, Pooling, StudentT, build_model, find_noise
from bayescale.models.layout import model_anchors
from bayescale.models.suspicions import prior_suspicions


def fit_many(
    law: str | type[Law],
    tables: Mapping[str, Any] | Sequence[Any] | Runs,
    *,
    noise: str | type[Noise] = StudentT,
    priors: Mapping[str, Prior] | None = None,
    model_error: float | None = None,
    seed: int = 0,
    read: Mapping[str, Any] | None = None,
    precision: str = "float64",
    settings: Settings | None = None,
    progress: bool | None = None,
    **sampler: Any,
) -> Fits:
    """Fit one curve to each of many tables, some milliseconds each.

    All tables are sampled by the instant engine, side by side in one compiled function per length of table (up to 128
    rows, then each doubling). A fit that does not pass the limits of :meth:`Fit.check` gets longer chains. If these do
    not pass either, or if its proposal does not resemble the posterior to begin with, it is made by itself: with a more
    careful proposal, then by one attempt of NUTS. A table that cannot be read or fitted is a row with a reason, and the
    others are fitted all the same.

    Args:
        law: a name from the catalogue, ``"file.py:Class"``, or a Law class.
        tables: label to table; or a sequence of tables, whose labels are their numbers from 0; or runs with families,
            each of which is a table. A table is a :class:`Runs`, a DataFrame or the path of a file.
        noise: ``"student-t"``, ``"normal"``, ``"laplace"`` or a Noise class.
        priors: priors that replace the declared ones, by parameter; they hold at each table's own anchors, or
            where a :class:`bayescale.Priors` says.
        model_error: as for :func:`bayescale.fit`, of every table.
        seed: every random number derives from it and the label of the table, so that a table has the same draws
            whatever it is fitted with.
        read: arguments of :func:`bayescale.read_runs` for tables that are no runs yet, such as
            ``{"columns": {"loss": "val_loss"}}``. What looks suspicious is in the ``warnings`` of the result's status.
        precision: of proposals and densities: ``"float64"``, or ``"float32"``, which subtracts the density at the
            proposal's centre before it sums over rows. Differences of log densities then have errors that grow with
            the square root of the number of rows and with one over the noise scale, some hundredths at 100,000 rows
            and a scale of 0.01: not for long tables of losses that scatter less than 0.001. Accepting, checks and
            results are in float64.
        settings: sampler settings; single ones can be given by name. ``draws`` (1,000 by default) are kept per chain,
            evenly spaced, of chains of at least 1,000 steps. The result's checks are measured on all steps, those of
            ``fits[label].check()`` on the draws that are kept, which may be too few for it. ``engine="instant"``
            keeps what does not pass with longer chains, flagged; ``engine="nuts"`` fits all by NUTS, and so does a
            ``target_accept``.
        progress: show a progress bar with rate and time left; by default on a terminal only.

    Returns:
        the fits; ``.dataset`` has all draws and checks over ``fit``, ``.status`` a row per table, ``fits[label]`` a
        :class:`Fit`.

    Raises:
        LawError, SettingsError, FitError: what is wrong whatever the tables are.

    Warns:
        SettingsWarning: a replaced prior that looks like one at anchors of 1.

    References:
        vehtari2021rank, vehtari2024pareto

    Examples:
        >>> import bayescale as bs
        >>> law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
        >>> design = bs.datasets.load("pile-families").to_frame()[["params", "tokens"]]
        >>> fits = bs.fit_many("chinchilla", [bs.simulate(law, design, seed=i) for i in range(3)], draws=100)
        >>> fits.posterior["alpha"].dims, fits.status["status"].tolist()
        (('fit', 'chain', 'draw'), ['ok', 'ok', 'ok'])
    """
    _check_arguments(sampler)
    chosen, settings, seed = find_law(law), merge_settings(settings, sampler, caller="fit_many"), check_seed(seed)
    check_together(settings, sampler, "fit_many")
    check_batch(find_noise(noise))
    model = build_model(chosen, noise=find_noise(noise), pooling=Pooling("complete"), priors=priors)
    for warning in prior_suspicions(model):
        warnings.warn(warning, stacklevel=2)
    if precision not in PRECISIONS:
        raise SettingsError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}.")
    given, began = gather(chosen, tables, read, model_error), time.perf_counter()
    settings = replace(settings, draws=STEPS if settings.draws is None else settings.draws)
    collected = Collected(model, given, settings, seed)
    with fits_progress(len(given), progress) as report:
        report(collected.count, "")
        for found in _fits(model, _tables(model, given, seed), settings, precision):
            collected.add(found)
            report(collected.count, collected.note)
    return collected.result(seconds=time.perf_counter() - began)


def _check_arguments(sampler: Mapping[str, Any]) -> None:
    """Refuse what a single fit takes and a batch does not."""
    if given := sorted({"pooling", "effects"} & set(sampler)):
        raise SettingsError(f"fit_many does not take {given[0]!r}: each table gets one curve; fit(...) pools families.")


def steps_of(settings: Settings) -> int:
    """Steps of each chain: a multiple of the draws that are kept."""
    draws = settings.nuts_draws
    return draws * max(1, -(-STEPS // draws))


def _of_float64(devices: int | str | None) -> int | str | None:
    """Devices for fits that are made alone, which are computed in float64 whatever the batch is."""
    place = find_places(devices, double=False)[0]
    return devices if place is None or has_float64(place) else "cpu"


def _tables(model: Model, given: Sequence[Given], seed: int) -> list[Table]:
    return [
        Table(i, one.runs, model_anchors(model, one.runs), seed_for(seed, f"fit/{one.label}"))
        for i, one in enumerate(given)
        if one.runs is not None
    ]


def _fits(model: Model, tables: Sequence[Table], settings: Settings, precision: str) -> Iterator[Drawn | Alone]:
    """Fits as they are done: many together, then those that remain one at a time."""
    if settings.engine == "auto" and settings.target_accept is not None:
        settings = replace(settings, engine="nuts")
    if model.law.starts and settings.engine != "nuts":
        # One proposal, made from one start, is what tables can share.
        left = [Left(table, "its modes are searched for, table by table") for table in tables]
    elif settings.engine == "nuts" or len(model.parameters) > LARGEST:
        why = "as asked for" if settings.engine == "nuts" else f"the model has more than {LARGEST} parameters"
        left = [Left(table, why) for table in tables]
    else:
        double = precision == "float64"
        places = find_places(settings.devices, double=double)
        plan = Plan(settings.chains, steps_of(settings), double, settings.engine == "instant", places)
        left = yield from fit_together(model, tables, plan)
    alone = replace(settings, draws=steps_of(settings), devices=_of_float64(settings.devices))
    for one in left:
        yield fit_alone(model, one.table, alone, one.why)
