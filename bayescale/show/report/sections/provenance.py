"""How the results came about: versions, hashes, seeds, and the commands that make them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from bayescale.data.model_error import model_error_of
from bayescale.inference.fit import Fit
from bayescale.inference.settings import Settings
from bayescale.laws import CATALOGUE
from bayescale.models import KNOWN
from bayescale.show.numbers import format_number
from bayescale.show.report.blocks import Block, Code, Facts, Heading, Prose, Section
from bayescale.show.report.files import file_name
from bayescale.show.report.subject import Subject, is_embedded

# Settings that the command line knows.
SETTINGS = ("chains", "warmup", "draws", "target_accept", "chain_method", "engine")


def provenance(subject: Subject) -> Section:
    """Return the section on provenance."""
    blocks: list[Block] = []
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks.append(Facts(tuple(_facts(fit))))
        said = not_on_the_command_line(fit)
        blocks.append(Prose("This command makes the fit again:" if not said else f"This command comes near: {said}"))
        blocks.append(Code("\n".join(fit_commands(fit, subject.files[name]))))
    blocks += [Prose("And this one the report:"), Code(report_command(subject))]
    return Section("provenance", "Provenance", tuple(blocks))


def _facts(fit: Fit) -> Iterator[tuple[str, str]]:
    record, settings = fit.record, fit.settings
    versions = record["versions"]
    yield "Versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    yield "Made", f"{record['created']}, on {record['device']}, in {record['seconds']:.3g} s"
    yield "Engine", fit.engine
    yield "Settings", f"seed {fit.seed}; " + ", ".join(f"{k} {v}" for k, v in vars(settings).items() if v is not None)
    yield "SHA-256 of the runs", fit.runs.sha256
    yield "SHA-256 of the law's formula", str(record["law"]["source_sha256"])
    yield "SHA-256 of the noise", str(record["noise_sha256"])


def not_on_the_command_line(fit: Fit) -> str:
    """What of a fit the command line cannot say, in a sentence; empty where it can."""
    parts = []
    if fit.model.priors:
        parts.append(f"priors of {', '.join(name for name, _ in fit.model.priors)} were replaced, which needs Python")
    if fit.model.effects is not None and fit.model.effects != type(fit.model.effects)(fit.model.effects.column):
        parts.append("the prior of the random effects was replaced, which needs Python")
    if "asked_settings" not in fit.record:
        parts.append("the file is of before what was asked of the sampler was kept")
    usual, asked = asdict(Settings()), asked_settings(fit)
    for name in ("max_tree_depth", "ess"):
        if asked[name] != usual[name]:
            parts.append(f"{name} was {asked[name]}, which needs Python")
    if fit.model.noise.name not in KNOWN:
        parts.append(f"the noise {fit.model.noise.name} is one of your own, which needs Python")
    if fit.law not in CATALOGUE:
        parts.append("the law is one of your own, in a file")
    return f"{'; '.join(parts)}." if parts else ""


def asked_settings(fit: Fit) -> dict[str, Any]:
    """The settings that the fit was asked for; of an older file, those that the engine came to."""
    return {**asdict(fit.settings), **fit.record.get("asked_settings", {})}


def fit_commands(fit: Fit, file: str) -> list[str]:
    """Shell commands that make the fit again and save it as ``file``.nc; a table of one's own must be at hand."""
    source, before = fit.runs.source, []
    if is_embedded(fit) or source.startswith("data set "):
        data_set, _, variant = source.removeprefix("data set ").partition(", ")
        data_set = "pile-families" if is_embedded(fit) else data_set
        chosen = f" --variant {shlex.quote(variant)}" if variant and not is_embedded(fit) else ""
        source = f"{file_name(data_set)}.csv"
        before = [f"bayescale datasets {shlex.quote(data_set)}{chosen} --out {shlex.quote(source)}"]
    law = fit.law.name if fit.law in CATALOGUE else f"FILE.py:{fit.law.__name__}"
    words = ["bayescale", "fit", source, "--law", law, *_options(fit), "--out", f"{file}.nc"]
    return [*before, shlex.join(" ".join(word.split()) for word in words)]


def _options(fit: Fit) -> Iterator[str]:
    runs, model = fit.runs, fit.model
    usual = asdict(Settings())
    asked = {name: value for name, value in asked_settings(fit).items() if value != usual.get(name)}
    choices: dict[str, Any] = {
        "--group": runs.group,
        "--params-convention": None if runs.params_convention == "total" else runs.params_convention,
        "--loss-unit": None if runs.source_loss_unit == runs.loss_unit else runs.source_loss_unit,
        "--noise": model.noise.name,
        "--effects": model.effects.column if model.effects else None,
        "--residuals": model.residuals.name if model.residuals else None,
        "--seed": fit.seed,
        **{f"--{name.replace('_', '-')}": value for name, value in asked.items() if name in SETTINGS},
        "--model-error": f"{error:g}" if (error := model_error_of(runs)) else None,
    }
    for option, value in choices.items():
        if value is not None:
            yield from (option, str(value))
    kinds = [f"{p.name}={model.kind(p)}" for p in model.parameters] if model.n_families > 1 else []
    yield from (["--pooling", *kinds] if kinds else [])


def report_command(subject: Subject) -> str:
    """The shell command that makes the report from the saved fits."""
    words = ["bayescale", "report", *(f"{file}.nc" for file in subject.files.values()), "--out", "report"]
    for name, values in subject.inputs.items():
        numbers = [_number(value) for value in _flat(values)]
        if name in ("params", "tokens"):
            words += [f"--{name}", *numbers]
        else:
            words += [word for number in numbers for word in ("--input", f"{name}={number}")]
    if subject.compute is not None:
        words += ["--compute", *map(_number, _flat(subject.compute))]
    words += ["--group", subject.group] if subject.group is not None else []
    words += ["--prob", f"{subject.prob:g}"] if subject.prob != 0.9 else []
    return shlex.join(" ".join(word.split()) for word in words)


def _flat(values: Any) -> list[float]:
    return np.ravel(np.asarray(values, float)).tolist()


def _number(value: float) -> str:
    return format_number(value, digits=12)
