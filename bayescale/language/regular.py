"""Files that end: what is read of a name that somebody else may have chosen."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_regular(path: str | os.PathLike[str], *, links: bool = True) -> bool:
    """Whether a path is that of a file: no folder, no device and no pipe, which may never end or never begin.

    Args:
        path: whose, whatever characters it has and however long it is.
        links: whether a link to a file counts as one.
    """
    try:
        return stat.S_ISREG((os.stat if links else os.lstat)(path).st_mode)
    except (OSError, ValueError):  # nothing there, a name that is too long, a NUL in it
        return False


def text_up_to(path: Path, most: int, *, links: bool = True) -> str | None:
    """Return the text of a file; None where it is no file, no UTF-8 or longer than ``most`` bytes."""
    if not is_regular(path, links=links):
        return None
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
        return content.decode("utf-8") if len(content) <= most else None
    except (OSError, UnicodeDecodeError):
        return None
