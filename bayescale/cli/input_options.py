"""Options that say at which inputs of a law something is asked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bayescale.cli.options import number, pairs
from bayescale.cli.value_lists import COUNTED
from bayescale.language.counts import count

Numbers = list[float] | None


def counts_option(name: str, words: str) -> Any:
    """Return an option of numbers that may end in a letter, as in 7B."""
    return typer.Option(name, parser=_parsed, metavar=COUNTED, help=words)


def _parsed(word: str) -> float:
    try:
        return count(word)
    except ValueError:
        raise typer.BadParameter(f"{word!r} is no number; write 7e9 or 7B, 1.4e12 or 1.4T.") from None


def params_option(words: str) -> Any:
    """Return the option --params with a help of its own, where model size means something else than usual."""
    return counts_option("--params", words)


def tokens_option(words: str) -> Any:
    """Return the option --tokens with a help of its own; see :func:`params_option`."""
    return counts_option("--tokens", words)


Params = Annotated[Numbers, params_option("Model size in parameters, such as 7e9 or 7B; several, or repeated.")]
Tokens = Annotated[Numbers, tokens_option("Training tokens; one for all sizes, or as many as sizes.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", metavar="NAME=NUMBER", help="What else the law takes, such as unique_tokens=1e12; several."
    ),
]


def chosen_inputs(words: list[str] | None) -> dict[str, Any]:
    """Return NAME=NUMBER words as inputs of a law, one value each.

    Raises:
        SettingsError: no such words, or a name twice.
    """
    return {name: number("--input", name, word) for name, word in pairs("--input", words, "NAME=NUMBER").items()}


def further_inputs(words: list[str] | None) -> dict[str, list[float]]:
    """Return NAME=NUMBER words as inputs of points; a name that is given several times has several values.

    Raises:
        SettingsError: no such words, or an input that has an option of its own.
    """
    from bayescale.language.errors import SettingsError

    found: dict[str, list[float]] = {}
    for word in words or []:
        for name, value in pairs("--input", [word], "NAME=NUMBER").items():
            found.setdefault(name, []).append(number("--input", name, value))
    if given := [name for name in ("params", "tokens") if name in found]:
        raise SettingsError(f"--input gives {given[0]!r}, which has its own option --{given[0]}.")
    return found
