"""``bayescale next``: which run to train next, and whether it is worth its price."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, Shape, chosen_cost
from bayescale.cli.input_options import Inputs, Numbers, chosen_inputs, params_option, tokens_option
from bayescale.cli.options import (
    AsFormat,
    ChangedLaw,
    DiscrepancyName,
    FitFile,
    Format,
    Group,
    OwnLaw,
    chosen_discrepancy,
    open_fit,
    read_candidates,
    refuse_foreign,
)
from bayescale.cli.output import BEYOND, beyond, emit, heading, print_table
from bayescale.cli.plan_options import Price, Rate, chosen_card

if TYPE_CHECKING:
    import pandas as pd

    from bayescale.costs import RateCard
    from bayescale.decisions.next_run.goals import Goal

# Candidates that are shown to people.
SHOWN = 10
# The columns that are not inputs.
OUTPUTS = (
    "rank", "cost", "price", "group", "goal", "sd_before", "sd_after", "value", "unit", "value_error",
    "value_per_price", "extrapolation", "affordable",
)  # fmt: skip


class GoalName(StrEnum):
    """What the next run is for."""

    regret = "regret"
    forecast = "forecast"
    parameters = "parameters"


class Order(StrEnum):
    """What candidates are ordered by."""

    per_price = "per_price"
    net = "net"
    value = "value"


def next_run(
    file: FitFile,
    goal: Annotated[GoalName, typer.Option("--goal", help="What the run is for.")] = GoalName.regret,
    compute: Annotated[
        float | None,
        typer.Option("--compute", help="Of regret: the budget of the plan, FLOP; 10 x the largest run's."),
    ] = None,
    params: Annotated[Numbers, params_option("Of a forecast: model size or sizes.")] = None,
    tokens: Annotated[Numbers, tokens_option("Of a forecast: training tokens.")] = None,
    inputs: Inputs = None,
    names: Annotated[
        list[str] | None, typer.Option("--parameter", help="Of parameters: one by its name, repeatable; all of them.")
    ] = None,
    worth: Annotated[
        float | None,
        typer.Option("--worth", help="What a forecast without error, or a nat, is worth, in the unit of prices."),
    ] = None,
    candidates: Annotated[
        str | None,
        typer.Option("--candidates", metavar="FILE", help="Runs to choose from: CSV with the law's inputs."),
    ] = None,
    size: Annotated[int, typer.Option("--size", help="Runs to choose together.")] = 1,
    budget: Annotated[float | None, typer.Option("--budget", help="FLOP that the runs may cost together.")] = None,
    price: Price = None,
    rate: Rate = None,
    cost: CountedAs = Count.six_nd,
    shape: Shape = None,
    order: Annotated[Order, typer.Option("--order", help="Value over price, value less price, or value.")] = (
        Order.per_price
    ),
    discrepancy: DiscrepancyName = "learnt",
    group: Group = None,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormat = Format.table,
) -> None:
    """Say which run to train next, and whether it is worth its price.

    For a plan: --goal regret --compute 1e23. For a forecast: --goal forecast --params 7e10 --tokens 1.4e12. With --size
    above 1 the runs that are chosen together, in order.
    """
    chosen = _goal(goal, compute, params, tokens, inputs, names, worth)
    choices = read_candidates(candidates)

    import bayescale as bs

    fit = open_fit(file, law, allow_changed_law)
    found = bs.next_run(
        fit, chosen, choices, size=size, once=choices is not None, budget=budget, price=_price(price, rate),
        order=order.value, cost=chosen_cost(cost, shape, None, params_convention=fit.runs.params_convention),
        group=group, discrepancy=chosen_discrepancy(discrepancy),
    )  # fmt: skip
    table = found.table() if size == 1 else found.batch()
    emit(table, form, show)
    caution(fit, file, table, form)


def show(table: pd.DataFrame) -> None:
    """Print one row per run."""
    from bayescale.show.tables import format_number

    if table.empty:
        typer.echo("No run was chosen.")
        return
    inputs = [str(name) for name in table.columns if name not in OUTPUTS]
    unit = table["unit"].iloc[0]
    heading(f"Next run for {table['goal'].iloc[0]}, {table['group'].iloc[0]}; values in {unit}")
    rows = []
    for r in table.head(SHOWN).to_dict("records"):
        numbers = [format_number(r[name], digits=3) for name in (*inputs, "cost", "sd_before", "sd_after", "value")]
        per_price = format_number(r["value_per_price"], digits=3)
        rows.append([str(r["rank"]), *numbers, per_price, beyond(r["extrapolation"])])
    headers = ("", *inputs, "cost\n(FLOP)", "sd\nbefore", "sd\nafter", "value", "value\n/price", BEYOND)
    print_table(headers, rows, right=headers)
    if len(table) > SHOWN:
        typer.echo(f"\n  {len(table) - SHOWN:,} more, with --format csv")


def _price(price: float | None, rate: list[str] | None) -> RateCard | float | None:
    """What a FLOP costs.

    Raises:
        SettingsError: it is said twice.
    """
    from bayescale.language.errors import SettingsError

    if price is not None and rate:
        raise SettingsError("--price and --rate both say what a FLOP costs; give one of them.")
    return chosen_card(rate) if rate else price


def _goal(
    goal: GoalName,
    compute: float | None,
    params: list[float] | None,
    tokens: list[float] | None,
    inputs: list[str] | None,
    names: list[str] | None,
    worth: float | None,
) -> Goal | None:
    """The goal that the options ask for.

    Raises:
        SettingsError: options of another goal.
    """
    own: dict[str, dict[str, object]] = {
        GoalName.regret: {"--compute": compute},
        GoalName.forecast: {"--params": params, "--tokens": tokens, "--input": inputs, "--worth": worth},
        GoalName.parameters: {"--parameter": names, "--worth": worth},
    }
    refuse_foreign("--goal", goal, own)

    import bayescale as bs

    if goal is GoalName.forecast:
        where = {name: values for name, values in (("params", params), ("tokens", tokens)) if values}
        return bs.goals.Forecast(worth=worth, **where, **chosen_inputs(inputs))
    if goal is GoalName.parameters:
        return bs.goals.Parameters(*(names or ()), worth=worth)
    return None if compute is None else bs.goals.Regret(compute)
