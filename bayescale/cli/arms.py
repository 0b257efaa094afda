"""``bayescale arms``: which of several arms is better at a larger scale."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, Serve, Shape, chosen_cost
from bayescale.cli.input_options import Inputs, Numbers, chosen_inputs, params_option, tokens_option
from bayescale.cli.options import (
    AsFormat,
    DiscrepancyName,
    Format,
    chosen,
    chosen_discrepancy,
    fits_by_name,
    open_fit,
    pairs,
    refuse_foreign,
)
from bayescale.cli.output import BEYOND, between, beyond, emit, heading, interval_words, print_table
from bayescale.cli.plan_options import Compute
from bayescale.show.numbers import format_number, format_prob

if TYPE_CHECKING:
    import pandas as pd


class Answer(StrEnum):
    """What is asked of a comparison."""

    arms = "arms"
    pairs = "pairs"
    crossings = "crossings"
    detectable = "detectable"


def arms(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FIT.nc...",
            help="A fit whose families are the arms; or a fit for each arm, called as its file.",
            show_default=False,
        ),
    ],
    compute: Compute = None,
    names: Annotated[
        list[str] | None, typer.Option("--arm", help="An arm to compare, repeatable; without it all of them.")
    ] = None,
    params: Annotated[Numbers, params_option("Size of all arms; without it each one's own best split.")] = None,
    tokens: Annotated[Numbers, tokens_option("Training tokens of all arms.")] = None,
    answer: Annotated[
        Answer,
        typer.Option("--answer", help="Every arm, every pair, where curves cross, or what could be told apart."),
    ] = Answer.arms,
    kind: Annotated[str, typer.Option("--kind", help="'law' for curves, 'run' for one new run of each arm.")] = "law",
    clusters: Annotated[
        list[str] | None,
        typer.Option("--cluster", metavar="ARM=NAME", help="Arms that share errors of the law; without it all do."),
    ] = None,
    power: Annotated[
        float | None, typer.Option("--power", help="Of detectable: probability to tell; 0.8.", show_default=False)
    ] = None,
    certain: Annotated[
        float | None,
        typer.Option("--certain", help="Of detectable: probability that counts as told; 0.95.", show_default=False),
    ] = None,
    cost: CountedAs = Count.six_nd,
    shape: Shape = None,
    serve: Serve = None,
    inputs: Inputs = None,
    discrepancy: DiscrepancyName = "learnt",
    prob: Annotated[
        float | None,
        typer.Option("--prob", help="Probability of intervals; not of detectable.", show_default="0.9"),
    ] = None,
    form: AsFormat = Format.table,
) -> None:
    """Say which of several recipes or corpora is better at larger scale.

    With the probability that each is the best, and what choosing it may cost: --compute 1e21 1e23
    """
    with_intervals = {one.value: {"--prob": prob} for one in Answer if one is not Answer.detectable}
    refuse_foreign("--answer", answer, {**with_intervals, Answer.detectable: {"--power": power, "--certain": certain}})

    import bayescale as bs

    fits = [open_fit(file, None, allow_changed_law=False) for file in files]
    found = bs.compare_arms(
        fits[0] if len(fits) == 1 else fits_by_name(files, fits, "Arms"),
        **chosen(compute=compute, params=params, tokens=tokens, arms=names),
        kind=kind,
        cost=chosen_cost(cost, shape, serve, params_convention=fits[0].runs.params_convention),
        clusters=pairs("--cluster", clusters, "ARM=NAME") or None,
        discrepancy=chosen_discrepancy(discrepancy),
        **chosen_inputs(inputs),
    )
    if answer is Answer.arms:
        table, shown = found.table(**chosen(prob=prob)), show
    elif answer is Answer.pairs:
        table, shown = found.pairs(**chosen(prob=prob)), show_pairs
    elif answer is Answer.crossings:
        table, shown = found.crossings(**chosen(prob=prob)), show_crossings
    else:
        table, shown = found.detectable(**chosen(power=power, prob=certain)), show_detectable
    emit(table, form, shown)
    for fit, file in zip(fits, files, strict=True):
        # How far the comparison goes is said once.
        caution(fit, file, found.table() if fit is fits[0] else None, form)


def show(table: pd.DataFrame) -> None:
    """Print one row per budget and arm."""
    first = table.iloc[0]
    heading(f"Arms (C = {first['cost']}), {_of(first['kind'])}, {interval_words(table)}")
    headers = ["compute", "arm", "params", "tokens", "loss", "P(best)", "regret", BEYOND]
    rows = [
        [
            format_number(row["compute"]),
            row["arm"],
            *(format_number(row[name]) for name in ("params", "tokens")),
            f"{format_number(row['median'], digits=4)}\n{between(row, 4)}",
            f"{100 * row['best']:.3g} %",
            format_number(row["regret"], digits=2),
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=[name for name in headers if name != "arm"])


def show_pairs(table: pd.DataFrame) -> None:
    """Print one row per budget and pair."""
    heading(f"Pairs of arms: loss of the first less that of the second, {interval_words(table)}")
    headers = ["compute", "first", "second", "P(first\nwins)", "difference", "correla-\ntion", BEYOND]
    rows = [
        [
            format_number(row["compute"]),
            row["first"],
            row["second"],
            f"{100 * row['wins']:.3g} %",
            f"{format_number(row['difference'], digits=3)}\n{between(row, 3)}",
            format_number(row["correlation"], digits=2),
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[3:])


def show_crossings(table: pd.DataFrame) -> None:
    """Print one row per pair."""
    first = table.iloc[0]
    ends = " and ".join(format_number(first[name]) for name in ("least", "largest"))
    heading(f"Crossings of curves between {ends} FLOP, {interval_words(table)} of the last one where there is one")
    headers = ["first", "second", "crosses", "first\novertakes", "second\novertakes", "compute"]
    rows = [
        [
            row["first"],
            row["second"],
            *(f"{100 * row[name]:.3g} %" for name in ("crosses", "first_overtakes", "second_overtakes")),
            f"{format_number(row['compute'])}\n{between(row, 3)}" if row["crosses"] else "",
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[2:])


def show_detectable(table: pd.DataFrame) -> None:
    """Print one row per budget and pair."""
    first = table.iloc[0]
    heading(
        f"Least difference (nats/token) that is told with {format_prob(first['power'])} probability, as "
        f"{format_prob(first['prob'])} certain"
    )
    headers = ["compute", "first", "second", "detectable", "difference\nfound", "told"]
    rows = [
        [
            format_number(row["compute"]),
            row["first"],
            row["second"],
            *(format_number(row[name], digits=2) for name in ("detectable", "difference")),
            "yes" if row["told"] else "no",
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[3:5])


def _of(kind: str) -> str:
    return "the laws' curves" if kind == "law" else "one new run of each"
