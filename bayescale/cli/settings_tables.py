"""How settings of planned runs are shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from bayescale.cli.output import BEYOND, between, beyond, heading, interval_words, print_table
from bayescale.show.numbers import format_estimate, format_number

if TYPE_CHECKING:
    import pandas as pd

NAMES = {"lr": "learning rate", "batch_tokens": "batch size (tokens)"}
HEADS = {
    "step": "steps",
    "tokens": "tokens",
    "compute": "compute\n(FLOP)",
    "hours": "hours",
    "dollars": "dollars",
}


def show_settings(table: pd.DataFrame) -> None:
    """Print one table per source, with one row per plan and setting."""
    asked = [name for name in ("params", "tokens", "compute") if name in table]
    headers = ["setting", "median", "interval", *asked, BEYOND]
    heading(f"Best settings, {interval_words(table)}")
    for i, (source, part) in enumerate(table.groupby("source", sort=False)):
        rows = []
        for row in part.to_dict("records"):
            median, ends = format_estimate(row["median"], row["lower"], row["upper"])
            plan = [format_number(row[name]) for name in asked]
            rows.append([NAMES[row["setting"]], median, ends, *plan, beyond(row["extrapolation"])])
        if i:
            typer.echo("")
        heading(f"{source}: {', '.join(part['group'].unique())}")
        print_table(headers, rows, right=["median", *asked, BEYOND])


def show_mistuning(table: pd.DataFrame) -> None:
    """Print one row per plan and choice."""
    first = table.iloc[0]
    heading(f"Loss above the best settings for {first['group']}, {interval_words(table, 'mean')}")
    asked = [name for name in ("params", "tokens") if name in table]
    share = f"within\n{format_number(100 * first['share'])} %"
    headers = ["choice", "learning\nrate", "batch size\n(tokens)", "above, %", "nats/token", share, *asked, BEYOND]
    rows = [
        [
            row["choice"],
            *(format_number(row[name]) for name in ("lr", "batch_tokens")),
            f"{format_number(row['percent'], digits=2)}\n{between(row, 2, 'percent_')}",
            f"{format_number(row['loss'], digits=2)}\n{between(row, 2, 'loss_')}",
            f"{100 * row['within']:.0f} %",
            *(format_number(row[name]) for name in asked),
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[1:])


def show_trade_off(table: pd.DataFrame) -> None:
    """Print one row per batch size."""
    first = table.iloc[0]
    heading(
        f"Steps against compute (C = {first['cost']}) to one loss at {format_number(first['params'])} parameters, "
        f"{interval_words(table)}; critical batch: {first['source']}"
    )
    known = {name: head for name, head in HEADS.items() if name in table}
    headers = ["batch size\n(tokens)", "over\ncritical", *known.values(), "more steps\nthan least", "more compute\n"]
    headers[-1] += "than least"
    rows = [
        [
            format_number(row["batch_tokens"]),
            f"{format_number(row['ratio'], digits=2)}x",
            *(_two_lines(row, name) for name in known),
            *(f"{format_number(row[name], digits=2)} %" for name in ("more_steps", "more_compute")),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers)


def _two_lines(row: dict[str, Any], name: str) -> str:
    median, ends = format_estimate(row[name], row[f"{name}_lower"], row[f"{name}_upper"])
    return f"{median}\n{ends}" if row[f"{name}_lower"] != row[f"{name}_upper"] else median
