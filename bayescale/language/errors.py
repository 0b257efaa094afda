"""The errors and warnings of the package: each message says what was expected, what came and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Characters of a message at most: names in files may have any length, and none tells more by its thousandth letter.
LONGEST_MESSAGE = 4_000
_END = 500


def sentence(text: str) -> str:
    """Return a message on one line and of bounded length, whatever stood in the names that it quotes.

    >>> sentence("no column 'a\\nb'"), len(sentence("x" * 1_000_000))
    ("no column 'a\\\\nb'", 4000)
    """
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[: LONGEST_MESSAGE - _END - 3]}...{text[-_END:]}"
    if text.isprintable():
        return text
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return plain if len(plain) <= LONGEST_MESSAGE else f"{plain[: LONGEST_MESSAGE - 3]}..."


class BayescaleError(ValueError):
    """Base of every error that a user's input can cause; its message is one line of bounded length."""

    def __init__(self, message: str):
        super().__init__(sentence(message))


@dataclass(frozen=True)
class BadCell:
    """One unusable cell of a table: its row (first data row is 1), column, value and the reason."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.value!r} {self.reason}"


class DataError(BayescaleError):
    """A table of runs that cannot be used; ``cells`` holds every bad cell, the message the first of them."""

    def __init__(self, message: str, cells: tuple[BadCell, ...] = ()):
        super().__init__(message)
        self.cells = cells


class MissingDataError(DataError):
    """A data set whose file is not here and cannot be had."""


class LawError(BayescaleError):
    """A law that is declared wrongly, unknown, or asked for something it does not define."""


class SettingsError(BayescaleError):
    """An argument of a public function outside what it accepts."""


class FitError(BayescaleError):
    """A fit that could not be made."""


class StoreError(BayescaleError):
    """A saved fit, or the checkpoint of one, that cannot be read or written."""


class CheckError(BayescaleError):
    """A fit whose checks do not all pass; ``checks`` holds the failing ones."""

    def __init__(self, message: str, checks: tuple[Any, ...] = ()):
        super().__init__(message)
        self.checks = checks


class CodedWarning(UserWarning):
    """Base of the warnings of the package: ``code`` names the suspicion for scripts."""

    def __init__(self, code: str, message: str):
        self.code = code
        self.message = sentence(message)
        super().__init__(f"[{code}] {self.message}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        # What an exception is pickled with by default is its one printed text.
        return type(self), (self.code, self.message)


class DataWarning(CodedWarning):
    """A usable table that looks suspicious."""


class SettingsWarning(CodedWarning):
    """An accepted argument that looks like a mistake."""
