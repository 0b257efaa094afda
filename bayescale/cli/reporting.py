"""Errors and warnings as people and scripts read them: one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from bayescale.cli.shell_words import in_shell

USAGE, BUG, INTERRUPTED, PIPE = 2, 3, 130, 141


@contextmanager
def reporting(*, debug: bool, options: Callable[[], Collection[str]]) -> Iterator[None]:
    """Turn exceptions into one line on stderr and an exit code, and coded warnings into lines on stderr.

    Args:
        debug: print tracebacks, every bad cell, and the warnings of other libraries.
        options: gives those of the command that runs, known only when it does.
    """
    with _warnings_as_lines(debug, options):
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
            raise SystemExit(_report(error, options())) from None


def say(text: str) -> None:
    """Print one line on stderr; line breaks and control characters in it become spaces."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    typer.echo(flat, err=True)


def note(text: str) -> None:
    """Print a caution on stderr that a reader of the numbers should know."""
    say(f"note: {text}")


def lines() -> Callable[[str], None] | None:
    """Return what takes lines of progress where the error stream is no terminal, which would have a bar."""
    return None if sys.stderr.isatty() else say


def _report(error: Exception, options: Collection[str]) -> int:
    """Print the line of an error and return the exit code."""
    from bayescale.language.errors import BayescaleError

    if isinstance(error, BayescaleError):
        say(f"error: {in_shell(str(error), options)}")
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


def _show_traceback(error: Exception, debug: bool) -> None:
    if not debug:
        return
    import traceback

    traceback.print_exception(error)
    for cell in getattr(error, "cells", ()):
        say(f"  {cell}")


@contextmanager
def _warnings_as_lines(debug: bool, options: Callable[[], Collection[str]]) -> Iterator[None]:
    """Print coded warnings once each; those of other libraries only for debugging."""
    seen: set[str] = set()

    def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        code = getattr(message, "code", None)
        coded = f"warning [{code}]: {in_shell(message.message, options())}" if code else ""
        text = coded or f"warning: {category.__name__}: {message}"
        if (code or debug) and text not in seen:
            seen.add(text)
            say(text)

    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("always")
        warnings.showwarning = show
        yield
