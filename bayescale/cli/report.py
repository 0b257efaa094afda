"""``bayescale report``: a page, a folder of LaTeX and a card for machines, of saved fits or of tables of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.fit_options import LOSS_UNIT, BytesPerToken, Columns
from bayescale.cli.input_options import Inputs, Numbers, further_inputs, params_option, tokens_option
from bayescale.cli.options import (
    ChangedLaw,
    DiscrepancyName,
    Group,
    OwnLaw,
    Prob,
    chosen,
    chosen_discrepancy,
    fits_by_name,
    open_fit,
    pairs,
    refuse_several,
)
from bayescale.cli.report_tables import fit_table, free_target, is_table


def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FIT.nc|RUNS...",
            help="Fits saved by 'bayescale fit', called as their files; several are compared. A table of runs is "
            "fitted first, and its fit saved beside it.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", help="The folder: new, empty, or that of an older report.")
    ] = "report",
    title: Annotated[str | None, typer.Option("--title", help="Of the report.", show_default=False)] = None,
    params: Annotated[Numbers, params_option("Model size of runs to predict; several, or repeated.")] = None,
    tokens: Annotated[Numbers, tokens_option("Their training tokens; one for all sizes, or as many.")] = None,
    inputs: Inputs = None,
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
    columns: Columns = None,
    loss_unit: Annotated[str | None, LOSS_UNIT] = None,
    bytes_per_token: BytesPerToken = None,
    discrepancy: DiscrepancyName = "learnt",
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
) -> None:
    """Write a report: one page of HTML, a folder of LaTeX, and a card for machines.

    Of saved fits, or of a table of runs, which is fitted first: --params 7e10 --tokens 1.4e12 --compute 1e21 1e23
    """
    reading = {"--columns": columns, "--loss-unit": loss_unit, "--bytes-per-token": bytes_per_token}
    _refuse_without_tables(files, reading)
    refuse_several(files, law, "report fits of your own laws in Python, bs.report(...)")

    import bayescale as bs
    from bayescale.show.report.make import check_report

    said = pairs("--card", answers, "ITEM=TEXT")
    # All that can be refused is refused before a table is fitted.
    check_report(out, title=title, prob=prob, answers=said)
    for file in filter(is_table, files):
        free_target(file)
    opened = [
        fit_table(
            file,
            law=law,
            group=group if len(files) == 1 else None,
            columns=columns,
            loss_unit=loss_unit,
            bytes_per_token=bytes_per_token,
        )
        if is_table(file)
        else (file, open_fit(file, law, allow_changed_law))
        for file in files
    ]
    files, fits = [file for file, _ in opened], [fit for _, fit in opened]
    typer.echo("Making the report's figures and tables ...", err=True)
    made = bs.report(
        fits_by_name(files, fits, "Fits"),
        out=out,
        title=title,
        compute=compute or None,
        group=group,
        prob=prob,
        discrepancy=chosen_discrepancy(discrepancy),
        answers=said,
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


def _refuse_without_tables(files: list[str], reading: Mapping[str, object]) -> None:
    """Refuse what says how tables are read where there are none.

    Raises:
        SettingsError: something was given.
    """
    from bayescale.language.errors import SettingsError

    given = [name for name, value in reading.items() if value is not None]
    if given and not any(is_table(file) for file in files):
        raise SettingsError(
            f"{given[0]} says how a table of runs is read, and {', '.join(files)} is a fit; leave it out."
        )
