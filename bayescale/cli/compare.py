"""``bayescale compare``: laws and choices of analysis by how they extrapolate, and the decision under each of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.fit_options import (
    BytesPerToken,
    Columns,
    GroupColumn,
    LossUnit,
    ParamsConvention,
    Seed,
    Table,
    expect_table,
    read_table,
)
from bayescale.cli.options import AsFormat, Format, Prob, chosen
from bayescale.cli.output import BEYOND, beyond, emit, emit_json, estimate, heading, interval_words, print_table
from bayescale.cli.reporting import note

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Comparison

# Independent parts of the table below which scores of them say little.
FEW = 5
COLUMNS = {"params": "params", "tokens": "tokens", "tokens_per_param": "tokens\n/param", "a": "a", "loss": "loss"}


class Part(StrEnum):
    """Which table ``--format csv`` prints."""

    scores = "scores"
    decision = "decision"


def compare(
    table: Table,
    laws: Annotated[
        list[str], typer.Option("--laws", help="Laws of 'bayescale laws', or your own: FILE.py:CLASS; after RUNS.")
    ],
    compute: Annotated[
        list[float] | None, typer.Option("--compute", help="Budget of the decision in FLOP, 6ND; several, or repeated.")
    ] = None,
    ratios: Annotated[
        list[float] | None,
        typer.Option("--ratios", help="Largest compute over the cut of each backtest; 2 4 8 by default."),
    ] = None,
    noises: Annotated[
        list[str] | None, typer.Option("--noises", help="Noises to compare: student-t, normal, laplace, ...")
    ] = None,
    drops: Annotated[
        list[str] | None,
        typer.Option("--drops", help="Rules for runs that are not fitted: 'tokens_per_param < 5'; 'none' fits all."),
    ] = None,
    model_errors: Annotated[
        list[float] | None,
        typer.Option("--model-errors", help="Errors of the law per square root of a decade below the largest run."),
    ] = None,
    pooling: Annotated[str, typer.Option("--pooling", help="none, partial or complete.")] = "none",
    columns: Columns = None,
    group: GroupColumn = None,
    loss_unit: LossUnit = "nats/token",
    bytes_per_token: BytesPerToken = None,
    params_convention: ParamsConvention = "total",
    seed: Seed = 0,
    prob: Prob = 0.9,
    part: Annotated[Part, typer.Option("--part", help="The table that --format csv prints.")] = Part.scores,
    figure: Annotated[
        str | None, typer.Option("--figure", help="Write the intervals of the size under every choice to this file.")
    ] = None,
    form: AsFormat = Format.table,
) -> None:
    """Compare laws and choices of analysis by how they extrapolate, and average them.

    Scores of held-out larger runs, weights, and the compute-optimal plan under every choice and under their mixture:
    bayescale compare RUNS.csv --laws chinchilla chinchilla-offset --compute 1e24
    """
    expect_table(table)

    import bayescale as bs

    _check_parts(compute, part, figure)
    runs = read_table(
        table, columns, group=group, loss_unit=loss_unit, bytes_per_token=bytes_per_token,
        params_convention=params_convention,
    )  # fmt: skip
    rules = [None if rule == "none" else rule for rule in drops] if drops else None
    given = chosen(ratios=ratios, noises=noises, drops=rules, model_errors=model_errors)
    found = bs.compare(laws, runs, compute=compute or None, pooling=pooling, seed=seed, **given)
    _print(found, form, part, prob)
    if figure is not None:
        _draw(found, figure, prob)


def _check_parts(compute: list[float] | None, part: Part, figure: str | None) -> None:
    """Refuse what needs a decision where there is none, before anything is fitted."""
    from bayescale.language.errors import SettingsError

    if compute:
        return
    for option, wanted in (("--part decision", part is Part.decision), ("--figure", figure is not None)):
        if wanted:
            raise SettingsError(f"{option} shows a decision; give its budget with --compute.")


def _print(found: Comparison, form: Format, part: Part, prob: float) -> None:
    from bayescale.show.tables import to_records

    decided, scored = found.decision_table(prob=prob) if found.budgets.size else None, found.table()
    if form is Format.json:
        emit_json({"scores": to_records(scored), "decision": [] if decided is None else to_records(decided)})
    elif form is Format.csv and decided is not None and part is Part.decision:
        emit(decided, form, show_decision)
    else:
        emit(scored, form, show_scores)
        if form is Format.table and decided is not None:
            typer.echo("")
            show_decision(decided)
    if scored["units"].iloc[0] < FEW:
        note(
            f"weights, standard errors and the mixture rest on {scored['units'].iloc[0]} {scored['unit'].iloc[0]}: "
            "they are surer than they should be, so look at the plan of every choice"
        )
    for label, reason in ({} if decided is None else decided.attrs["unplanned"]).items():
        note(f"{label} has no plan and no part in the mixture: {reason}")
    if flagged := int(found.table()["flagged"].sum()):
        note(
            f"{flagged} of the fits do not pass their checks; the column 'flagged' of --format csv says of which choice"
        )


def show_scores(table: pd.DataFrame) -> None:
    """Print one row per choice."""
    first = table.iloc[0]
    heading(f"Log density of {first['runs']} held-out larger runs, {first['units']} {first['unit']}")
    rows = []
    for r in table.to_dict("records"):
        rows.append(
            [
                r["choice"],
                f"{r['log_score']:.3f}",
                _apart(r["difference"], r["difference_se"]),
                f"{r['weight']:.2f}",
                _apart(r["in_range_difference"], r["in_range_difference_se"]),
                f"{r['k_hat']:.2f}",
            ]
        )
    numbers = ("beyond:\nmean per run", "difference\n(se)", "weight", "in range: PSIS-LOO\ndifference (se)", "k-hat")
    print_table(("choice", *numbers), rows, right=numbers)


def show_decision(table: pd.DataFrame) -> None:
    """Print budgets against the plan, the mixture first."""
    from bayescale.show.tables import format_number

    several = table["group"].nunique() > 1
    heading(f"Compute-optimal plan (C = 6ND), {interval_words(table)}")
    rows = []
    for (compute, group, choice), part in table.groupby(["compute", "group", "choice"], sort=False):
        cells = {r["quantity"]: estimate(r) for r in part.to_dict("records")}
        name = f"{group}: {choice}" if several else str(choice)
        rows.append(
            [
                name,
                format_number(float(compute)),
                *(cells[column] for column in COLUMNS),
                beyond(part["extrapolation"].iloc[0]),
            ]
        )
    headers = ("choice", "compute", *COLUMNS.values(), BEYOND)
    print_table(headers, rows, right=headers[1:])


def _apart(difference: float, error: float) -> str:
    """A difference with its standard error."""
    if difference == 0:
        return "best"
    return f"{difference:.3g}" if error != error else f"{difference:.3g} ({error:.2g})"


def _draw(found: Comparison, path: str, prob: float) -> None:
    """Write the figure of the first family."""
    import bayescale as bs

    axes = bs.figures.multiverse(found, group=found.families[0], prob=prob)
    figure: Any = axes.figure
    figure.savefig(path, bbox_inches="tight")
    more = f" of {found.families[0]}" if len(found.families) > 1 else ""
    note(f"figure{more} written to {path}")
