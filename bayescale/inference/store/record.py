"""The record of a saved fit: what the fit was, as JSON that is checked part by part when it is read."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bayescale.inference.checks import STATUSES, Check, Checks
from bayescale.inference.provenance import provenance
from bayescale.inference.store.archive import MAX_RECORD
from bayescale.language.errors import StoreError
from bayescale.language.prior_set import Priors
from bayescale.language.priors import Prior, prior_from_dict
from bayescale.laws import CATALOGUE, Law, definition_hash
from bayescale.models import KNOWN, RESIDUALS, Model, Noise, Pooling, Residuals, RunEffects, build_model, lay_out
from bayescale.models.layout import Layout

if TYPE_CHECKING:
    from bayescale.data import Runs
    from bayescale.inference.fit import Fit

_ALLOW = "pass allow_changed_law=True (--allow-changed-law on the command line)"
# What load rebuilds the fit from; the rest of a record is for people.
_BINDING = (
    "noise",
    "residuals",
    "pooling",
    "effects",
    "priors",
    "replaced_priors",
    "prior_anchors",
    "anchors",
    "settings",
    "seed",
    "data",
)


def record_text(fit: Fit) -> str:
    """The record of the fit and its checks as JSON; what load depends on comes from the fit itself."""
    facts = provenance(fit.model, fit.runs, fit.anchors, fit.settings, fit.seed, seconds=0.0)
    # The law and the noise as they were when they were fitted, not as their files are now.
    law = {**facts["law"], **dict(fit.record.get("law", {})), "name": fit.law.name}
    record = {**facts, **fit.record, **{key: facts[key] for key in _BINDING}, "law": law}
    record["checks"] = [checked.as_dict() for checked in fit.checks.checks]
    try:
        text = json.dumps(record, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"The record of the fit cannot be written as JSON: {error}.") from error
    if len(text) > MAX_RECORD:
        raise StoreError(f"The record of the fit has {len(text):,} characters and at most {MAX_RECORD:,} are kept.")
    return text


def parse_record(text: str) -> dict[str, Any]:
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


def record_part(record: Mapping[str, Any], name: str, kind: type) -> Any:
    """One part of the record, of the type it must have."""
    value = record.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        got = "nothing" if name not in record else repr(value)[:60]
        raise StoreError(f"its record needs {name!r} as {kind.__name__}, got {got}; save the fit again.")
    return value


def take_checks(record: dict[str, Any]) -> Checks | None:
    """Take the checks out of the record; a file of before they were saved has none, and they are measured anew."""
    if "checks" not in record:
        return None
    found = []
    for saved in record_part(record, "checks", list):
        if not isinstance(saved, dict) or set(saved) != {f.name for f in dataclasses.fields(Check)}:
            raise StoreError("its checks must have name, status, value, threshold and advice; save the fit again.")
        for name in ("name", "status", "advice"):
            record_part(saved, name, str)
        if saved["status"] not in STATUSES:
            raise StoreError(
                f"the status of a check must be one of {', '.join(STATUSES)}, got {saved['status'][:40]!r}; save again."
            )
        found.append(Check(**saved | {name: _number(saved[name]) for name in ("value", "threshold")}))
    del record["checks"]
    return Checks(tuple(found))


def _number(value: Any) -> float:
    """A number, or the name of one that JSON does not know."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if value not in ("nan", "inf", "-inf"):
        raise StoreError(f"its checks need numbers as values and thresholds, got {value!r}; save the fit again.")
    return float(value)


def recorded_law(recorded: Mapping[str, Any], given: type[Law] | None, allow_changed_law: bool) -> type[Law]:
    """The law by its name in the catalogue, or the one given; never from a name of a file."""
    name = record_part(recorded, "name", str)
    fitted = record_part(recorded, "source_sha256", str)
    known = {law.name: law for law in CATALOGUE}
    if given is None and name not in known:
        raise StoreError(
            f"it was fitted with the law {name[:80]!r}, which is not in the catalogue; give the law with "
            "load(path, law=MyLaw), or with --law my_laws.py:MyLaw on the command line."
        )
    law = known[name] if given is None else given
    if law.name != name:
        raise StoreError(f"it was fitted with the law {name[:80]!r}, got law={law.name!r}; give the law of the fit.")
    if not allow_changed_law and definition_hash(law) != fitted:
        raise StoreError(
            f"it was fitted with another version of the law {law.name!r} (source {fitted[:12]!r}, now "
            f"{definition_hash(law)[:12]!r}); fit again, or if the formula is the same {_ALLOW}."
        )
    return law


def recorded_noise(record: Mapping[str, Any], given: type[Noise] | None, allow_changed_law: bool) -> type[Noise]:
    """The noise by its name among those of the package, or the one given."""
    name, fitted = record_part(record, "noise", str), record_part(record, "noise_sha256", str)
    if given is None and name not in KNOWN:
        raise StoreError(
            f"its noise must be one of {', '.join(KNOWN)}, got {name[:40]!r}; update bayescale, or if the noise is "
            "your own give it with load(path, noise=MyNoise)."
        )
    noise = KNOWN[name] if given is None else given
    if noise.name != name:
        raise StoreError(f"it was fitted with the noise {name[:40]!r}, got noise={noise.name!r}; give that of the fit.")
    if not allow_changed_law and definition_hash(noise) != fitted:
        raise StoreError(
            f"it was fitted with another version of the noise {noise.name!r} (source {fitted[:12]!r}, now "
            f"{definition_hash(noise)[:12]!r}); fit again, or if it is the same distribution {_ALLOW}."
        )
    return noise


def recorded_residuals(record: Mapping[str, Any], allow_changed_law: bool) -> type[Residuals] | None:
    """The residuals by their name among those of the package; a file of before there were any has none."""
    if record.get("residuals") is None:
        return None
    name, fitted = record_part(record, "residuals", str), record_part(record, "residuals_sha256", str)
    known = {residuals.name: residuals for residuals in RESIDUALS}
    if name not in known:
        raise StoreError(f"its residuals must be one of {', '.join(known)}, got {name[:40]!r}; update bayescale.")
    if not allow_changed_law and definition_hash(known[name]) != fitted:
        raise StoreError(
            f"it was fitted with other residuals called {name!r}; fit again, or if they are the same {_ALLOW}."
        )
    return known[name]


def recorded_anchors(law: type[Law], recorded: Mapping[str, Any]) -> dict[str, float]:
    """The anchors of the fit, if they are those of its law."""
    expected = [a.name for a in law.anchors]
    good = all(isinstance(value, float) and math.isfinite(value) and value > 0 for value in recorded.values())
    if sorted(recorded) != sorted(expected) or not good:
        raise StoreError(f"its anchors must be positive numbers for {', '.join(expected)}; save the fit again.")
    return {name: recorded[name] for name in recorded}


def recorded_engine(record: Mapping[str, Any]) -> str:
    """Name of the engine of the fit, whose part of the record the checks read."""
    engine = record_part(record, "engine", dict)
    name = record_part(engine, "name", str)
    record_part(engine, "why", str)
    if name not in ("nuts", "instant"):
        raise StoreError(f"its engine must be nuts or instant, got {name[:40]!r}; update bayescale.")
    if name == "instant":
        quality = record_part(engine, "quality", dict)
        for measure in ("pareto_k", "efficiency"):
            record_part(quality, measure, float)
    return name


def recorded_model(
    law: type[Law],
    noise: type[Noise],
    residuals: type[Residuals] | None,
    record: Mapping[str, Any],
    runs: Runs,
    anchors: dict[str, float],
) -> tuple[Model, Layout]:
    """The model and the arrays, from the numbers of the record."""
    effects = None
    if record.get("effects") is not None:
        part = record_part(record, "effects", dict)
        effects = RunEffects(record_part(part, "column", str), prior_from_dict(record_part(part, "prior", dict)))
    pooling = Pooling.of(_pooling(record_part(record, "pooling", dict)), grouped=len(runs.families) > 1)
    layout = lay_out(law, runs, effects, anchors, noise, residuals)
    model = build_model(
        law,
        noise=noise,
        pooling=pooling,
        effects=effects,
        priors=Priors(_priors(record, law, noise, *([residuals] if residuals else [])), _prior_anchors(record)),
        n_families=len(layout.families),
        n_levels=len(layout.levels),
        residuals=residuals,
    )
    return model, layout


def _pooling(recorded: Mapping[str, Any]) -> Pooling:
    concentration = recorded.get("concentration")
    if isinstance(concentration, bool) or not isinstance(concentration, int | float):
        raise StoreError(f"its pooling needs a number as concentration, got {concentration!r}; save the fit again.")
    overrides = tuple((name, kind) for name, kind in record_part(recorded, "overrides", list))
    correlated = record_part(recorded, "correlated", bool)
    return Pooling(record_part(recorded, "default", str), overrides, correlated, concentration)


def _priors(
    record: Mapping[str, Any], law: type[Law], noise: type[Noise], *others: type[Residuals]
) -> dict[str, Prior]:
    """The priors of the fit that are not the declared ones: replaced by the user, or declared otherwise since."""
    recorded, replaced = record_part(record, "priors", dict), record_part(record, "replaced_priors", dict)
    declared = {p.name: p.prior for one in (law, noise, *others) for p in one.parameters}
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


def _prior_anchors(record: Mapping[str, Any]) -> dict[str, float]:
    """Where the priors hold; fits of before there was a choice say nothing."""
    given = record.get("prior_anchors", {})
    if not isinstance(given, dict) or given != {name: record["anchors"].get(name) for name in given}:
        raise StoreError("its priors hold at other anchors than its draws; save the fit again.")
    return given
