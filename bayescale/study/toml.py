"""The TOML of a study, which may be somebody else's: read in bounded time and memory."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bayescale.language.errors import SettingsError
from bayescale.language.regular import is_regular

# Bytes of a study; one that names each of a thousand tables has some hundred thousand.
MOST_BYTES = 1 << 20
# Parts of a dotted key: reading it takes the square of their number, or more.
MOST_PARTS = 50
_QUOTED = re.compile(r"""\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
# Between two of these stands one dotted key at most.
_BETWEEN = re.compile(r"[\s=,{}\[\]]+")


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the TOML file of a study.

    Args:
        path: of the file.

    Returns:
        its keys and values; whole numbers have at most 64 bits, as TOML asks for.

    Raises:
        SettingsError: no such file, no file at all, no TOML, or one that is built to take for ever.
    """
    named = f"The study {str(path)!r}"
    try:
        content = _parsed(_text(path, named))
        _check_numbers(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{named} is no TOML file: {error}.") from None
    except SettingsError:
        raise
    except RecursionError:
        raise SettingsError(f"{named} has values inside of values too deep; studies have tables and lists.") from None
    except ValueError as error:  # a number with thousands of digits
        raise SettingsError(f"{named} cannot be read ({error}).") from None
    return content


def _text(path: str | os.PathLike[str], named: str) -> str:
    try:
        os.stat(path)
        if not is_regular(path):
            what = "Is a directory" if Path(path).is_dir() else "it is a device or a pipe"
            raise SettingsError(f"{named} cannot be read ({what}).")
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise SettingsError(f"There is no study {str(path)!r}; give the name of a TOML file.") from None
    except OSError as error:
        raise SettingsError(f"{named} cannot be read ({error.strerror}).") from None
    if len(content) > MOST_BYTES:
        raise SettingsError(f"{named} has more than {MOST_BYTES:,} bytes; name tables by a pattern.")
    return content.decode("utf-8")


def _parsed(text: str) -> dict[str, Any]:
    keys = _BETWEEN.split(_DOT.sub(".", _QUOTED.sub("quoted", text)))
    if any(key.count(".") > MOST_PARTS for key in keys):
        raise ValueError(f"a key with more than {MOST_PARTS} dots")
    return tomllib.loads(text)


def _check_numbers(content: Any) -> None:
    """Refuse whole numbers that no other reader of TOML takes: printing them is an error of its own."""
    waiting: list[Any] = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(f"a whole number of {value.bit_length():,} bits, where TOML has up to 64")
