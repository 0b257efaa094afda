"""Files of a study, whole or not there, and texts that know whether they are as they were written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from bayescale.language.errors import StoreError
from bayescale.language.files import brief, whole_file
from bayescale.language.regular import is_regular, text_up_to

# Of a manifest, which has some 400 bytes of each fit.
MOST_BYTES = 1 << 30


def write_whole(target: Path, content: bytes) -> None:
    """Write a file beside its place, and rename it once it is on the disk.

    Args:
        target: its place; what is there is replaced, a link too.
        content: of the file.

    Raises:
        StoreError: it cannot be written; nothing is left behind, and an older file stays as it was.
    """
    try:
        with whole_file(target) as unfinished:
            unfinished.write_bytes(content)
    except Exception as error:
        raise StoreError(
            f"{target} could not be written ({brief(error)}). Make space or choose another folder, then start the "
            "study again: what is done is kept."
        ) from error


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        StoreError: it cannot be removed, or is a folder.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be removed ({error.strerror}) and is in the way; remove it, or give a folder of its own."
        ) from None


def sha256_of(path: Path) -> str | None:
    """Hash of a file; None where it cannot be read, or is a link or no file."""
    if not is_regular(path, links=False):
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def write_sealed(target: Path, content: dict[str, Any]) -> None:
    """Write JSON with its own checksum, as :func:`write_whole` does."""
    text = json.dumps({"sha256": _seal(content), **content}, indent=1, allow_nan=False)
    write_whole(target, f"{text}\n".encode())


def read_sealed(path: Path, kind: str) -> dict[str, Any] | None:
    """Read JSON that was written with its checksum; None where it is missing, a link, damaged or of another kind."""
    text = text_up_to(path, MOST_BYTES, links=False)
    if text is None:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("format") != kind:
        return None
    sealed = content.pop("sha256", None)
    return content if sealed == _seal(content) else None


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
