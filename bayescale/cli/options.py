"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.language.counts import count

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Discrepancy, Fit


# Words in the names of what people write with letters.
COUNTED_WORDS = {"params", "tokens"}


class Format(StrEnum):
    """How a command prints its result."""

    table = "table"
    csv = "csv"
    json = "json"


class FormatWithLatex(StrEnum):
    """How a command prints a result that papers print too."""

    table = "table"
    csv = "csv"
    json = "json"
    latex = "latex"
    markdown = "markdown"

    @property
    def is_printed(self) -> bool:
        """Whether numbers are rounded for readers, by their Monte-Carlo errors."""
        return self in (FormatWithLatex.latex, FormatWithLatex.markdown)


# Bytes of a list of candidates: a hundred thousand runs.
MOST_CANDIDATES = 10_000_000
FitFile = Annotated[str, typer.Argument(metavar="FIT.nc", help="A fit saved by 'bayescale fit'.", show_default=False)]
OwnLaw = Annotated[
    str | None,
    typer.Option("--law", metavar="FILE.py:CLASS", help="Your own law that was fitted; this runs the file."),
]
ChangedLaw = Annotated[
    bool,
    typer.Option("--allow-changed-law", help="Use the fit although the source of its law has changed since."),
]
Group = Annotated[
    str | None,
    typer.Option("--group", help="A family of the data; without it a new family, or the only one there is."),
]
Prob = Annotated[float, typer.Option("--prob", help="Probability of the equal-tailed intervals.")]
DiscrepancyName = Annotated[
    str,
    typer.Option(
        "--discrepancy",
        metavar="learnt|none|SCALE",
        help="The law's own error beyond the data: learnt from public families, none, or its sd a decade beyond, such "
        "as 0.02.",
    ),
]
AsFormat = Annotated[Format, typer.Option("--format", help="How to print the result.")]
AsFormatWithLatex = Annotated[FormatWithLatex, typer.Option("--format", help="How to print the result.")]


def open_fit(path: str, law: str | None, allow_changed_law: bool) -> Fit:
    """Load a saved fit."""
    import bayescale as bs
    from bayescale.laws import find_law

    return bs.load(path, law=None if law is None else find_law(law), allow_changed_law=allow_changed_law)


def open_fits(files: list[str], law: str | None, allow_changed_law: bool, remedy: str) -> list[Fit]:
    """Load one saved fit, or several, of which none can then be of a law of one's own.

    Raises:
        SettingsError: a law of one's own for several fits; ``remedy`` says what to do instead.
    """
    refuse_several(files, law, remedy)
    return [open_fit(file, law, allow_changed_law) for file in files]


def refuse_several(files: list[str], law: str | None, remedy: str) -> None:
    """Refuse a law of one's own for several fits; ``remedy`` says what to do instead.

    Raises:
        SettingsError: there is one.
    """
    from bayescale.language.errors import SettingsError

    if law is not None and len(files) > 1:
        raise SettingsError(f"--law is of one fit, got {len(files)}; {remedy}.")


def open_stages(files: list[str], law: str | None, allow_changed_law: bool) -> list[Fit]:
    """Load the fits of stages, from the first to the last; see :func:`open_fits`."""
    return open_fits(files, law, allow_changed_law, "chain fits of your own laws in Python, bs.chain(...)")


def fits_by_name(files: list[str], fits: list[Fit], what: str) -> dict[str, Fit]:
    """Return fits by the names of their files; ``what`` they are is for messages.

    Raises:
        SettingsError: two files of one name.
    """
    from bayescale.language.errors import SettingsError

    stems = [Path(file).stem for file in files]
    if len(set(stems)) < len(stems):
        raise SettingsError(f"{what} are called as their files, and two have one name; got {', '.join(files)}.")
    return dict(zip(stems, fits, strict=True))


def chosen_discrepancy(word: str) -> str | Discrepancy | None:
    """Return what --discrepancy means to the library.

    Raises:
        SettingsError: it is none of the words, nor a positive number.
    """
    if word in ("learnt", "none"):
        return word if word == "learnt" else None

    from bayescale import Discrepancy
    from bayescale.language.errors import SettingsError

    try:
        scale = float(word)
    except ValueError:
        raise SettingsError(f"--discrepancy takes learnt, none or a number such as 0.02, got {word!r}.") from None
    return Discrepancy.brownian(scale)


def refuse_foreign(option: str, choice: str, own: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse options that only other choices of an option have a use for.

    Args:
        option: the option that chooses, such as ``--answer``.
        choice: what it was given.
        own: by choice the options that are of it, with what they were given: None, or an empty list, for nothing.

    Raises:
        SettingsError: there is one.
    """
    from bayescale.language.errors import SettingsError

    given = {name for options in own.values() for name, value in options.items() if value is not None and value != []}
    for name in sorted(given - set(own.get(choice, ()))):
        owners = " or ".join(other for other, options in own.items() if name in options)
        raise SettingsError(f"{name} is of {option} {owners}; leave it out of {option} {choice}.")


def chosen(**options: Any) -> dict[str, Any]:
    """Return the options that were given; what was not is for the function that they are passed on to."""
    return {name: value for name, value in options.items() if value is not None}


def pairs(
    option: str, words: list[str] | None, form: str = "NAME=COLUMN", *, may_be_empty: bool = False
) -> dict[str, str]:
    """Return NAME=COLUMN words as a mapping; ``form`` names them in messages.

    Raises:
        SettingsError: a word without a name or a value, or a name that is given twice.
    """
    from bayescale.language.errors import SettingsError

    found: dict[str, str] = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not (name and equals and (value or may_be_empty)):
            raise SettingsError(f"{option} takes {form}, got {word!r}.")
        if name in found:
            raise SettingsError(f"{option} gives {name!r} twice, as {found[name]!r} and as {value!r}.")
        found[name] = value
    return found


def read_candidates(path: str | None) -> pd.DataFrame | None:
    """Read the candidates of --candidates; None where there are none.

    Raises:
        DataError: no file, one that is no CSV, or one that is far larger than a list of candidates.
    """
    if path is None:
        return None
    import io

    import pandas as pd

    from bayescale.language.errors import DataError
    from bayescale.language.regular import text_up_to

    text = text_up_to(Path(path), MOST_CANDIDATES)
    if text is None:
        raise DataError(f"--candidates {path} must be a CSV of runs in UTF-8, of at most {MOST_CANDIDATES:,} bytes.")
    try:
        # Of the text and not of the path, which pandas would also take for an address or an archive.
        return pd.read_csv(io.StringIO(text))
    except (ValueError, OverflowError) as error:
        raise DataError(f"--candidates {path} is no CSV of runs: {error}.") from None


def number(option: str, name: str, word: str) -> float:
    """Return the number of a NAME=NUMBER word; of parameters and tokens it may be written 7B.

    Raises:
        SettingsError: it is none.
    """
    from bayescale.language.errors import SettingsError

    try:
        return count(word) if COUNTED_WORDS & set(re.split("[-_]", name)) else float(word)
    except ValueError:
        raise SettingsError(f"{option} {name} must be a number, got {word!r}.") from None
