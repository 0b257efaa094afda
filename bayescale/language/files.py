"""Files that are whole or not there, where they can go, and how much is read of those that others made."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayescale.language.errors import StoreError

UNFINISHED = ".unfinished-"
# Limits of what is read of a file that may be anything: its bytes, those of its texts, and how many things it holds.
MAX_BYTES = 4 * 2**30
MAX_RECORD = 4 * 2**20
MAX_OBJECTS = 10_000


def writable_target(path: str | os.PathLike[str], *, usual: str = "fit.nc", what: str = "the fit") -> Path:
    """Return where to write, with links followed.

    Args:
        path: of a file.
        usual, what: an example of a name, and what is written, for messages.

    Raises:
        StoreError: no such folder, a folder instead of a file, or no permission.
    """
    if not isinstance(path, str | os.PathLike):
        raise StoreError(f"path must be a file name, got {type(path).__name__}; write {usual!r}.")
    target = Path(os.path.realpath(os.fspath(path)))
    if target.is_dir():
        raise StoreError(f"{path!s} is a folder; give the name of a file in it, such as {Path(path) / usual}.")
    if target.exists() and not target.is_file():
        raise StoreError(f"{path!s} is a device or a pipe; give the name of a file to write {what} to.")
    if not target.parent.is_dir():
        raise StoreError(f"There is no folder {Path(path).parent} to write {Path(path).name} to; make it first.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise StoreError(f"The folder {Path(path).parent} cannot be written to; choose another or change permissions.")
    return target


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield the name of a file to write beside ``target``, which takes its place once it is on the disk.

    Whatever goes wrong, nothing is left behind and an older file stays as it was; only a process that is killed leaves
    an unfinished file, which :func:`sweep` removes.

    Args:
        target: the place; what is there is replaced, a link too.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     place = Path(folder) / "note.txt"
        ...     with whole_file(place) as unfinished:
        ...         count = unfinished.write_text("all of it")
        ...     place.read_text(), len(list(Path(folder).iterdir()))
        ('all of it', 1)
    """
    unfinished = target.parent / f"{_prefix(target)}{uuid.uuid4().hex}{target.suffix}"
    try:
        yield unfinished
        # The content has to be on disk before the name is: a crash must not leave an empty file under it.
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, target)
        _sync_folder(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def sweep(target: Path) -> None:
    """Remove what processes that were killed while they wrote ``target`` have left beside it."""
    with contextlib.suppress(OSError):
        for path in target.parent.iterdir():
            if path.name.startswith(_prefix(target)):
                path.unlink(missing_ok=True)


def brief(error: BaseException) -> str:
    """Return the message of an error of another library, on one line and not too long."""
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= 200 else line[:199] + "…"


def _prefix(target: Path) -> str:
    # By a hash, since the name itself may be as long as names can be.
    return f"{UNFINISHED}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]}-"


def _sync_folder(folder: Path) -> None:
    """Make a new name last: without it a power cut may forget the rename."""
    with contextlib.suppress(OSError):  # some network drives cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
