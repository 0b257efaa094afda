"""The questions that a report on a scaling law should answer, and what a fit knows of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bayescale.data.checkpoints import DROPPED
from bayescale.data.model_error import model_error_of
from bayescale.data.runs import KEPT
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.laws.describe import formula
from bayescale.show.numbers import format_number, format_prob
from bayescale.show.report.sections.data import rows_are
from bayescale.show.report.subject import Subject

# Item and question; those of the first group are answered by whoever trained the runs.
QUESTIONS = {
    "training.architecture": "Which architecture was trained?",
    "training.data": "On which data, with which tokenizer, and were they repeated?",
    "training.optimiser": "With which optimiser, schedule of the learning rate and batch size, and how did they scale?",
    "evaluation.set": "On which test set was the response measured?",
    "law.form": "What is the form of the law?",
    "law.variables": "Which variables does it relate?",
    "law.parameters": "Which parameters are fitted?",
    "law.grounds": "On what grounds was this form chosen?",
    "data.runs": "How many runs were fitted?",
    "data.checkpoints": "Which checkpoints of a run were used?",
    "data.ranges": "What ranges do they span?",
    "data.exclusions": "Which rows were left out, and why?",
    "data.loss": "What is the response, in which unit?",
    "convention.params": "How is model size counted?",
    "convention.tokens": "How are tokens counted?",
    "convention.compute": "How is compute counted?",
    "fitting.objective": "What is the objective?",
    "fitting.priors": "Which priors, or bounds and weights?",
    "fitting.algorithm": "Which optimiser or sampler?",
    "fitting.initialisation": "How was it started?",
    "fitting.convergence": "How was it checked that it converged?",
    "uncertainty.intervals": "How are intervals made?",
    "validation.held_out": "Were larger runs held out to validate the law?",
    "validation.beyond": "What was done about extrapolation?",
    "reproduction": "What is needed to repeat the fit?",
}


def checklist(fit: Fit, subject: Subject) -> list[dict[str, str | None]]:
    """Return every question with its answer; null where only the people who trained the runs can give one."""
    known = {**_law(fit), **_data(fit), **_fitting(fit), **_validation(fit, subject), **subject.answers}
    return [{"item": item, "question": words, "answer": known.get(item)} for item, words in QUESTIONS.items()]


def check_answers(answers: Mapping[str, Any]) -> None:
    """Refuse answers to what is no item of the checklist.

    Raises:
        SettingsError: such an answer, or one that is no text.
    """
    for item, text in answers.items():
        if item not in QUESTIONS:
            raise SettingsError(f"The card has no item {item!r}; it has {', '.join(QUESTIONS)}.")
        if not isinstance(text, str):
            raise SettingsError(f"The answer to {item!r} must be text, got {text!r:.80}.")


def _law(fit: Fit) -> dict[str, str | None]:
    law = fit.law
    inputs = ", ".join(f"{q.label} ({q.name})" for q in law.arguments.values())
    return {
        "law.form": formula(law),
        "law.variables": f"{law.response.label} ({law.response.name}) from {inputs}",
        "law.parameters": "; ".join(f"{p.name}: {p.meaning}" for p in fit.model.parameters),
        "law.grounds": f"{law.claims} ({', '.join(law.cites)})" if law.claims and law.cites else law.claims or None,
    }


def _data(fit: Fit) -> dict[str, str | None]:
    runs, table = fit.runs, fit.runs.table
    names = [*fit.law.inputs(), fit.law.response.name]
    spans = [
        f"{name} {format_number(float(table[name].min()))} to {format_number(float(table[name].max()))}"
        for name in names
        if name in table
    ]
    left_out = [warning for warning in runs.warnings if warning.code in KEPT]
    early = [warning.message for warning in left_out if warning.code == DROPPED]
    families = f" in {len(fit.groups)} families" if fit.groups else ""
    response = fit.law.response
    converted = f", converted from {runs.source_loss_unit}" if runs.source_loss_unit != runs.loss_unit else ""
    is_loss = response.name == "loss"
    return {
        "data.runs": f"{len(runs)} rows{families}, from {runs.source}",
        "data.checkpoints": "; ".join([rows_are(fit), *early]),
        "data.ranges": "; ".join(spans),
        "data.exclusions": " ".join(warning.message for warning in left_out) or "none recorded",
        "data.loss": f"{response.label}, {response.unit or 'no unit'}{converted if is_loss else ''}",
        "convention.params": f"{runs.params_convention} parameters" if "params" in table else None,
        "convention.tokens": "tokens seen in training" if "tokens" in table else None,
        "convention.compute": runs.compute_convention if "compute" in table else None,
    }


def _fitting(fit: Fit) -> dict[str, str | None]:
    model, sizes = fit.model, fit.unconstrained.sizes
    of = "" if model.noise.of_value else "the log of "
    weights = (
        f"; the law's own error {error:g} a decade below the largest run" if (error := model_error_of(fit.runs)) else ""
    )
    along = f"; residuals along runs: {model.residuals.name}" if model.residuals is not None else ""
    effects = f"; random effects of {model.effects.column}" if model.effects is not None else ""
    priors = "; ".join(f"{p.name}: {model.prior(p.name)}" for p in model.parameters)
    anchored = ", ".join(f"{name} = {value:.6g}" for name, value in fit.anchors.items())
    pooled = {kind: [p.name for p in model.of_kind(kind)] for kind in ("partial", "none")}
    families = "".join(
        f"; {kind} pooling of {', '.join(names)}" for kind, names in pooled.items() if names and model.n_families > 1
    )
    return {
        "fitting.objective": f"likelihood: {model.noise.name} noise on {of}{fit.law.response.label}{along}{effects}"
        f"{families}{weights}",
        "fitting.priors": priors + (f"; at {anchored}" if anchored else ""),
        "fitting.algorithm": f"{fit.engine}; {sizes['chain']} chains of {sizes['draw']} draws",
        "fitting.initialisation": "by the package, from priors and a quick fit; the seed decides what is random in it",
        "fitting.convergence": "; ".join(
            f"{check.name} {check.value:.4g} (threshold {check.threshold:g}): {check.status}"
            for check in fit.checks.checks
        ),
        "reproduction": f"seed {fit.seed}; runs with SHA-256 {fit.runs.sha256}; versions and commands in this card",
    }


def _validation(fit: Fit, subject: Subject) -> dict[str, str | None]:
    notes = list(dict.fromkeys(one.note for one in subject.asked if one.note))
    held = None
    if subject.backtest is not None:
        last = subject.backtest.table().iloc[-1]
        held = (
            f"backtest of {subject.backtest.law}: at ratio {last['ratio']:g} 90% intervals covered "
            f"{100 * last['coverage_0.9']:.0f}% of {int(last['runs'])} larger runs"
        )
    return {
        "uncertainty.intervals": f"{format_prob(subject.prob)} equal-tailed intervals of posterior draws",
        "validation.held_out": held or "not in this report",
        "validation.beyond": " ".join(notes) or "no answer lies beyond the data",
    }
