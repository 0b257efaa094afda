"""How plans are shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bayescale.cli.output import BEYOND, between, beyond, heading, interval_words, print_table
from bayescale.show.numbers import format_number, format_prob

if TYPE_CHECKING:
    import pandas as pd

MONEY = {"dollars": "dollars", "device_hours": "device\nhours", "hours": "hours"}
SIZE = {"params": "params", "tokens": "tokens", "tokens_per_param": "tokens\n/param"}


def show_action(table: pd.DataFrame) -> None:
    """Print the plan to choose, one row per budget."""
    first = table.iloc[0]
    heading(
        f"Plan with the least {first['objective']} (C = {first['cost']}) for {first['group']}, "
        f"{format_prob(first['prob'])} equal-tailed interval of its loss"
    )
    money = {name: head for name, head in MONEY.items() if name in table}
    headers = ["compute", *money.values(), *SIZE.values(), "loss", "waste of\ncompute", "within\n1 %", BEYOND]
    rows = [
        [
            *(format_number(row[name]) for name in ("compute", *money, *SIZE)),
            f"{format_number(row['expected_loss'], digits=4)}\n{between(row, 4)}",
            f"{format_number(row['regret_percent'], digits=2)} %",
            f"{100 * row['within_1_percent']:.0f} %",
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers)
    show_binding(table)


def show_regret(table: pd.DataFrame) -> None:
    """Print what the plan loses against the best, one row per budget."""
    first = table.iloc[0]
    heading(f"Regret of the plan (C = {first['cost']}) for {first['group']}, {interval_words(table, 'mean')}")
    headers = ["compute", "params", "tokens", "loss", "waste of\ncompute, %", "within\n1 %", "constraints,\n%"]
    rows = [
        [
            *(format_number(row[name]) for name in ("compute", "params", "tokens")),
            f"{format_number(row['loss'], digits=2)}\n{between(row, 2, 'loss_')}",
            f"{format_number(row['percent'], digits=2)}\n{between(row, 2, 'percent_')}",
            f"{100 * row['within']:.0f} %",
            format_number(row["constraints_percent"], digits=2),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers)


def show_cheapest(table: pd.DataFrame) -> None:
    """Print the least budgets, one row per loss."""
    first = table.iloc[0]
    heading(f"Least budget (C = {first['cost']}) for a loss with {format_prob(first['prob'])}, {first['group']}")
    money = {name: head for name, head in MONEY.items() if name in table}
    headers = ["loss", "compute", *money.values(), *SIZE.values(), "expected\nloss", BEYOND]
    rows = [
        [
            *(
                format_number(row[name], digits=4 if name == "loss" else 3)
                for name in ("loss", "compute", *money, *SIZE)
            ),
            format_number(row["expected_loss"], digits=4),
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers)
    show_binding(table)


def show_pareto(table: pd.DataFrame) -> None:
    """Print the front, one row per plan."""
    first = table.iloc[0]
    heading(
        f"Plans that no other beats in loss, training and serving (C = {first['cost']}), {first['group']}, "
        f"{format_prob(first['prob'])} equal-tailed interval"
    )
    money = {"dollars": "dollars"} if "dollars" in table else {}
    headers = ["training", "serving", *money.values(), *SIZE.values(), "loss", BEYOND]
    rows = [
        [
            *(format_number(row[name]) for name in ("compute", "serving", *money, *SIZE)),
            f"{format_number(row['expected_loss'], digits=4)}\n{between(row, 4)}",
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers)


def show_binding(table: pd.DataFrame) -> None:
    """Say which constraint holds which plan back."""
    held = [row for row in table.to_dict("records") if row["binding"]]
    if held:
        typer.echo("")
    for row in held:
        typer.echo(f"  held back at {format_number(row['compute'])} FLOP by: {row['binding']}")
