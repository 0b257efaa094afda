"""``bayescale allocate``: how a compute budget splits into model size and tokens."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, ErrorSd, Serve, Shape, chosen_cost, chosen_error
from bayescale.cli.options import (
    AsFormatWithLatex,
    ChangedLaw,
    DiscrepancyName,
    FitFile,
    FormatWithLatex,
    Group,
    OwnLaw,
    Prob,
    chosen,
    chosen_discrepancy,
    open_fit,
)
from bayescale.cli.output import BEYOND, beyond, emit, estimate, heading, print_table
from bayescale.cli.plan_options import (
    AllowedSizes,
    Compute,
    DeviceHours,
    Dollars,
    Hours,
    Inputs,
    Keep,
    ObjectiveWord,
    Rate,
    chosen_card,
    chosen_constraints,
    chosen_inputs,
    chosen_objective,
)
from bayescale.cli.plan_tables import show_action, show_regret
from bayescale.show.numbers import format_prob

if TYPE_CHECKING:
    import pandas as pd

HEADERS = {"params": "params", "tokens": "tokens", "tokens_per_param": "tokens\n/param", "loss": "loss"}


class Answer(StrEnum):
    """What is asked of a plan."""

    posterior = "posterior"
    plan = "plan"
    regret = "regret"


def allocate(
    file: FitFile,
    compute: Compute = None,
    dollars: Dollars = None,
    device_hours: DeviceHours = None,
    hours: Hours = None,
    rate: Rate = None,
    cost: CountedAs = Count.six_nd,
    shape: Shape = None,
    serve: Serve = None,
    answer: Annotated[
        Answer,
        typer.Option(
            "--answer",
            help="The posterior of the best split; the one plan that is best over it; or what that plan loses.",
        ),
    ] = Answer.posterior,
    objective: ObjectiveWord = "mean",
    keep: Keep = None,
    sizes: AllowedSizes = None,
    inputs: Inputs = None,
    compute_error: ErrorSd = None,
    discrepancy: DiscrepancyName = "learnt",
    group: Group = None,
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormatWithLatex = FormatWithLatex.table,
) -> None:
    """Plan model size and tokens for budgets.

    The compute-optimal split of each budget, with intervals: --compute 1e21 1e23
    """
    import bayescale as bs

    fit = open_fit(file, law, allow_changed_law)
    counted = chosen_cost(cost, shape, serve, params_convention=fit.runs.params_convention)
    plan = bs.allocate(
        fit,
        **chosen(compute=compute, dollars=dollars, device_hours=device_hours, hours=hours, rate_card=chosen_card(rate)),
        cost=counted,
        objective=chosen_objective(objective),
        constraints=chosen_constraints(keep, sizes),
        group=group,
        compute_error=chosen_error(compute_error),
        discrepancy=chosen_discrepancy(discrepancy),
        **chosen_inputs(inputs),
    )
    if answer is not Answer.posterior and form is FormatWithLatex.latex:
        raise bs.SettingsError(f"--format latex is for --answer posterior; --answer {answer.value} has csv and json.")
    if answer is Answer.posterior:
        table, shown = plan.table(prob=prob), show
    elif answer is Answer.plan:
        table, shown = plan.action_table(prob=prob), show_action
    else:
        table, shown = plan.regret(prob=prob), show_regret
    emit(table, form, shown)
    caution(fit, file, table, form)


def show(table: pd.DataFrame) -> None:
    """Print one row per budget."""
    interval = f"median and {format_prob(table['prob'].iloc[0])} equal-tailed interval"
    heading(f"Compute-optimal plan (C = {table['cost'].iloc[0]}) for {table['group'].iloc[0]}, {interval}")
    show_plan(table)


def show_plan(table: pd.DataFrame) -> None:
    """Print budgets against params, tokens, tokens per parameter and loss."""
    from bayescale.show.tables import format_number

    rows = []
    for compute, part in table.drop_duplicates(["compute", "quantity"]).groupby("compute", sort=False):
        cells = {r["quantity"]: estimate(r) for r in part.to_dict("records")}
        rows.append(
            [format_number(float(compute)), *(cells[name] for name in HEADERS), beyond(part["extrapolation"].iloc[0])]
        )
    headers = ("compute", *HEADERS.values(), BEYOND)
    print_table(headers, rows, right=headers)
