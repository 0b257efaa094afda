"""``bayescale follow``: where a run in flight will end, and whether to stop it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

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
from bayescale.cli.options import AsFormat, Format, Prob, chosen, refuse_foreign
from bayescale.cli.output import between, emit, heading, interval_words, print_table
from bayescale.cli.plan_options import Price
from bayescale.cli.reporting import note
from bayescale.show.numbers import format_number

if TYPE_CHECKING:
    import pandas as pd


class Answer(StrEnum):
    """What is asked of a run in flight."""

    final = "final"
    funnel = "funnel"
    stop = "stop"


def follow(
    table: Table,
    run: Annotated[str, typer.Option("--run", help="The run in flight, by its name in the column 'run'.")],
    final_tokens: Annotated[float | None, typer.Option("--final-tokens", help="Where it will end, tokens.")] = None,
    final_steps: Annotated[
        float | None, typer.Option("--final-steps", help="Where it will end, steps; for a table without tokens.")
    ] = None,
    target: Annotated[
        float | None, typer.Option("--target", help="A loss (nats/token) that it should end at or below.")
    ] = None,
    answer: Annotated[
        Answer, typer.Option("--answer", help="Its end, what it passes on the way, or whether to stop it.")
    ] = Answer.final,
    family: Annotated[str | None, typer.Option("--family", help="Its family, where families share its name.")] = None,
    siblings: Annotated[
        list[str] | None,
        typer.Option("--sibling", help="A finished run to learn from, repeatable; without it all of the family."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--regress-on", help="A column that levels of runs follow, repeatable; chosen by itself."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", help="Of stop: the probability below which a run is stopped; 0.05.", show_default=False
        ),
    ] = None,
    worth: Annotated[
        float | None, typer.Option("--worth", help="Of stop: what reaching the target is worth, in the unit of prices.")
    ] = None,
    price: Price = None,
    columns: Columns = None,
    group: GroupColumn = None,
    loss_unit: LossUnit = "nats/token",
    bytes_per_token: BytesPerToken = None,
    params_convention: ParamsConvention = "total",
    seed: Seed = 0,
    prob: Prob = 0.9,
    form: AsFormat = Format.table,
) -> None:
    """Forecast where a run in flight will end, from its checkpoints and finished runs of its family.

    The table has the checkpoints of all of them: --run big --final-tokens 1e12 --target 2.3
    """
    refuse_foreign("--answer", answer, {Answer.stop: {"--threshold": threshold, "--worth": worth, "--price": price}})
    expect_table(table)

    import bayescale as bs

    runs = read_table(
        table, columns, group=group, loss_unit=loss_unit, bytes_per_token=bytes_per_token,
        params_convention=params_convention,
        along_runs=True,  # that rows of a run err together is what following it is about
    )  # fmt: skip
    found = bs.follow(
        runs, run, final_tokens=final_tokens, final_steps=final_steps, target=target, group=family, siblings=siblings,
        inputs=inputs, seed=seed,
    )  # fmt: skip
    if form is Format.csv and found.note:
        note(found.note)
    if answer is Answer.final:
        emit(found.table(prob=prob), form, show)
    elif answer is Answer.funnel:
        emit(found.funnel(prob=prob), form, show_funnel)
    else:
        emit(found.stop(**chosen(threshold=threshold, worth=worth, price=price)), form, show_stop)


def show(table: pd.DataFrame) -> None:
    """Print the forecast with and without the checkpoints."""
    first = table.iloc[0]
    heading(f"{_run(first)}, {first['siblings']} siblings: final loss, {interval_words(table)}")
    headers = ["forecast from", "loss", "target", "reaches it"]
    rows = [
        [
            row["forecast"],
            f"{format_number(row['median'], digits=4)}\n{between(row, 4)}",
            "" if row["target"] != row["target"] else format_number(row["target"], digits=4),
            "" if row["reaches"] != row["reaches"] else f"{100 * row['reaches']:.3g} %",
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[1:])


def show_funnel(table: pd.DataFrame) -> None:
    """Print one row per place and forecast."""
    first = table.iloc[0]
    place = "tokens" if "tokens" in table else "step"
    heading(f"Run {first['run']}: loss on the way, {interval_words(table)}")
    headers = ["forecast from", "of training", place, "loss"]
    rows = [
        [
            row["forecast"],
            f"{100 * row['share']:.3g} %",
            format_number(row[place]),
            f"{format_number(row['median'], digits=4)} {between(row, 4)}",
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[1:])


def show_stop(table: pd.DataFrame) -> None:
    """Print what the rule says."""
    row = table.iloc[0]
    heading(f"{_run(row)}: {'stop' if row['stop'] else 'go on'}, by the rule '{row['rule']}'")
    unit = row["unit"]
    lines = {
        "target": f"{format_number(row['target'], digits=4)} nats/token",
        "reaches it": f"{100 * row['reaches']:.3g} %",
        "wrong with": f"{100 * row['wrong']:.3g} %",
    }
    if row["cost_left"] == row["cost_left"]:
        lines["cost left"] = f"{format_number(row['cost_left'])} {unit}"
    if row["break_even"] == row["break_even"]:
        lines["break even"] = f"{format_number(row['break_even'])} {unit}, if the target is worth that"
    if row["saving"] == row["saving"]:
        lines["saving"] = f"{format_number(row['saving'])} {unit}, from stopping now"
    for name, words in lines.items():
        typer.echo(f"  {name:<12}{words}")


def _run(row: pd.Series) -> str:
    return f"Run {row['run']} at {100 * row['seen']:.3g} % of its training"
