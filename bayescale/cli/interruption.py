"""Long commands that are interrupted say what is kept and how to go on."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayescale.cli.reporting import INTERRUPTED, say

if TYPE_CHECKING:
    from bayescale.inference.checkpoint import Checkpoint

# Under which name the context of a command has the words that it was called with.
WORDS = "bayescale.words"


@contextmanager
def interruptible(context: typer.Context, path: str | None, out: Path) -> Iterator[Checkpoint | None]:
    """Yield the checkpoint of a fit, which is removed once the fit is saved.

    Args:
        context: of the command.
        path: of the checkpoint, if there is to be one.
        out: where the fit is saved.

    Raises:
        StoreError: the checkpoint cannot be written there.
        SystemExit: the command was interrupted, by Ctrl-C or SIGTERM.
    """
    from bayescale.inference.checkpoint import Checkpoint
    from bayescale.inference.checkpoint.checkpoint import USUAL
    from bayescale.language.errors import StoreError

    kept = None if path is None else Checkpoint(path, say)
    if kept is not None and kept.target == out:
        raise StoreError(f"--checkpoint {path} is the fit itself; give it a name of its own, such as {USUAL}.")
    with _terminated_like_interrupted():
        try:
            yield kept
        except KeyboardInterrupt:
            if kept is None:
                say(f"interrupted: nothing is kept of the fit; keep what is done with --checkpoint {USUAL}")
            else:
                say(f"interrupted: {kept.note}; go on with: {_command(context)}")
            raise SystemExit(INTERRUPTED) from None
    if kept is not None:
        kept.remove()


def _command(context: typer.Context) -> str:
    """The command as it was given."""
    return shlex.join(("bayescale", *context.meta.get(WORDS, ())))


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Take SIGTERM, by which systems and schedulers end processes, for Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # no other may set handlers
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
