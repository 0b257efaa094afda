"""The file that a fit keeps what is done of it in, until it is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from bayescale.inference.checkpoint.identity import differences
from bayescale.inference.checkpoint.sealed import read_sealed_arrays
from bayescale.inference.checkpoint.trail import Trail
from bayescale.language.errors import FitError, StoreError
from bayescale.language.files import sweep, writable_target

USUAL = "fit.checkpoint"


class Checkpoint:
    """A file for the state of one fit, which is there while the fit is made and not afterwards.

    Args:
        path: of the file.
        say: takes a line where the fit goes on from what is there.

    Raises:
        StoreError: a place that cannot be written to.
    """

    def __init__(self, path: str | os.PathLike[str], say: Callable[[str], None] | None = None):
        self.path, self._say = path, say
        self.target = writable_target(path, usual=USUAL, what="the checkpoint")
        self._trail: Trail | None = None

    def open(self, identity: Mapping[str, Any]) -> Trail:
        """Return what the file has of a fit, which is nothing if there is no file.

        Raises:
            StoreError: it is damaged, no checkpoint, or that of another fit.
        """
        sweep(self.target)
        about: dict[str, Any] = {}
        arrays: dict[str, np.ndarray] = {}
        if self.target.exists():
            try:
                about, arrays = read_sealed_arrays(self.target)
            except (StoreError, OSError) as error:
                raise StoreError(f"{self.path!s} cannot be resumed from: {error}") from error
            if about.get("identity") != identity:
                raise StoreError(
                    f"{self.path!s} is the checkpoint of another fit: {differences(about.get('identity'), identity)}. "
                    "Fit what it was begun with to go on, give another name, or remove it to begin anew."
                )
        self._trail = Trail(self.target, identity, about, arrays)
        if about and self._say is not None:
            done = f"{self._trail.done}, are made" if self._trail.planned else "no draws are made yet"
            self._say(f"going on from {self.path!s}: {done}")
        return self._trail

    def remove(self) -> None:
        """Remove the file: the fit is done, and kept elsewhere."""
        self.target.unlink(missing_ok=True)

    @property
    def note(self) -> str:
        """What is kept of a fit that was interrupted, in words."""
        if self._trail is None or not self._trail.planned or not self.target.exists():
            return "No draws had been made yet"
        return f"{self._trail.done}, are kept in {self.path!s}"


@contextmanager
def kept_in(checkpoint: str | os.PathLike[str] | Checkpoint | None) -> Iterator[Checkpoint | None]:
    """Yield the checkpoint of a fit; that of a path is removed when the fit is done.

    Args:
        checkpoint: a path; or a checkpoint that whoever opened it removes; or None.

    Raises:
        KeyboardInterrupt: with a note of what is kept.
    """
    own = checkpoint if checkpoint is None or isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)
    try:
        yield own
    except FitError:
        if own is not None:  # what is done is of no use: it would fail again
            own.remove()
        raise
    except KeyboardInterrupt as error:
        if own is None:
            error.add_note(f"Nothing is kept of the fit; fit(..., checkpoint={USUAL!r}) keeps what is done of it.")
        else:
            error.add_note(f"{own.note}; the same call goes on from there.")
        raise
    if own is not None and own is not checkpoint:
        own.remove()
