"""The folder of a report: written beside its place and renamed, and never in place of something else."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bayescale.language.errors import StoreError
from bayescale.language.regular import text_up_to

CARD = "card.json"
SCHEMA = "bayescale-report/1"
# What a report writes, and what it may so remove again.
ENDINGS = (".html", ".json", ".tex", ".bib", ".pdf")
_LONGEST = 60
# Of a card; those of many fits have some hundred thousand.
MOST_BYTES = 64 << 20


def file_name(name: str) -> str:
    """Return a name that is one for a file everywhere: small letters, digits, hyphens.

    >>> file_name("Chinchilla, all <runs>"), file_name("../..")
    ('chinchilla-all-runs', 'unnamed')
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-") or "unnamed"


def report_folder(path: str | os.PathLike[str]) -> Path:
    """Return where the report goes, with links followed, before any work is done.

    Raises:
        StoreError: a file, a folder that cannot be written or that holds something else than a report.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise StoreError(f"out must be the name of a folder, got {path!r}; write out='report'.")
    target = Path(os.path.realpath(os.fspath(path)))
    if target.exists() and not target.is_dir():
        raise StoreError(f"{path!s} is a file; give the name of a folder that is new, or of an older report.")
    if not target.parent.is_dir():
        raise StoreError(f"There is no folder {Path(path).parent} to make {Path(path).name} in; make it first.")
    if not os.access(target if target.exists() else target.parent, os.W_OK | os.X_OK):
        raise StoreError(f"{path!s} cannot be written to; choose another place or change permissions.")
    if target.exists() and any(target.iterdir()) and _files_of(target) is None:
        raise StoreError(f"{path!s} exists and is no report; give a folder that is new or empty, or remove it first.")
    return target


def write_report(target: Path, files: Mapping[str, str | bytes]) -> None:
    """Write the files of a report to a temporary folder beside its place, then put it there.

    A new folder appears whole or not at all. In an older report files are replaced one by one, and those that it wrote
    and this one lacks are removed; whatever else lies there stays.

    Raises:
        StoreError: when files cannot be written; nothing is left behind.
    """
    unfinished = Path(tempfile.mkdtemp(prefix=".bayescale-report-", dir=target.parent))
    try:
        for name, content in files.items():
            place = unfinished / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        if target.exists() and any(target.iterdir()):
            _replace(target, unfinished, files)
        else:
            os.chmod(unfinished, 0o777 & ~_umask())
            if target.exists():
                target.rmdir()
            os.replace(unfinished, target)
    except OSError as error:
        raise StoreError(f"The report could not be written to {target} ({error.strerror or error}).") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _replace(target: Path, unfinished: Path, files: Mapping[str, str | bytes]) -> None:
    stale = set(_files_of(target) or ()) - set(files)
    # The card comes last: it is what makes the folder a report.
    for name in files:
        place = (target / name).parent
        if Path(os.path.realpath(place)) != place:
            raise StoreError(
                f"{place} is a link to another place; remove it, reports are written to their folder only."
            )
    for name in sorted(files, key=lambda name: name == CARD):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(unfinished / name, target / name)
    for name in stale:
        (target / name).unlink(missing_ok=True)


def _files_of(folder: Path) -> list[str] | None:
    """The files that the report in a folder wrote; None where there is no report. The card may come from anyone."""
    text = text_up_to(folder / CARD, MOST_BYTES)
    try:
        card = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(card, dict) or card.get("schema") != SCHEMA or not isinstance(card.get("files"), list):
        return None
    return [name for name in card["files"] if isinstance(name, str) and _is_ours(folder, name)]


def _is_ours(folder: Path, name: str) -> bool:
    """Whether a name is that of a file which a report could have written, inside of its folder."""
    path = PurePosixPath(name)
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in name and path.suffix in ENDINGS
    return plain and Path(os.path.realpath(folder / name)) == folder / name


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found
