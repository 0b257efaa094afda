"""``bayescale report``: a page, a folder of LaTeX and a card for machines, of one or several saved fits."""

from __future__ import annotations

from typing import Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.options import (
    ChangedLaw,
    DiscrepancyName,
    Group,
    OwnLaw,
    Prob,
    chosen,
    chosen_discrepancy,
    fits_by_name,
    open_fits,
    pairs,
)
from bayescale.cli.predict import further_inputs


def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FIT.nc...",
            help="Fits saved by 'bayescale fit', called as their files; several are compared.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", help="The folder: new, empty, or that of an older report.")
    ] = "report",
    title: Annotated[str | None, typer.Option("--title", help="Of the report.", show_default=False)] = None,
    params: Annotated[
        list[float] | None, typer.Option("--params", help="Model size of runs to predict; several, or repeated.")
    ] = None,
    tokens: Annotated[
        list[float] | None, typer.Option("--tokens", help="Their training tokens; one for all sizes, or as many.")
    ] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="A further input of the law; repeatable.")
    ] = None,
    compute: Annotated[
        list[float] | None, typer.Option("--compute", help="Budgets to plan in FLOP, 6ND; several, or repeated.")
    ] = None,
    group: Group = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--card",
            metavar="ITEM=TEXT",
            help="What the card asks and the package cannot know: training.architecture=..., repeatable.",
        ),
    ] = None,
    discrepancy: DiscrepancyName = "learnt",
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
) -> None:
    """Write a report: one page of HTML, a folder of LaTeX, and a card for machines.

    bayescale report fit.nc --out report --params 7e10 --tokens 1.4e12 --compute 1e21 1e23
    """
    import bayescale as bs

    fits = open_fits(files, law, allow_changed_law, "report fits of your own laws in Python, bs.report(...)")
    made = bs.report(
        fits_by_name(files, fits, "Fits"),
        out=out,
        title=title,
        compute=compute or None,
        group=group,
        prob=prob,
        discrepancy=chosen_discrepancy(discrepancy),
        answers=pairs("--card", answers, "ITEM=TEXT"),
        **(chosen(params=params, tokens=tokens) | further_inputs(inputs)),
    )
    for path, words in (
        (made.html, "the page"),
        (made.latex, "for papers"),
        (made.folder / "card.json", "for machines"),
    ):
        typer.echo(f"{path}  {words}")
    for fit, file in zip(fits, files, strict=True):
        caution(fit, file)
