"""How plans in a score are shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bayescale.cli.output import BEYOND, between, beyond, heading, print_table
from bayescale.cli.plan_tables import MONEY, SIZE, show_binding
from bayescale.show.numbers import format_number, format_prob

if TYPE_CHECKING:
    import pandas as pd


def show_score_action(table: pd.DataFrame) -> None:
    """Print the plan to choose, one row per budget."""
    first = table.iloc[0]
    heading(
        f"Plan with the least {first['objective']} (C = {first['cost']}) for {first['group']}, "
        f"{format_prob(first['prob'])} equal-tailed interval of a new run"
    )
    money = {name: head for name, head in MONEY.items() if name in table}
    aimed = [f"P(reaches\n{format_number(first['target'])})"] if "target" in table else []
    headers = ["compute", *money.values(), *SIZE.values(), first["response"], *aimed, "given up", BEYOND]
    rows = [
        [
            *(format_number(row[name]) for name in ("compute", *money, *SIZE)),
            f"{format_number(row['expected'], digits=3)}\n{between(row, 3, 'run_')}",
            *([f"{100 * row['reaches']:.3g} %"] if aimed else []),
            format_number(row["regret"], digits=2),
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers)
    show_binding(table)
    typer.echo("")
    for row in table.to_dict("records"):
        budget, size = (format_number(row[name]) for name in ("compute", "loss_params"))
        lost = f"{format_number(row['loss_regret'], digits=2)} of {row['response']}"
        typer.echo(f"  at {budget} FLOP the least expected loss is at {size} parameters, which gives up {lost}")
        if row["outside"] > 0:
            typer.echo(f"  {100 * row['outside']:.3g} % of its draws are outside of the losses of the second table")
