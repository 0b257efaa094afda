"""The posterior: what is common to all families, and what each has of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from bayescale.inference.fit import Fit
from bayescale.language.labels import ALL
from bayescale.show.estimates import estimates
from bayescale.show.grid import Grid
from bayescale.show.numbers import format_prob
from bayescale.show.report.blocks import Block, Drawing, Heading, Prose, Section, Table
from bayescale.show.report.subject import Subject


def parameters(subject: Subject) -> Section:
    """Return the section on parameters."""
    blocks: list[Block] = [Prose(digits_words(subject.prob))]
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks += [*_of_fit(fit, name, subject), *_figures(fit, name, subject)]
    return Section("parameters", "Parameters", tuple(blocks))


def digits_words(prob: float) -> str:
    """What all intervals are, and how numbers are rounded."""
    return (
        f"Medians with {format_prob(prob)} equal-tailed intervals: given law, priors and runs, the value lies inside "
        "with that probability. Numbers have the digits that the Monte-Carlo error leaves certain to about one unit."
    )


def _of_fit(fit: Fit, name: str, subject: Subject) -> Iterator[Table]:
    table = fit.table(prob=subject.prob, mcse=True).drop(columns="engine")
    common = table["group"] == ALL if table["group"].nunique() > 1 else pd.Series(True, index=table.index)
    shared = table[common].drop(columns="group")
    if len(shared):
        words = (
            "Parameters." if common.all() else "What all families have in common: population, spread between families."
        )
        yield Table(subject.part("parameters", name), words, wrapped(shared))
    if not common.all():
        own = table[~common].drop(columns="meaning")
        yield Table(subject.part("parameters-of-families", name), "Parameters of each family.", estimates(own))


def _figures(fit: Fit, name: str, subject: Subject) -> Iterator[Drawing]:
    """What the runs added to the priors, what they fix together only, and families side by side."""
    from bayescale.show import figures

    interval = f"{format_prob(subject.prob)} interval"
    axes = figures.prior_posterior(fit, prob=subject.prob, group=subject.group if subject.group in fit.groups else None)
    caption = (
        "Prior and posterior of every parameter, each density scaled to its peak; sd is that of the posterior over the "
        "prior's, overlap the area that both share."
    )
    words = f"Densities of prior and posterior of {len(axes)} parameters, with the posterior median and {interval}."
    yield Drawing(subject.part("prior-posterior", name), caption, words, axes[0].figure)
    if len(fit.law.parameters) > 1 and _is_one_family(fit, subject):
        data = figures.ridges_data(fit, group=subject.group if "family" in fit.posterior.dims else None)
        strongest = data.drop_duplicates("pair")
        pairs = ", ".join(f"{row.pair} {row.correlation:.2f}" for row in strongest.itertuples())
        caption = "Draws of the pairs of parameters that depend on each other most, with divergent ones marked."
        words = f"Posterior draws of pairs of parameters against each other; rank correlations: {pairs}."
        yield Drawing(subject.part("ridges", name), caption, words, figures.ridges(data)[0].figure)
    if fit.model.partial_law:
        forest = figures.shrinkage(fit, separate=False, prob=subject.prob)
        caption = f"Families side by side and the population: medians and {interval}s."
        words = f"{caption} A panel for each of {len(forest)} parameters, a row for each of {len(fit.groups)} families."
        yield Drawing(subject.part("forest", name), caption, words, forest[0].figure)


def _is_one_family(fit: Fit, subject: Subject) -> bool:
    """Whether the report is about one family, or all families share their parameters."""
    return "family" not in fit.posterior.dims or subject.group in fit.groups


def wrapped(table: pd.DataFrame) -> Grid:
    """The table with meanings that wrap, last."""
    made = estimates(table[[name for name in table if name != "meaning"] + ["meaning"]])
    return replace(made, sides=(*made.sides[:-1], "wide"))
