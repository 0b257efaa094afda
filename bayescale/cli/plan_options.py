"""Options of plans: budgets in money and hours, objectives, constraints and further inputs of a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.input_options import counts_option
from bayescale.cli.options import number, pairs

if TYPE_CHECKING:
    from bayescale.costs import RateCard
    from bayescale.decisions.allocation import Constraint, Objective

# What a plan can be asked to keep: name, class and field.
KEPT = {
    "params-min": ("ParamsBetween", "least"),
    "params-max": ("ParamsBetween", "most"),
    "tokens-min": ("TokensBetween", "least"),
    "tokens-max": ("TokensBetween", "most"),
    "ratio-min": ("TokensPerParam", "least"),
    "ratio-max": ("TokensPerParam", "most"),
    "unique-tokens": ("UniqueTokens", "unique"),
    "epochs": ("UniqueTokens", "epochs"),
    "memory": ("Memory", "most"),
    "bytes-per-param": ("Memory", "bytes_per_param"),
}
OBJECTIVES = {"quantile": "Quantile", "cvar": "CVaR", "exceedance": "Exceedance"}

Compute = Annotated[
    list[float] | None,
    typer.Option("--compute", help="Budget in FLOP, counted as --cost says; several, or repeated."),
]
Dollars = Annotated[
    list[float] | None, typer.Option("--dollars", help="Budget in dollars instead, by --rate; several, or repeated.")
]
DeviceHours = Annotated[
    list[float] | None, typer.Option("--device-hours", help="Budget in hours of one device instead, by --rate.")
]
Hours = Annotated[
    list[float] | None, typer.Option("--hours", help="Budget in hours of all devices instead, by --rate.")
]
Rate = Annotated[
    list[str] | None,
    typer.Option(
        "--rate",
        metavar="NAME=NUMBER",
        help="What hardware delivers and costs: flop_per_second, utilisation, dollars_per_device_hour, devices.",
    ),
]
Price = Annotated[float | None, typer.Option("--price", help="Of a FLOP; without it compute is paid in compute.")]
ObjectiveWord = Annotated[
    str,
    typer.Option(
        "--objective",
        metavar="mean|quantile=P|cvar=P|exceedance=LOSS",
        help="What the plan makes least: expected loss, a quantile, the mean of the worst 1-P, or the probability to "
        "exceed a loss.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="NAME=NUMBER", help=f"Constraints of the plan, several: {', '.join(KEPT)}."),
]
AllowedSizes = Annotated[
    list[float] | None, counts_option("--sizes", "The only model sizes that are allowed, in parameters.")
]


def chosen_objective(word: str) -> Objective:
    """Return the objective that the option asks for.

    Raises:
        SettingsError: it is none.
    """
    from bayescale.decisions import allocation
    from bayescale.language.errors import SettingsError

    name, equals, value = word.partition("=")
    if word == "mean":
        return allocation.Mean()
    if name not in OBJECTIVES or not equals:
        raise SettingsError(f"--objective takes mean, quantile=0.9, cvar=0.9 or exceedance=2.0, got {word!r}.")
    return getattr(allocation, OBJECTIVES[name])(number("--objective", name, value))


def chosen_constraints(keep: list[str] | None, sizes: list[float] | None) -> list[Constraint]:
    """Return the constraints that the options ask for.

    Raises:
        SettingsError: a name that is none, or a constraint that lacks a part.
    """
    from bayescale.decisions import allocation
    from bayescale.language.errors import SettingsError

    made: dict[str, dict[str, float]] = {}
    for name, word in pairs("--keep", keep, form="NAME=NUMBER").items():
        if name not in KEPT:
            raise SettingsError(f"--keep knows no {name!r}; it takes {', '.join(KEPT)}.")
        kind, field = KEPT[name]
        made.setdefault(kind, {})[field] = number("--keep", name, word)
    for kind, needed, name in (("UniqueTokens", "unique", "unique-tokens"), ("Memory", "most", "memory")):
        if kind in made and needed not in made[kind]:
            raise SettingsError(f"--keep needs {name}=NUMBER beside {', '.join(made[kind]).replace('_', '-')}.")
    found = [getattr(allocation, kind)(**fields) for kind, fields in made.items()]
    return [*found, allocation.Sizes(sizes)] if sizes else found


def chosen_card(words: list[str] | None) -> RateCard | None:
    """Return the rate card that the option describes, or None.

    Raises:
        SettingsError: a name that is none, or numbers that are missing or wrong.
    """
    from dataclasses import fields

    from bayescale.costs import RateCard
    from bayescale.language.errors import SettingsError

    if not words:
        return None
    known = [field.name for field in fields(RateCard)]
    numbers = {name: number("--rate", name, word) for name, word in pairs("--rate", words, "NAME=NUMBER").items()}
    if unknown := [name for name in numbers if name not in known]:
        raise SettingsError(f"--rate knows no {unknown[0]!r}; it takes {', '.join(known)}.")
    if missing := [name for name in known[:3] if name not in numbers]:
        raise SettingsError(f"--rate needs {' and '.join(missing)}, as --rate {missing[0]}=NUMBER.")
    return RateCard(**numbers)
