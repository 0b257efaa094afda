"""Fits on disk: one NetCDF file that ArviZ reads too, and that is checked against itself before it is believed."""

from __future__ import annotations

import os

import numpy as np
import xarray as xr

from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.settings import Settings, check_seed
from bayescale.inference.store.archive import (
    DRAWS,
    RUNS,
    STATS,
    Archive,
    checksum,
    read_archive,
    write_archive,
)
from bayescale.inference.store.draws import check_draws, check_stats
from bayescale.inference.store.record import (
    parse_record,
    record_part,
    record_text,
    recorded_anchors,
    recorded_engine,
    recorded_law,
    recorded_model,
    recorded_noise,
    recorded_residuals,
    take_checks,
)
from bayescale.inference.store.table import runs_dataset, stored_runs
from bayescale.inference.tree import stored_groups
from bayescale.language.errors import BayescaleError, SettingsError, StoreError
from bayescale.language.files import MAX_BYTES, writable_target
from bayescale.language.priors import PRIORS
from bayescale.laws import Law, find_law
from bayescale.models import RESIDUALS, Noise


def save(fit: Fit, path: str | os.PathLike[str]) -> None:
    """Write a fit to one NetCDF file.

    The file has the groups posterior, sample_stats, log_likelihood, observed_data and constant_data of ``fit.data``,
    the draws that :func:`load` starts from, the runs, and as JSON the record with the checks. ArviZ and any other
    reader of NetCDF opens it, ``arviz.from_netcdf`` or ``xarray.open_datatree`` for example. Prior and predictive
    groups follow from draws and seed and are made when they are asked for; ``fit.data.to_netcdf(...)`` writes them.
    The file appears whole or not at all.

    Args:
        fit: the fit.
        path: the file, by custom ``*.nc``; an existing file is replaced.

    Raises:
        StoreError: a path that cannot be written, or a fit with parts that :func:`load` could not know.
    """
    if not isinstance(fit, Fit):
        raise StoreError(f"save takes a fit made by bayescale.fit, got {type(fit).__name__}.")
    target = writable_target(path)
    _check_storable(fit)
    draws = fit.unconstrained.transpose("chain", "draw", ...)
    stats = fit.sample_stats.transpose("chain", "draw", ...)
    record = record_text(fit)
    groups = stored_groups(fit) | {DRAWS: draws, STATS: stats, RUNS: runs_dataset(fit.runs)}
    write_archive(groups, record, checksum(record, _arrays(draws), _arrays(stats)), target)


def load(
    path: str | os.PathLike[str],
    *,
    law: str | type[Law] | None = None,
    noise: type[Noise] | None = None,
    allow_changed_law: bool = False,
) -> Fit:
    """Read a fit; it predicts what the saved one did, to the last bit.

    The file is data: nothing named in it is imported or run. A fit of your own law or noise needs them from you.

    Args:
        path: a file written by :func:`save`.
        law: the law of the fit, as a class or ``"file.py:Class"``; only needed if it is not in the catalogue.
        noise: the noise of the fit, as a class; only needed if it is your own.
        allow_changed_law: accept a law or a noise whose formula is not the one that was fitted.

    Returns:
        the fit; its ``checks`` are those that were saved, ``check()`` measures them again, and its ``data`` is made
        again when asked for, from the same draws and seed.

    Raises:
        StoreError: the file is missing, damaged, altered, of a later version, or of another or a changed law or noise.
        LawError: ``law`` is given and is none.
        SettingsError: ``noise`` is given and is none.
    """
    given = None if law is None else find_law(law)
    if noise is not None and not (isinstance(noise, type) and issubclass(noise, Noise)):
        raise SettingsError(f"noise must be the Noise class of the fit, got {noise!r}; leave it out if it has a name.")
    try:
        return _rebuild(read_archive(path), given, noise, allow_changed_law)
    except BayescaleError as error:
        raise StoreError(f"{path!s} cannot be loaded: {error}") from error
    except Exception as error:  # whatever else a damaged file makes of other libraries
        raise StoreError(
            f"{path!s} cannot be loaded: it is damaged or holds no fit ({type(error).__name__}); save it again."
        ) from error


def _check_storable(fit: Fit) -> None:
    """Refuse what only the code of this session knows: it would be lost with it."""
    if fit.model.residuals is not None and fit.model.residuals not in RESIDUALS:
        raise StoreError(
            f"The residuals {fit.model.residuals.name!r} are your own, and a saved fit has one of "
            f"{', '.join(known.name for known in RESIDUALS)}; keep the draws with fit.data.to_netcdf(...)."
        )
    replaced = dict(fit.model.priors) | ({"run effects": fit.model.effects.prior} if fit.model.effects else {})
    for name, prior in replaced.items():
        if type(prior) not in PRIORS:
            raise StoreError(
                f"The prior {type(prior).__name__} of {name} is your own, and a saved fit has one of "
                f"{', '.join(known.__name__ for known in PRIORS)}; keep the draws with fit.data.to_netcdf(...)."
            )
    size = fit.unconstrained.nbytes + fit.sample_stats.nbytes
    if size > MAX_BYTES:
        raise StoreError(f"The draws take {size:,} bytes and a file holds up to {MAX_BYTES:,}; fit with fewer draws.")


def _arrays(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    return {str(name): variable.to_numpy() for name, variable in dataset.data_vars.items()}


def _rebuild(archive: Archive, given: type[Law] | None, noise: type[Noise] | None, allow_changed_law: bool) -> Fit:
    """Make the fit from what the file holds, checking each part against the ones before."""
    record = parse_record(archive.record)
    checks = take_checks(record)
    law = recorded_law(record_part(record, "law", dict), given, allow_changed_law)
    noise = recorded_noise(record, noise, allow_changed_law)
    settings, seed = Settings(**record_part(record, "settings", dict)), check_seed(record_part(record, "seed", int))
    anchors = recorded_anchors(law, record_part(record, "anchors", dict))
    runs = stored_runs(archive.groups[RUNS], record_part(record, "data", dict), law)
    residuals = recorded_residuals(record, allow_changed_law)
    model, layout = recorded_model(law, noise, residuals, record, runs, anchors)
    draws, stats = archive.groups[DRAWS], archive.groups[STATS]
    check_draws(draws, model, layout, settings)
    check_stats(stats, settings, recorded_engine(record))
    if checksum(archive.record, draws, stats) != archive.sha256:
        raise StoreError("its draws or its record were altered or damaged after it was saved; save the fit again.")
    unconstrained = sites_dataset(model, {name: draws[name] for name in draws}, layout.families, layout.levels)
    sample_stats = xr.Dataset(
        {name: (("chain", "draw"), values) for name, values in stats.items()},
        coords={"chain": unconstrained["chain"], "draw": unconstrained["draw"]},
    )
    return Fit(model, runs, anchors, settings, seed, unconstrained, sample_stats, record, checks)
