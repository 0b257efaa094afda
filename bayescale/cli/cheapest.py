"""``bayescale cheapest``: the least budget that reaches a loss."""

from __future__ import annotations

from typing import Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, ErrorSd, Serve, Shape, chosen_cost, chosen_error
from bayescale.cli.input_options import Inputs, chosen_inputs
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
)
from bayescale.cli.output import emit
from bayescale.cli.plan_options import (
    AllowedSizes,
    Keep,
    Rate,
    chosen_card,
    chosen_constraints,
)
from bayescale.cli.plan_tables import show_cheapest


def cheapest(
    file: FitFile,
    loss: Annotated[list[float], typer.Option("--loss", help="Loss to reach; several, or repeated.")],
    prob: Annotated[float, typer.Option("--prob", help="Probability with which the plan is to reach it.")] = 0.9,
    rate: Rate = None,
    cost: CountedAs = Count.six_nd,
    shape: Shape = None,
    serve: Serve = None,
    keep: Keep = None,
    sizes: AllowedSizes = None,
    inputs: Inputs = None,
    compute_error: ErrorSd = None,
    discrepancy: DiscrepancyName = "learnt",
    group: Group = None,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormat = Format.table,
) -> None:
    """Find the least budget that reaches a loss.

    With its plan, and in dollars where --rate says what hardware costs: --loss 2.0 --prob 0.9
    """
    import bayescale as bs

    fit = open_fit(file, law, allow_changed_law)
    table = bs.cheapest(
        fit,
        loss=loss,
        prob=prob,
        rate_card=chosen_card(rate),
        cost=chosen_cost(cost, shape, serve, params_convention=fit.runs.params_convention),
        constraints=chosen_constraints(keep, sizes),
        group=group,
        compute_error=chosen_error(compute_error),
        discrepancy=chosen_discrepancy(discrepancy),
        **chosen_inputs(inputs),
    ).table()
    emit(table, form, show_cheapest)
    caution(fit, file, table, form)
