"""Options that say what a budget counts and pays for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.options import number, pairs

if TYPE_CHECKING:
    from bayescale.costs import ComputeError, Cost, ShapeFamily

NEEDED = ("aspect", "vocabulary", "context")
EXAMPLE = "--shape aspect=60 vocabulary=50000 context=2048"


class Count(StrEnum):
    """Ways of counting training compute."""

    six_nd = "6nd"
    kaplan = "kaplan"
    deepseek = "deepseek"
    hoffmann = "hoffmann"
    hoffmann_vocabulary = "hoffmann-vocabulary"
    active = "active"


CountedAs = Annotated[Count, typer.Option("--cost", help="How compute is counted; all but 6nd need --shape.")]
Shape = Annotated[
    list[str] | None,
    typer.Option(
        "--shape",
        metavar="NAME=NUMBER",
        help=f"Shape of the models, several: {', '.join(NEEDED)} and other fields of costs.ShapeFamily.",
    ),
]
Serve = Annotated[
    float | None, typer.Option("--serve", help="Tokens that will be served: budgets then pay for these, too.")
]
ErrorSd = Annotated[
    float | None,
    typer.Option("--compute-error", help="Relative sd of the count of compute, where budgets are what hardware does."),
]


def chosen_cost(count: Count, shape: list[str] | None, serve: float | None, *, params_convention: str) -> Cost:
    """Return the cost that the options ask for.

    Raises:
        SettingsError: shapes that are missing, not needed or wrong, or tokens that cannot be served.
    """
    from bayescale import costs
    from bayescale.language.errors import SettingsError

    if count is Count.six_nd:
        if shape:
            raise SettingsError("--shape says nothing to 6ND; leave it out, or choose another --cost.")
        cost: Cost = costs.SixND()
    else:
        shapes = _shapes(count, shape, params_convention)
        cost = {
            Count.kaplan: costs.KaplanForward,
            Count.deepseek: costs.DeepSeekM,
            Count.hoffmann: costs.HoffmannF,
            Count.hoffmann_vocabulary: lambda family: costs.HoffmannF(family, vocabulary=True),
            Count.active: costs.ActiveSixND,
        }[count](shapes)
    return cost if serve is None else costs.WithInference(serve, training=cost)


def chosen_error(sd: float | None) -> ComputeError | None:
    """Return the error of compute that the option asks for."""
    from bayescale.costs import ComputeError

    return None if sd is None else ComputeError(sd)


def _shapes(count: Count, words: list[str] | None, params_convention: str) -> ShapeFamily:
    """The shapes that NAME=NUMBER words give."""
    from dataclasses import fields

    from bayescale.costs import ShapeFamily
    from bayescale.language.errors import SettingsError

    given = pairs("--shape", words, form="NAME=NUMBER")
    # How parameters are counted is not asked: the fit's table says it.
    known = [field.name for field in fields(ShapeFamily) if field.name != "params_convention"]
    if unknown := [name for name in given if name not in known]:
        raise SettingsError(f"--shape knows no {unknown[0]!r}; it takes {', '.join(known)}.")
    if missing := [name for name in NEEDED if name not in given]:
        raise SettingsError(f"--cost {count.value} needs {' and '.join(missing)} of the models, as {EXAMPLE}.")
    numbers = {name: number("--shape", name, word) for name, word in given.items()}
    return ShapeFamily(params_convention=params_convention, **numbers)
