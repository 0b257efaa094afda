"""Keys and values of a study's file, each taken once and checked as it is taken."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bayescale.language.errors import SettingsError
from bayescale.language.hints import nearest

# A file of results lies in the folder of results and nowhere else, whatever a study says.
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(parquet|csv)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


class Keys:
    """One table of a TOML file.

    Args:
        content: its keys and values.
        where: what messages call it.
    """

    def __init__(self, content: Mapping[str, Any], where: str):
        if not isinstance(content, Mapping):
            raise SettingsError(f"{where} must be a table of keys and values, got {content!r}.")
        self.content, self.where = dict(content), where
        self._known: list[str] = []

    def take(self, key: str, default: Any) -> Any:
        """The value of a key, or the default."""
        self._known.append(key)
        return self.content.get(key, default)

    def table(self, key: str) -> Keys:
        """A table in this one; without it an empty one."""
        inner = key if self.where == "the study" else f"{self.where.strip('[]')}.{key}"
        return Keys(self.take(key, {}), f"[{inner}]")

    def rest(self) -> dict[str, Any]:
        """All that there is."""
        self._known.extend(self.content)
        return self.content

    def refuse_others(self, more: Sequence[str] = ()) -> None:
        """Refuse keys that nobody took.

        Raises:
            SettingsError: the first of them, with the nearest that there is.
        """
        known = list(dict.fromkeys((*self._known, *more)))
        if unknown := [key for key in self.content if key not in known]:
            close = nearest(unknown[0], known)
            hint = f" Did you mean {close!r}?" if close else ""
            raise SettingsError(f"There is no {unknown[0]!r} in {self.where}; it takes {', '.join(known)}.{hint}")

    def text(self, key: str, default: str | None) -> str | None:
        """A text."""
        return self._of(key, self.take(key, default), default, str, "a text")

    def truth(self, key: str, default: bool) -> bool:
        """True or false."""
        return self._of(key, self.take(key, default), default, bool, "true or false")

    def one_of(self, key: str, words: Sequence[str]) -> str:
        """One of some words, the first by default."""
        value = self.take(key, words[0])
        if value not in words:
            raise SettingsError(f"{key} of {self.where} must be one of {', '.join(words)}, got {value!r}.")
        return value

    def count(self, key: str, default: int) -> int:
        """A whole number of at least one."""
        value = self._of(key, self.take(key, default), default, int, "a whole number")
        if isinstance(value, bool) or value < 1:
            raise SettingsError(f"{key} of {self.where} must be a whole number of at least 1, got {value!r}.")
        return value

    def number(self, key: str, default: float | None, *, above: float) -> float | None:
        """A finite number above a bound."""
        value = self.take(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < math.inf:
            raise SettingsError(f"{key} of {self.where} must be a number above {above:g}, got {value!r}.")
        return float(value)

    def numbers(self, key: str, *, above: float) -> tuple[float, ...]:
        """Finite numbers above a bound, none by default."""
        values = self.distinct(key, ())
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < math.inf:
                raise SettingsError(f"{key} of {self.where} must be numbers above {above:g}, got {value!r}.")
        return tuple(map(float, values))

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of texts."""
        values = self.distinct(key, default)
        for value in values:
            self._of(key, value, None, str, "a list of texts")
        return values

    def distinct(self, key: str, default: tuple[Any, ...]) -> tuple[Any, ...]:
        """A list without repetitions, of at least one if there is to be any."""
        values = self._of(key, self.take(key, list(default)), None, list, "a list")
        if (twice := _first_twice(values)) is not None:
            raise SettingsError(f"{key} of {self.where} has {values[twice]!r} twice; name each once.")
        if not values and default:
            raise SettingsError(f"{key} of {self.where} is empty; give at least one, or leave it out.")
        return tuple(values)

    def file_name(self, key: str, default: str) -> str:
        """The name of a file in the folder of results."""
        value = self.take(key, default)
        if not isinstance(value, str) or not _FILE.fullmatch(value):
            raise SettingsError(
                f"{key} of {self.where} must be the plain name of a .parquet or .csv file, without folders, such as "
                f"{default!r}; got {value!r}."
            )
        return value

    def _of(self, key: str, value: Any, default: Any, kind: type, words: str) -> Any:
        if value is default and default is None:
            return None
        if not isinstance(value, kind):
            raise SettingsError(f"{key} of {self.where} must be {words}, got {value!r}.")
        return value


def _first_twice(values: Sequence[Any]) -> int | None:
    """The place of the first value that is there before, however many there are."""
    seen: set[Any] = set()
    for place, value in enumerate(values):
        same = value if isinstance(value, int | float | str) else repr(value)  # lists and tables have no hash
        if same in seen:
            return place
        seen.add(same)
    return None


def plain_name(name: str, where: str) -> str:
    """Return a name of letters, digits, - and _.

    Raises:
        SettingsError: another one.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(f"The name of {where} must be letters, digits, - and _, got {name!r}.")
    return name
