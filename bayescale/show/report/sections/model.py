"""What was fitted: the formula, its parameters with their priors, the noise, what families share."""

from __future__ import annotations

from collections.abc import Iterator

from bayescale.inference.fit import Fit
from bayescale.language.latex import plain_symbol
from bayescale.show.cells import Cell, words
from bayescale.show.escape import escape_markdown
from bayescale.show.grid import Grid, grid
from bayescale.show.numbers import format_number, powers
from bayescale.show.report.blocks import Block, Facts, Formula, Heading, Prose, Section, Table
from bayescale.show.report.subject import Subject

POOLED = {
    "partial": "Families differ, and scatter around a population",
    "none": "Every family has its own, on which the others say nothing",
    "complete": "Common to all families",
}


def model(subject: Subject) -> Section:
    """Return the section on model and priors."""
    blocks: list[Block] = []
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks += list(_of_fit(fit, name, subject))
    return Section("model", "Model and priors", tuple(blocks))


def _of_fit(fit: Fit, name: str, subject: Subject) -> Iterator[Block]:
    law = fit.law
    yield Prose(summary(fit))
    yield Formula(law)
    inputs = "; ".join(
        f"{plain_symbol(q.symbol)} is {q.label}{f' ({q.unit})' if q.unit else ''}"
        for q in (*law.arguments.values(), law.response)
    )
    yield Prose(f"{inputs}.")
    yield Table(subject.part("priors", name), _caption(fit), priors(fit))
    yield Facts(tuple(_facts(fit)))


def summary(fit: Fit) -> str:
    """The first line of the law's description, with its name."""
    return f"The law {fit.law.name}: {(fit.law.__doc__ or 'a law of your own.').strip().splitlines()[0]}"


def _caption(fit: Fit) -> str:
    if not fit.anchors:
        return "Parameters and their priors."
    return f"Parameters and their priors, which hold at {anchors(fit)}; results are printed at anchors of 1."


def anchors(fit: Fit) -> str:
    """The anchors of the fit with their numbers."""
    return " and ".join(f"{name} = {powers(format_number(value))}" for name, value in fit.anchors.items())


def priors(fit: Fit) -> Grid:
    """One row per parameter of law and noise."""
    replaced = dict(fit.model.priors)
    several = fit.model.n_families > 1
    rows = []
    for p in fit.model.parameters:
        code = p.symbol
        symbol = Cell(plain_symbol(code), escape_markdown(plain_symbol(code)), f"${code}$") if code else words(p.name)
        prior = f"{fit.model.prior(p.name)}{' (replaced)' if p.name in replaced else ''}"
        row = [words(p.name), symbol, words(p.meaning), words(p.unit), words(prior)]
        rows.append([*row, words(fit.model.kind(p))] if several else row)
    headers = ["name", "symbol", "meaning", "unit", "prior", *(["pooling"] if several else [])]
    return grid(headers, rows, wide=["meaning"])


def _facts(fit: Fit) -> Iterator[tuple[str, str]]:
    of = fit.law.response.label
    yield "Noise", f"{fit.model.noise.name}, on the {'' if fit.model.noise.of_value else 'log of the '}{of}"
    if fit.model.residuals:
        yield "Residuals along runs", fit.model.residuals.name
    if fit.model.effects:
        yield "Random effects", f"of {fit.model.effects.column}, sd with prior {fit.model.effects.prior}"
    for kind, meaning in POOLED.items():
        names = [p.name for p in fit.model.of_kind(kind)]
        if fit.model.n_families > 1 and names:
            yield meaning, ", ".join(names)
    for page in ("claims", "valid", "unidentified"):
        if text := getattr(fit.law, page):
            yield {"claims": "Claims", "valid": "Valid for", "unidentified": "Usually not identified"}[page], text
