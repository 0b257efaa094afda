"""Fits on disk: one NetCDF file that ArviZ reads too, and that is checked against itself before it is believed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
import xarray as xr
from numpyro import handlers
from numpyro.distributions import biject_to

from bayescale.data import Runs
from bayescale.data.cells import CellLog, parse_numbers, parse_texts
from bayescale.data.schema import COLUMNS, REQUIRED_COLUMNS
from bayescale.inference.archive import (
    DRAWS,
    MAX_BYTES,
    MAX_RECORD,
    RUNS,
    STATS,
    Archive,
    Arrays,
    checksum,
    read_archive,
    writable_target,
    write_archive,
)
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.precision import computing
from bayescale.inference.provenance import provenance
from bayescale.inference.settings import Settings, check_seed
from bayescale.language.errors import BayescaleError, DataWarning, StoreError
from bayescale.language.priors import PRIORS, Prior, prior_from_dict
from bayescale.language.quantities import LOSS, PARAMS
from bayescale.laws import CATALOGUE, Law, find_law, law_source_hash
from bayescale.models import NOISES, Model, Noise, Pooling, RunEffects, build_model, lay_out
from bayescale.models.layout import Layout

# Statistics that the checks of a fit need.
NEEDED_STATS = ("diverging", "energy", "tree_depth")
# What load rebuilds the fit from; the rest of a record is for people.
_BINDING = ("noise", "pooling", "effects", "priors", "replaced_priors", "anchors", "settings", "seed", "data")


def save(fit: Fit, path: str | os.PathLike) -> None:
    """Write a fit to one NetCDF file: the groups of ``fit.data``, the runs, and the record as JSON.

    The file appears whole or not at all. Any reader of NetCDF opens it, ``xarray.open_datatree`` for example.

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
    record = _record_text(fit)
    groups = fit.data.to_dict() | {f"/{DRAWS}": draws, f"/{STATS}": stats, f"/{RUNS}": _runs_dataset(fit.runs)}
    write_archive(groups, record, checksum(record, _arrays(draws), _arrays(stats)), target)


def load(path: str | os.PathLike, *, law: str | type[Law] | None = None, allow_changed_law: bool = False) -> Fit:
    """Read a fit; it predicts what the saved one did, to the last bit.

    The file is data: nothing named in it is imported or run. A fit of your own law needs the law from you.

    Args:
        path: a file written by :func:`save`.
        law: the law of the fit, as a class or ``"file.py:Class"``; only needed if it is not in the catalogue.
        allow_changed_law: accept a law whose source is not the one that was fitted.

    Returns:
        the fit; its ``data`` is made again when asked for, from the same draws and seed.

    Raises:
        StoreError: the file is missing, damaged, altered, of a later version, or of another or a changed law.
        LawError: ``law`` is given and is none.
    """
    given = None if law is None else find_law(law)
    try:
        return _rebuild(read_archive(path), given, allow_changed_law)
    except BayescaleError as error:
        raise StoreError(f"{path!s} cannot be loaded: {error}") from error
    except Exception as error:  # whatever else a damaged file makes of other libraries
        raise StoreError(
            f"{path!s} cannot be loaded: it is damaged or holds no fit ({type(error).__name__}); save it again."
        ) from error


def _check_storable(fit: Fit) -> None:
    """Refuse what only the code of this session knows: it would be lost with it."""
    if fit.model.noise not in NOISES:
        raise StoreError(
            f"The noise {fit.model.noise.name!r} is your own, and a saved fit has one of "
            f"{', '.join(noise.name for noise in NOISES)}; keep the draws with fit.data.to_netcdf(...)."
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


def _record_text(fit: Fit) -> str:
    """The record of the fit as JSON; what load depends on comes from the fit itself."""
    facts = provenance(fit.model, fit.runs, fit.anchors, fit.settings, fit.seed, seconds=0.0)
    # The law as it was when it was fitted, not as its file is now.
    law = {**facts["law"], **dict(fit.record.get("law", {})), "name": fit.law.name}
    record = {**facts, **fit.record, **{key: facts[key] for key in _BINDING}, "law": law}
    try:
        text = json.dumps(record, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"The record of the fit cannot be written as JSON: {error}.") from error
    if len(text) > MAX_RECORD:
        raise StoreError(f"The record of the fit has {len(text):,} characters and at most {MAX_RECORD:,} are kept.")
    return text


def _runs_dataset(runs: Runs) -> xr.Dataset:
    """The table over row; text as UTF-8 characters, so that every size is declared."""
    columns = {}
    for name in (name for name in COLUMNS if name in runs.table):
        if COLUMNS[name].kind == "number":
            columns[name] = xr.Variable("row", runs.table[name].to_numpy(np.float64))
        else:
            texts = np.array(runs.table[name].tolist(), dtype=object)
            columns[name] = xr.Variable("row", texts, encoding={"dtype": "S1"})
    return xr.Dataset(columns)


def _arrays(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    return {str(name): variable.to_numpy() for name, variable in dataset.data_vars.items()}


def _rebuild(archive: Archive, given: type[Law] | None, allow_changed_law: bool) -> Fit:
    """Make the fit from what the file holds, checking each part against the ones before."""
    record = _parse(archive.record)
    law = _law(_part(record, "law", dict), given, allow_changed_law)
    settings, seed = Settings(**_part(record, "settings", dict)), check_seed(_part(record, "seed", int))
    anchors = _anchors(law, _part(record, "anchors", dict))
    runs = _runs(archive.groups[RUNS], _part(record, "data", dict))
    model, layout = _model(law, record, runs, anchors)
    draws, stats = archive.groups[DRAWS], archive.groups[STATS]
    _check_draws(draws, model, layout, settings)
    _check_stats(stats, settings)
    if checksum(archive.record, draws, stats) != archive.sha256:
        raise StoreError("its draws or its record were altered or damaged after it was saved; save the fit again.")
    unconstrained = sites_dataset(model, {name: draws[name] for name in draws}, layout.families, layout.levels)
    sample_stats = xr.Dataset(
        {name: (("chain", "draw"), values) for name, values in stats.items()},
        coords={"chain": unconstrained["chain"], "draw": unconstrained["draw"]},
    )
    return Fit(model, runs, anchors, settings, seed, unconstrained, sample_stats, record)


def _parse(text: str) -> dict[str, Any]:
    """Read the record."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON number")

    try:
        record = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"its record is no valid JSON ({error}); save the fit again.") from error
    if not isinstance(record, dict):
        raise StoreError(f"its record is JSON of a {type(record).__name__}, expected an object; save the fit again.")
    return record


def _part(record: Mapping[str, Any], name: str, kind: type) -> Any:
    """One part of the record, of the type it must have."""
    value = record.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        got = "nothing" if name not in record else repr(value)[:60]
        raise StoreError(f"its record needs {name!r} as {kind.__name__}, got {got}; save the fit again.")
    return value


def _law(recorded: Mapping[str, Any], given: type[Law] | None, allow_changed_law: bool) -> type[Law]:
    """The law by its name in the catalogue, or the one given; never from a name of a file."""
    name = _part(recorded, "name", str)
    fitted = _part(recorded, "source_sha256", str)
    known = {law.name: law for law in CATALOGUE}
    if given is None and name not in known:
        raise StoreError(
            f"it was fitted with the law {name[:80]!r}, which is not in the catalogue; give the law with "
            "load(path, law=MyLaw), or with --law my_laws.py:MyLaw on the command line."
        )
    law = known[name] if given is None else given
    if law.name != name:
        raise StoreError(f"it was fitted with the law {name[:80]!r}, got law={law.name!r}; give the law of the fit.")
    if not allow_changed_law and law_source_hash(law) != fitted:
        raise StoreError(
            f"it was fitted with another version of the law {law.name!r} (source {fitted[:12]!r}, now "
            f"{law_source_hash(law)[:12]!r}); fit again, or pass allow_changed_law=True if the formula is the same."
        )
    return law


def _anchors(law: type[Law], recorded: Mapping[str, Any]) -> dict[str, float]:
    expected = [a.name for a in law.anchors]
    good = all(isinstance(value, float) and math.isfinite(value) and value > 0 for value in recorded.values())
    if sorted(recorded) != sorted(expected) or not good:
        raise StoreError(f"its anchors must be positive numbers for {', '.join(expected)}; save the fit again.")
    return {name: recorded[name] for name in recorded}


def _runs(columns: Arrays, about: Mapping[str, Any]) -> Runs:
    """The table, through the same checks of cells as when it was first read."""
    unknown, missing = set(columns) - set(COLUMNS), set(REQUIRED_COLUMNS) - set(columns)
    if unknown or missing or len({values.shape for values in columns.values()}) != 1:
        raise StoreError(f"its runs must be columns of one length with {', '.join(REQUIRED_COLUMNS)}; save it again.")
    rows = np.arange(1, len(columns["loss"]) + 1)
    log = CellLog("its table of runs")
    table: dict[str, Any] = {}
    for name in (name for name in COLUMNS if name in columns):
        values, rule = columns[name], COLUMNS[name]
        if values.ndim != 1 or (values.dtype != np.float64 if rule.kind == "number" else values.dtype.kind != "S"):
            raise StoreError(f"the column {name!r} of its runs is {values.dtype} {values.shape}; save the fit again.")
        if rule.kind == "number":
            table[name] = parse_numbers(values, rows, column=rule, name=name, log=log)
        else:
            texts = [text.decode() for text in values.tolist()]
            table[name] = parse_texts(texts, rows, column=rule, name=name, log=log)
    log.raise_if_any()
    runs = Runs(table=pd.DataFrame(table), **_about(about))
    if runs.sha256 != about.get("sha256"):
        raise StoreError("its table of runs is not the one that was fitted, their hashes differ; save the fit again.")
    return runs


def _about(about: Mapping[str, Any]) -> dict[str, Any]:
    """What is known about the table besides its cells."""
    allowed = {
        "loss_unit": ("nats/token",),
        "source_loss_unit": LOSS.conventions,
        "params_convention": PARAMS.conventions,
        "compute_convention": ("6ND", "exact"),
    }
    for name, values in allowed.items():
        if _part(about, name, str) not in values:
            raise StoreError(f"its {name} must be one of {', '.join(values)}, got {about[name][:40]!r}; save it again.")
    group = None if about.get("group") is None else _part(about, "group", str)
    warnings = []
    for pair in _part(about, "warnings", list):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise StoreError("its warnings must be pairs of code and message; save the fit again.")
        warnings.append(DataWarning(*pair))
    kept = {name: about[name] for name in allowed}
    return {**kept, "group": group, "source": _part(about, "source", str), "warnings": tuple(warnings)}


def _model(law: type[Law], record: Mapping[str, Any], runs: Runs, anchors: dict[str, float]) -> tuple[Model, Layout]:
    """The model and the arrays, from the names and numbers of the record."""
    noises = {noise.name: noise for noise in NOISES}
    name = _part(record, "noise", str)
    if name not in noises:
        raise StoreError(f"its noise must be one of {', '.join(noises)}, got {name[:40]!r}; update bayescale.")
    effects = None
    if record.get("effects") is not None:
        part = _part(record, "effects", dict)
        effects = RunEffects(_part(part, "column", str), prior_from_dict(_part(part, "prior", dict)))
    pooling = Pooling.of(_pooling(_part(record, "pooling", dict)), grouped=len(runs.families) > 1)
    layout = lay_out(law, runs, effects, anchors)
    model = build_model(
        law,
        noise=noises[name],
        pooling=pooling,
        effects=effects,
        priors=_priors(record, law, noises[name]),
        n_families=len(layout.families),
        n_levels=len(layout.levels),
    )
    return model, layout


def _pooling(recorded: Mapping[str, Any]) -> Pooling:
    concentration = recorded.get("concentration")
    if isinstance(concentration, bool) or not isinstance(concentration, int | float):
        raise StoreError(f"its pooling needs a number as concentration, got {concentration!r}; save the fit again.")
    overrides = tuple((name, kind) for name, kind in _part(recorded, "overrides", list))
    correlated = _part(recorded, "correlated", bool)
    return Pooling(_part(recorded, "default", str), overrides, correlated, concentration)


def _priors(record: Mapping[str, Any], law: type[Law], noise: type[Noise]) -> dict[str, Prior]:
    """The priors of the fit that are not the declared ones: replaced by the user, or declared otherwise since."""
    recorded, replaced = _part(record, "priors", dict), _part(record, "replaced_priors", dict)
    declared = {p.name: p.prior for p in (*law.parameters, *noise.parameters)}
    if set(recorded) != set(declared) or not set(replaced) <= set(declared):
        raise StoreError(
            f"it has the parameters {', '.join(sorted(recorded))[:200]} and {law.name} with {noise.name} noise has "
            f"{', '.join(sorted(declared))}; load it with the version of the law that was fitted."
        )
    return {
        name: prior_from_dict(recorded[name])
        for name, prior in declared.items()
        if name in replaced or recorded[name] != prior.as_dict()
    }


def _check_draws(draws: Arrays, model: Model, layout: Layout, settings: Settings) -> None:
    """Refuse draws that are not those of the model."""
    expected = _site_shapes(model, layout)
    if set(draws) != set(expected):
        name = min(set(draws) ^ set(expected))
        state = "lacks" if name in expected else "holds the unknown"
        raise StoreError(f"the group {DRAWS!r} {state} variable {name!r}; save the fit again.")
    for name, values in draws.items():
        shape = (settings.chains, settings.draws, *expected[name])
        if values.shape != shape or values.dtype != np.float64:
            raise StoreError(
                f"the draws of {name!r} must be float64 of shape {shape}, got {values.dtype} of {values.shape}; "
                "save the fit again."
            )
        if not np.isfinite(values).all():
            raise StoreError(f"the draws of {name!r} are not all finite; save the fit again.")


def _check_stats(stats: Arrays, settings: Settings) -> None:
    """Refuse sampler statistics that are not over chain and draw."""
    if missing := [name for name in NEEDED_STATS if name not in stats]:
        raise StoreError(f"the group {STATS!r} lacks the variable {missing[0]!r}; save the fit again.")
    for name, values in stats.items():
        if values.shape != (settings.chains, settings.draws) or values.dtype.kind not in "fiub":
            raise StoreError(
                f"the statistic {name!r} must be numbers of shape {(settings.chains, settings.draws)}, "
                f"got {values.dtype} of {values.shape}; save the fit again."
            )


def _site_shapes(model: Model, layout: Layout) -> dict[str, tuple[int, ...]]:
    """Shape of one draw of every sampled site on the unconstrained scale, by running the model on shapes alone."""

    def unconstrained() -> dict[str, Any]:
        trace = handlers.trace(handlers.seed(model, jax.random.key(0))).get_trace(layout.arrays)
        sites = [site for site in trace.values() if site["type"] == "sample" and not site["is_observed"]]
        return {site["name"]: biject_to(site["fn"].support).inv(site["value"]) for site in sites}

    with computing():
        return {name: value.shape for name, value in jax.eval_shape(unconstrained).items()}
