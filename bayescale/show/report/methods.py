"""The paragraph on methods that a paper needs, in LaTeX, citing what was used and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from bayescale.data.counted import counted
from bayescale.data.model_error import model_error_of
from bayescale.decisions import Plan
from bayescale.inference.fit import Fit
from bayescale.laws.describe import formula
from bayescale.show.cite import Citations, cite, data_key
from bayescale.show.escape import escape
from bayescale.show.numbers import format_prob
from bayescale.show.report.sections.extrapolation import furthest
from bayescale.show.report.subject import Subject

_IN_SAMPLING = ("hastings1970monte", "hoffman2014nuts", "christen2005markov", "phan2019composable")


def methods(subject: Subject, citations: Citations) -> str:
    """Return the paragraphs, one for each fit and one for what was asked of them."""
    parts = [" ".join(_of_fit(fit, name, subject)) for name, fit in subject.fits.items()]
    return "\n\n".join([*parts, " ".join(_of_answers(subject, citations))]) + "\n"


def _of_fit(fit: Fit, name: str, subject: Subject) -> Iterator[str]:
    own, key = cite(fit), data_key(fit)
    families = f" of {len(fit.groups)} families" if len(fit.groups) > 1 else ""
    called = "" if subject.is_single else f" ({escape(name)})"
    cited = _cited([k for k in fit.law.cites if k in own.keys])
    data = f" {_cited([key])}" if key else ""
    yield f"We fitted{called} the law {escape(fit.law.name)}{f' {cited}' if cited else ''},"
    yield rf"\[{formula(fit.law, latex=True)}\]"
    yield f"to {counted(fit.runs)}{families}{data} by Bayesian inference with bayescale~\\cite{{bayescale}}."
    of = "" if fit.model.noise.of_value else "the log of "
    noise, response = escape(fit.model.noise.name), escape(fit.law.response.label)
    yield f"Observations scatter around the law by {noise} noise on {of}{response}."
    yield from _beside_noise(fit)
    yield from _pooling(fit)
    sizes = fit.unconstrained.sizes
    sampler = {"instant": "an independence Metropolis sampler", "nuts": "the No-U-Turn sampler"}
    used = _cited([k for k in own.keys if k in _IN_SAMPLING])
    how = sampler[fit.record["engine"]["name"]]
    yield f"The posterior was sampled by {how} {used}, {sizes['chain']} chains of {sizes['draw']:,} draws."
    yield from _checks(fit)


def _beside_noise(fit: Fit) -> Iterator[str]:
    """What else keeps observations off the law."""
    if fit.model.residuals is not None:
        kind = escape(fit.model.residuals.name)
        yield f"Residuals along a run follow each other ({kind})."
    if fit.model.effects is not None:
        yield f"Observations of one {escape(fit.model.effects.column)} share a random effect."
    if error := model_error_of(fit.runs):
        yield f"The law has an error of its own, {error:g} on that scale a decade below the largest run."


def _pooling(fit: Fit) -> Iterator[str]:
    partial = [p.name for p in fit.model.of_kind("partial")]
    if fit.model.n_families > 1 and partial:
        names = ", ".join(map(escape, partial))
        yield f"Families have parameters of their own ({names}), which scatter around those of a population."


def _checks(fit: Fit) -> Iterator[str]:
    used = _cited([k for k in cite(fit).keys if k in ("vehtari2021rank", "vehtari2024pareto", "kumar2019arviz")])
    if fit.checks.failed:
        names = ", ".join(escape(check.name) for check in fit.checks.failed)
        yield rf"\textbf{{The fit does not pass its checks ({names}) {used}, so its numbers are not to be relied on.}}"
        return
    warned = ", ".join(escape(check.name) for check in fit.checks.warned)
    yield f"It passes its {len(fit.checks.checks)} checks {used}{f' with warnings of {warned}' if warned else ''}."


def _of_answers(subject: Subject, citations: Citations) -> Iterator[str]:
    yield f"Intervals are {format_prob(subject.prob, latex=True)} equal-tailed intervals of the posterior."
    if any(isinstance(one, Plan) for one in subject.asked):
        used = r"~\cite{hoffmann2022training}"
        yield f"Budgets were split between model size and tokens so that the loss is least{used}, draw by draw."
    if notes := list(furthest(subject).values()):
        used = _cited([k for k in citations.keys if k in ("kennedy2001bayesian", "plummer2015cuts")])
        if used:
            yield f"Beyond the largest training compute a discrepancy of the law was added {used}."
        yield " ".join(map(escape, notes))
    elif not subject.asked:
        yield "No answers beyond the data were asked for."


def _cited(keys: list[str]) -> str:
    return rf"\cite{{{','.join(keys)}}}" if keys else ""
