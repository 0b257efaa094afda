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
from bayescale.show.report.blocks import Block, Heading, Prose, Section, Table
from bayescale.show.report.subject import Subject


def parameters(subject: Subject) -> Section:
    """Return the section on parameters."""
    blocks: list[Block] = [Prose(digits_words(subject.prob))]
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks += list(_of_fit(fit, name, subject))
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


def wrapped(table: pd.DataFrame) -> Grid:
    """The table with meanings that wrap, last."""
    made = estimates(table[[name for name in table if name != "meaning"] + ["meaning"]])
    return replace(made, sides=(*made.sides[:-1], "wide"))
