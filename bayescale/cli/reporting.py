"""Errors and warnings as people and scripts read them: one line on stderr and an exit code."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

USAGE, BUG, INTERRUPTED, PIPE = 2, 3, 130, 141
# A mapping of columns as messages of the library write it.
MAPPING = re.compile(r"columns=(\{(?:'[^']*': (?:'[^']*'|None)(?:, )?)+\})")


@contextmanager
def reporting(*, debug: bool) -> Iterator[None]:
    """Turn exceptions into one line on stderr and an exit code, and coded warnings into lines on stderr.

    Args:
        debug: print tracebacks, every bad cell, and the warnings of other libraries.
    """
    with _warnings_as_lines(debug):
        try:
            yield
            sys.stdout.flush()
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            say("interrupted")
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whatever is left goes nowhere, or Python would complain when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(PIPE) from None
        except Exception as error:
            if hasattr(error, "exit_code"):  # wrong usage, which typer words itself
                raise
            _show_traceback(error, debug)
            raise SystemExit(_report(error)) from None


def say(text: str) -> None:
    """Print one line on stderr; line breaks and control characters in it become spaces."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    typer.echo(flat, err=True)


def note(text: str) -> None:
    """Print a caution on stderr that a reader of the numbers should know."""
    say(f"note: {text}")


def _report(error: Exception) -> int:
    """Print the line of an error and return the exit code."""
    from bayescale.language.errors import BayescaleError

    if isinstance(error, BayescaleError):
        say(f"error: {in_shell(str(error))}")
        return USAGE
    if isinstance(error, MemoryError):
        say("error: there is not enough memory for this; take fewer rows, families or draws.")
        return USAGE
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        say(f"error: {where}{error.strerror or error}.")
        return USAGE
    say(f"internal error: {type(error).__name__}: {error}; run the command with --debug and report what it prints")
    return BUG


def in_shell(text: str) -> str:
    """Return a message with what it says of columns in Python as the option that a shell takes.

    >>> in_shell("say which with columns={'params': 'n_params', 'loss': 'val loss'}.")
    "say which with --columns params=n_params loss='val loss'."
    >>> in_shell("leave it out: columns={'loss': None}.")
    "leave it out: columns={'loss': None}."
    """
    return MAPPING.sub(_as_option, text)


def _as_option(found: re.Match[str]) -> str:
    import ast
    import shlex

    try:
        names = ast.literal_eval(found[1])
    except (SyntaxError, ValueError):  # a name of the file's that only looks like one of these
        return found[0]
    if None in names.values():
        return found[0]
    return "--columns " + " ".join(f"{name}={shlex.quote(column)}" for name, column in names.items())


def _show_traceback(error: Exception, debug: bool) -> None:
    if not debug:
        return
    import traceback

    traceback.print_exception(error)
    for cell in getattr(error, "cells", ()):
        say(f"  {cell}")


@contextmanager
def _warnings_as_lines(debug: bool) -> Iterator[None]:
    """Print coded warnings once each; those of other libraries only for debugging."""
    seen: set[str] = set()

    def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        code = getattr(message, "code", None)
        text = f"warning [{code}]: {message.message}" if code else f"warning: {category.__name__}: {message}"
        if (code or debug) and text not in seen:
            seen.add(text)
            say(text)

    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("always")
        warnings.showwarning = show
        yield
