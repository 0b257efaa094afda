"""``bayescale pareto``: trade-offs of loss, training and serving."""

from __future__ import annotations

from typing import Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, Shape, chosen_cost
from bayescale.cli.input_options import Inputs, Numbers, chosen_inputs, params_option
from bayescale.cli.options import (
    AsFormat,
    ChangedLaw,
    DiscrepancyName,
    FitFile,
    Format,
    Group,
    OwnLaw,
    Prob,
    chosen,
    chosen_discrepancy,
    open_fit,
)
from bayescale.cli.output import emit
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
from bayescale.cli.plan_tables import show_pareto


def pareto(
    file: FitFile,
    serve: Annotated[float, typer.Option("--serve", help="Tokens that will be served.")],
    compute: Compute = None,
    dollars: Dollars = None,
    device_hours: DeviceHours = None,
    hours: Hours = None,
    rate: Rate = None,
    inference_price: Annotated[
        float,
        typer.Option("--inference-price", help="Of an inference FLOP over a training FLOP, in total and dollars."),
    ] = 1.0,
    cost: CountedAs = Count.six_nd,
    shape: Shape = None,
    params: Annotated[Numbers, params_option("The sizes to choose from, instead of --count.")] = None,
    count: Annotated[int, typer.Option("--count", help="Sizes per budget, from the best one down.")] = 7,
    objective: ObjectiveWord = "mean",
    keep: Keep = None,
    sizes: AllowedSizes = None,
    inputs: Inputs = None,
    discrepancy: DiscrepancyName = "learnt",
    group: Group = None,
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormat = Format.table,
) -> None:
    """Show trade-offs of loss, training and serving cost.

    Plans of which no other is better in all three: --compute 1e22 1e23 --serve 1e12
    """
    import bayescale as bs

    fit = open_fit(file, law, allow_changed_law)
    table = bs.pareto(
        fit,
        served=serve,
        **chosen(compute=compute, dollars=dollars, device_hours=device_hours, hours=hours, rate_card=chosen_card(rate)),
        inference_price=inference_price,
        cost=chosen_cost(cost, shape, None, params_convention=fit.runs.params_convention),
        params=params,
        count=count,
        objective=chosen_objective(objective),
        constraints=chosen_constraints(keep, sizes),
        group=group,
        discrepancy=chosen_discrepancy(discrepancy),
        prob=prob,
        **chosen_inputs(inputs),
    ).table()
    emit(table, form, show_pareto)
    caution(fit, file, table, form)
