"""The commands that make a fit again, and what of a fit the command line cannot say."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bayescale.data import datasets
from bayescale.data.checkpoints import DROPPED
from bayescale.data.model_error import model_error_of
from bayescale.data.sources import FRAME
from bayescale.inference.fit import Fit
from bayescale.inference.settings import Settings
from bayescale.laws import CATALOGUE
from bayescale.models import KNOWN, RESIDUALS
from bayescale.models.priors import public_modality
from bayescale.show.cite import is_embedded
from bayescale.show.escape import one_line
from bayescale.show.report.files import file_name

# Settings that the command line knows.
SETTINGS = (
    "chains", "warmup", "draws", "target_accept", "chain_method", "engine", "likelihood", "devices", "spread",
)  # fmt: skip
NEEDS_PYTHON = "which needs Python"


def fit_commands(fit: Fit, file: str) -> list[str]:
    """Shell commands that make the fit again and save it as ``file``.nc; a table of one's own must be at hand."""
    source, before = fit.runs.source, []
    if (chosen := _data_set(fit)) is not None:
        data_set, variant = chosen
        source = f"{file_name(data_set)}.csv"
        words = ["bayescale", "datasets", data_set, *(["--variant", variant] if variant else []), "--out", source]
        before = [shlex.join(words)]
    elif source == FRAME:
        source = "runs.csv"
    law = fit.law.name if fit.law in CATALOGUE else f"FILE.py:{fit.law.__name__}"
    words = ["bayescale", "fit", source, "--law", law, *_of_table(fit), *_of_model(fit), "--out", f"{file}.nc"]
    return [*before, command(words)]


def command(words: list[str]) -> str:
    """Words as one line of a shell."""
    return shlex.join(" ".join(one_line(word).split()) for word in words)


def not_on_the_command_line(fit: Fit) -> str:
    """What of a fit the command line cannot say, in a sentence; empty where it can."""
    parts = [*_lost_of_table(fit), *_lost_of_model(fit), *_lost_of_settings(fit)]
    return f"{'; '.join(parts)}." if parts else ""


def asked_settings(fit: Fit) -> dict[str, Any]:
    """The settings that the fit was asked for; of an older file, those that the engine came to."""
    return {**asdict(fit.settings), **fit.record.get("asked_settings", {})}


def _data_set(fit: Fit) -> tuple[str, str] | None:
    """Data set and variant that the table of a fit is from; None for a table of one's own."""
    if is_embedded(fit):
        return "pile-families", ""
    name, _, variant = fit.runs.source.removeprefix("data set ").partition(", ")
    return (name, variant) if fit.runs.source.startswith("data set ") else None


def _lost_of_table(fit: Fit) -> Iterator[str]:
    runs = fit.runs
    if any(warning.code == DROPPED for warning in runs.warnings):
        yield f"early checkpoints were dropped, {NEEDS_PYTHON}"
    if (chosen := _data_set(fit)) is not None:
        if len(runs) != _rows_of(*chosen):
            yield f"only {len(runs)} rows of the data set were fitted, {NEEDS_PYTHON}"
        return
    if runs.source == FRAME:
        yield "the runs were a DataFrame, to be written to runs.csv before"
    if runs.renamed is None:
        yield "the file is of before the names of the table's columns were kept"
    if runs.source_loss_unit == "bits/byte" and runs.bytes_per_token is None:
        yield "the file is of before the bytes per token were kept, which --bytes-per-token is to say"


def _rows_of(name: str, variant: str) -> int | None:
    """Rows of a variant of a data set; None where the registry does not know it any more."""
    variants = datasets.describe(name).variants if name in datasets.names() else ()
    return {one.name: one.rows for one in variants}.get(variant or (variants[0].name if variants else ""))


def _lost_of_model(fit: Fit) -> Iterator[str]:
    model = fit.model
    if model.priors and _public_priors(fit) is None:
        yield f"priors of {', '.join(name for name, _ in model.priors)} were replaced, {NEEDS_PYTHON}"
    if model.effects is not None and model.effects != type(model.effects)(model.effects.column):
        yield f"the prior of the random effects was replaced, {NEEDS_PYTHON}"
    if model.n_families > 1 and model.pooling.correlated:
        yield f"parameters of families are correlated, {NEEDS_PYTHON}"
    if model.noise.name not in KNOWN:
        yield f"the noise {model.noise.name} is one of your own, {NEEDS_PYTHON}"
    if model.residuals is not None and model.residuals not in RESIDUALS:
        yield f"the residuals {model.residuals.name} are some of your own, {NEEDS_PYTHON}"
    if fit.law not in CATALOGUE:
        yield "the law is one of your own, in a file"


def _lost_of_settings(fit: Fit) -> Iterator[str]:
    if "asked_settings" not in fit.record:
        yield "the file is of before what was asked of the sampler was kept"
    usual, asked = asdict(Settings()), asked_settings(fit)
    for name in ("max_tree_depth", "ess"):
        if asked[name] != usual[name]:
            yield f"{name} was {asked[name]}, {NEEDS_PYTHON}"


def _public_priors(fit: Fit) -> str | None:
    return public_modality(fit.law.name, fit.model.given_priors, model_error=model_error_of(fit.runs))


def _of_table(fit: Fit) -> Iterator[str]:
    """Options that say how the table is read; one of the registry is written in canonical columns and units."""
    runs = fit.runs
    own = _data_set(fit) is None
    if own and runs.renamed:
        yield from ("--columns", *(f"{name}={column or ''}" for name, column in runs.renamed.items()))
    if runs.group is not None:
        yield from ("--group", runs.group if own else "family")
    if runs.params_convention != "total":
        yield from ("--params-convention", runs.params_convention)
    if own and runs.source_loss_unit != runs.loss_unit:
        yield from ("--loss-unit", runs.source_loss_unit)
    if own and runs.bytes_per_token is not None:
        yield from ("--bytes-per-token", repr(runs.bytes_per_token))


def _of_model(fit: Fit) -> Iterator[str]:
    model, usual = fit.model, asdict(Settings())
    asked = {name: value for name, value in asked_settings(fit).items() if value != usual.get(name)}
    choices: dict[str, Any] = {
        "--noise": model.noise.name,
        "--effects": model.effects.column if model.effects else None,
        "--residuals": model.residuals.name if model.residuals else None,
        "--seed": fit.seed,
        **{f"--{name.replace('_', '-')}": value for name, value in asked.items() if name in SETTINGS},
        "--model-error": f"{error:g}" if (error := model_error_of(fit.runs)) else None,
        "--public-priors": _public_priors(fit) if model.priors else None,
    }
    for option, value in choices.items():
        if value is not None:
            yield from (option, str(value))
    kinds = [f"{p.name}={model.kind(p)}" for p in model.parameters] if model.n_families > 1 else []
    yield from (["--pooling", *kinds] if kinds else [])
