"""``bayescale scores``: which of several recipes reaches the better accuracy or error."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.input_options import Inputs, Params, Tokens, further_inputs
from bayescale.cli.options import (
    AsFormat,
    DiscrepancyName,
    Format,
    chosen,
    chosen_discrepancy,
    open_fit,
    pairs,
    refuse_foreign,
)
from bayescale.cli.output import BEYOND, between, beyond, emit, heading, interval_words, print_table
from bayescale.cli.reporting import note
from bayescale.show.numbers import format_number

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Chain, Fit


FORM = "NAME=FIT.nc,FIT.nc"


class Answer(StrEnum):
    """What is asked of a comparison."""

    recipes = "recipes"
    pairs = "pairs"


def scores(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FIT.nc]...",
            help="Fits from the first stage to the last, such as loss, then error; their families are the recipes.",
            show_default=False,
        ),
    ] = None,
    params: Params = None,
    tokens: Tokens = None,
    recipes: Annotated[
        list[str] | None,
        typer.Option("--recipe", metavar=FORM, help="A recipe with fits of its own instead; two or more."),
    ] = None,
    answer: Annotated[Answer, typer.Option("--answer", help="Every recipe, or every pair.")] = Answer.recipes,
    kind: Annotated[str, typer.Option("--kind", help="'run' for one new run of each, 'law' for the curves.")] = "run",
    inputs: Inputs = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the random part; that of the fit.", show_default=False)
    ] = None,
    discrepancy: DiscrepancyName = "learnt",
    prob: Annotated[
        float | None,
        typer.Option("--prob", help="Probability of the intervals of --answer recipes.", show_default="0.9"),
    ] = None,
    form: AsFormat = Format.table,
) -> None:
    """Say which recipe reaches the better accuracy or error.

    With what ranking them at small scale says beside it: bayescale scores LOSS.nc ERROR.nc --params 7e9 --tokens 1e12
    """
    refuse_foreign("--answer", answer, {Answer.recipes: {"--prob": prob}})

    import bayescale as bs

    stages = _stages(files, recipes)
    opened = {name: _opened(own) for name, own in stages.items()}
    chains = {name: bs.chain(*fits) for name, fits in opened.items()}
    asked = chosen(params=params, tokens=tokens) | further_inputs(inputs)
    if missing := [f"--{name}" for name in ("params", "tokens") if name not in asked]:
        raise bs.SettingsError(f"Scores are compared at given sizes and tokens; give {' and '.join(missing)}.")
    given: Chain | dict[str, Chain] = chains if recipes else chains[""]
    found = bs.compare_scores(given, kind=kind, seed=seed, discrepancy=chosen_discrepancy(discrepancy), **asked)
    if answer is Answer.recipes:
        emit(found.table(**chosen(prob=prob)), form, show)
    else:
        emit(found.pairs(), form, show_pairs)
    shown = found.table()
    _note_what_is_not_known(shown, opened)
    for name, fits in opened.items():
        for fit, file in zip(fits, stages[name], strict=True):
            # How far the comparison goes is said once.
            caution(fit, file, shown if fit is next(iter(opened.values()))[0] else None, form)


def _note_what_is_not_known(table: pd.DataFrame, opened: dict[str, list[Fit]]) -> None:
    """Say which families are left out, since a stage lacks them, and where nobody knows how far the data go."""
    there = {family for fits in opened.values() for fit in fits for family in fit.groups}
    if "" in opened and (lacking := sorted(there - set(table["recipe"]))):
        note(f"left out, since not every stage has it: {', '.join(lacking)}.")
    if table["extrapolation"].isna().any():
        note(
            "how far these sizes and tokens lie beyond the data is not known: a stage's table was read without params "
            "and tokens; name them with --columns when it is fitted."
        )


def show(table: pd.DataFrame) -> None:
    """Print one row per point and recipe."""
    first = table.iloc[0]
    words = "one new run of each" if first["kind"] == "run" else "the laws' curves"
    heading(f"Recipes by {first['response']}, {words}, {interval_words(table)}")
    small = ["place at\nsmall scale", "score\nthere"]
    headers = ["recipe", "params", "tokens", first["response"], "P(best)", *small, BEYOND]
    rows = [
        [
            row["recipe"],
            *(format_number(row[name]) for name in ("params", "tokens")),
            f"{format_number(row['median'], digits=3)}\n{between(row, 3)}",
            f"{100 * row['best']:.3g} %",
            *(_known(row[name]) for name in ("ranked", "measured")),
            beyond(row["extrapolation"]),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[1:])
    scale = [format_number(first[name]) for name in ("ranked_params", "ranked_tokens") if first[name] == first[name]]
    typer.echo("")
    typer.echo(f"  small scale: {' parameters, '.join(scale)} tokens" if len(scale) == 2 else "  no common small scale")


def show_pairs(table: pd.DataFrame) -> None:
    """Print one row per point and pair."""
    heading("Pairs of recipes: the probability that the first is better, and whether it was ahead at small scale")
    headers = ["first", "second", "params", "tokens", "P(first\nwins)", "ahead at\nsmall scale"]
    rows = [
        [
            row["first"],
            row["second"],
            *(format_number(row[name]) for name in ("params", "tokens")),
            f"{100 * row['wins']:.3g} %",
            {1.0: "first", 0.0: "second", 0.5: "level"}.get(row["ranking"], "not known"),
        ]
        for row in table.to_dict("records")
    ]
    print_table(headers, rows, right=headers[2:5])


def _known(value: float) -> str:
    return format_number(value, digits=3) if value == value else ""


def _stages(files: list[str] | None, recipes: list[str] | None) -> dict[str, list[str]]:
    """The files of each recipe; of one chain whose families are the recipes under an empty name.

    Raises:
        SettingsError: both, or neither.
    """
    from bayescale.language.errors import SettingsError

    named = {name: words.split(",") for name, words in pairs("--recipe", recipes, FORM).items()}
    if bool(files) == bool(named):
        got = "both" if files else "neither"
        raise SettingsError(f"scores takes fits whose families are the recipes, or --recipe {FORM}; got {got}.")
    if files and len(files) < 2:
        raise SettingsError(
            f"scores takes a fit of every stage, such as that of the loss and that of an error, "
            f"bayescale scores LOSS.nc ERROR.nc; got {files[0]} alone."
        )
    return named or {"": list(files or ())}


def _opened(files: list[str]) -> list[Fit]:
    return [open_fit(file, None, allow_changed_law=False) for file in files]
