"""``bayescale summary``: the parameters of a saved fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.options import AsFormatWithLatex, ChangedLaw, FitFile, FormatWithLatex, OwnLaw, Prob, open_fit
from bayescale.cli.output import emit, estimate, interval_words, print_table, width
from bayescale.language.labels import ALL, POPULATION
from bayescale.show.numbers import format_prob

if TYPE_CHECKING:
    import pandas as pd

LOCATION = "_population"  # ends the name of the population's value of a parameter


def summary(
    file: FitFile,
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormatWithLatex = FormatWithLatex.table,
) -> None:
    """Print the parameters of a saved fit.

    Medians and equal-tailed intervals, per family and for what families have in common.
    """
    fit = open_fit(file, law, allow_changed_law)
    table = fit.table(prob=prob, mcse=form.is_printed)
    emit(table, form, show)
    caution(fit, file)


def show(table: pd.DataFrame) -> None:
    """Print families against parameters, then what all families have in common."""
    sampled_by = table.attrs.get("engine")
    own, common = _split(table)
    interval = interval_words(table)
    if len(own):
        typer.echo(f"Parameters of each family, {interval}\n")
        show_families(own)
        typer.echo("")
        meanings = own.drop_duplicates("parameter")
        print_table(("", "meaning", "unit"), meanings[["parameter", "meaning", "unit"]].itertuples(index=False))
    if len(common):
        name = common["group"].iloc[0]
        heading = "Common to all families" if len(own) else "Parameters" if name == ALL else f"Parameters of {name}"
        typer.echo(("\n" if len(own) else "") + f"{heading}, {interval}\n")
        rows = [(r["parameter"], *estimate(r).split("\n"), r["unit"], r["meaning"]) for r in common.to_dict("records")]
        print_table(
            ("", "median", f"{format_prob(table['prob'].iloc[0])} interval", "unit", "meaning"), rows, right=("median",)
        )
    if sampled_by:
        typer.echo(f"\nSampled by {sampled_by}")


def _split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each family and the population have, and what is common; the population is one more family."""
    # All that a fit of one family has is its own, and needs no column for the family.
    common = table["group"] == (ALL if table["group"].nunique() > 1 else table["group"].iloc[0])
    base = table["parameter"].str.removesuffix(LOCATION)
    located = common & (base != table["parameter"]) & base.isin(set(table.loc[~common, "parameter"]))
    table = table.assign(
        parameter=base.where(located, table["parameter"]), group=table["group"].mask(located, POPULATION)
    )
    common &= ~located
    return table[~common], table[common]


def show_families(own: pd.DataFrame, parameters: list[str] | None = None) -> None:
    """Print families against parameters, as many side by side as the terminal has room for."""
    cells = {(r["group"], r["parameter"]): estimate(r) for r in own.to_dict("records")}
    groups = list(dict.fromkeys(own["group"]))
    chosen = parameters or list(dict.fromkeys(own["parameter"]))
    for position, block in enumerate(_blocks(chosen, cells, max(map(len, groups)))):
        if position:
            typer.echo("")
        rows = [(group, *(cells.get((group, name), "-") for name in block)) for group in groups]
        print_table(("family", *block), rows, right=block)


def _blocks(parameters: list[str], cells: dict[tuple[str, str], str], names: int) -> Iterator[list[str]]:
    """Split the parameters into blocks that fit beside the families' names."""
    block: list[str] = []
    used = names
    for name in parameters:
        lines = [line for (_, own), cell in cells.items() if own == name for line in cell.split("\n")]
        needed = max(map(len, [name, *lines])) + 2
        if block and used + needed > width() - 4:
            yield block
            block, used = [], names
        block.append(name)
        used += needed
    if block:
        yield block
