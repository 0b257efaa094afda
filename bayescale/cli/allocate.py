"""``bayescale allocate``: how a compute budget splits into model size and tokens."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, ErrorSd, Serve, Shape, chosen_cost, chosen_error
from bayescale.cli.input_options import Inputs, chosen_inputs
from bayescale.cli.options import (
    AsFormatWithLatex,
    ChangedLaw,
    DiscrepancyName,
    FormatWithLatex,
    Group,
    OwnLaw,
    Prob,
    chosen,
    chosen_discrepancy,
    open_stages,
)
from bayescale.cli.output import BEYOND, beyond, emit, estimate, heading, interval_words, print_table
from bayescale.cli.plan_options import (
    AllowedSizes,
    Compute,
    DeviceHours,
    Dollars,
    Hours,
    Keep,
    ObjectiveWord,
    Rate,
    chosen_card,
    chosen_constraints,
    chosen_objective,
)
from bayescale.cli.plan_tables import show_action, show_regret
from bayescale.cli.score_plans import show_score_action

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Plan, ScorePlan

HEADERS = {"params": "params", "tokens": "tokens", "tokens_per_param": "tokens\n/param", "loss": "loss"}


class Answer(StrEnum):
    """What is asked of a plan."""

    posterior = "posterior"
    plan = "plan"
    regret = "regret"


def allocate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FIT.nc...",
            help="A fit saved by 'bayescale fit'; with fits of later stages, such as accuracy, the plan is for these.",
            show_default=False,
        ),
    ],
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
    target: Annotated[
        float | None, typer.Option("--target", help="With fits of later stages: the score that a run is to reach.")
    ] = None,
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

    With several fits the split is the best one for a score: bayescale allocate LOSS.nc ACCURACY.nc --answer plan
    """
    import bayescale as bs

    fits = open_stages(files, law, allow_changed_law)
    asked: dict[str, Any] = {
        **chosen(compute=compute, dollars=dollars, device_hours=device_hours, hours=hours, rate_card=chosen_card(rate)),
        "cost": chosen_cost(cost, shape, serve, params_convention=fits[0].runs.params_convention),
        "objective": chosen_objective(objective),
        "constraints": chosen_constraints(keep, sizes),
        "group": group,
        "discrepancy": chosen_discrepancy(discrepancy),
        **chosen_inputs(inputs),
    }
    if len(files) > 1:
        if compute_error is not None:
            raise bs.SettingsError("--compute-error is of plans for a loss; leave it out, or give one fit.")
        table, shown = _for_score(bs.allocate_score(bs.chain(*fits), target=target, **asked), answer, form, prob)
    elif target is not None:
        raise bs.SettingsError("--target is a score; give the fits of the later stages too, as LOSS.nc ACCURACY.nc.")
    else:
        plan = bs.allocate(fits[0], compute_error=chosen_error(compute_error), **asked)
        table, shown = _for_loss(plan, answer, form, prob)
    emit(table, form, shown)
    for fit, file in zip(fits, files, strict=True):
        # How far a plan goes is said once.
        caution(fit, file, table if fit is fits[0] else None, form)


def _for_loss(plan: Plan, answer: Answer, form: FormatWithLatex, prob: float) -> tuple[pd.DataFrame, Any]:
    """The answer of a plan for the loss, and what shows it."""
    import bayescale as bs

    if answer is not Answer.posterior and form.is_printed:
        raise bs.SettingsError(
            f"--format {form.value} is for --answer posterior; --answer {answer.value} has csv and json."
        )
    if answer is Answer.posterior:
        return plan.table(prob=prob, mcse=form.is_printed), show
    if answer is Answer.plan:
        return plan.action_table(prob=prob), show_action
    return plan.regret(prob=prob), show_regret


def _for_score(plan: ScorePlan, answer: Answer, form: FormatWithLatex, prob: float) -> tuple[pd.DataFrame, Any]:
    """The answer of a plan for a score, and what shows it."""
    import bayescale as bs

    if form.is_printed:
        raise bs.SettingsError(f"--format {form.value} is for plans for a loss; those for a score have csv and json.")
    if answer is Answer.posterior:
        return plan.table(prob=prob), show
    if answer is Answer.plan:
        return plan.action_table(prob=prob), show_score_action
    raise bs.SettingsError("--answer regret is of plans for a loss; --answer plan says what a score gives up.")


def show(table: pd.DataFrame) -> None:
    """Print one row per budget."""
    first = table.iloc[0]
    heading(f"Compute-optimal plan (C = {first['cost']}) for {first['group']}, {interval_words(table)}")
    show_plan(table)


def show_plan(table: pd.DataFrame) -> None:
    """Print budgets against params, tokens, tokens per parameter and loss."""
    from bayescale.show.tables import format_number

    # A plan for a score has it beside the loss.
    scores = [name for name in table["quantity"].unique() if name not in HEADERS]
    names = {**HEADERS, **{name: name for name in scores}}
    rows = []
    for compute, part in table.drop_duplicates(["compute", "quantity"]).groupby("compute", sort=False):
        cells = {r["quantity"]: estimate(r) for r in part.to_dict("records")}
        rows.append(
            [format_number(float(compute)), *(cells[name] for name in names), beyond(part["extrapolation"].iloc[0])]
        )
    headers = ("compute", *names.values(), BEYOND)
    print_table(headers, rows, right=headers)
