"""Where the file of a data set lies: the user's copy, a folder of copies, the cache, or else the network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayescale.data.datasets.entry import DataFile
from bayescale.language.errors import DataError, MissingDataError
from bayescale.language.regular import is_regular

# A folder with copies, laid out as the paths of the registry's files say; it is read and never written.
COPIES = "BAYESCALE_DATASETS"
# Of a file of the registry; the largest has some ten megabytes.
MOST_BYTES = 1 << 30
# Where downloads go instead of the user's cache.
CACHE = "BAYESCALE_DATASETS_CACHE"


def copies_folder() -> Path | None:
    """The folder of ``BAYESCALE_DATASETS``, or None."""
    chosen = os.environ.get(COPIES, "").strip()
    return Path(chosen).expanduser() if chosen else None


def cache_folder() -> Path:
    """The folder of downloads: ``BAYESCALE_DATASETS_CACHE``, else in the user's cache."""
    chosen = os.environ.get(CACHE, "").strip()
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("bayescale") / "datasets"


def found(file: DataFile) -> tuple[str, Path] | None:
    """Return where a copy lies, ``"local"`` or ``"cached"``, and its path; its content is not looked at."""
    for state, folder in (("local", copies_folder()), ("cached", cache_folder())):
        if folder is not None and is_regular(folder / file.path):
            return state, folder / file.path
    return None


def locate(file: DataFile, name: str, *, path: str | os.PathLike[str] | None = None, download: bool = True) -> Path:
    """Return the path of a file of the right content.

    Args:
        file: what is wanted.
        name: of the data set, for messages.
        path: the user's own copy, or None.
        download: whether the network may be used.

    Raises:
        MissingDataError: there is no copy and none can be had.
        DataError: a copy has another content, or ``path`` is no file.
    """
    if path is not None:
        copy = Path(path).expanduser()
        if not is_regular(copy):
            raise DataError(f"{copy} is no file: path must be your own copy of {file.path} for data set {name!r}.")
        return checked(file, copy, "give the path of the right file")
    if (here := found(file)) is not None:
        state, copy = here
        remedy = f"replace it, or unset {COPIES}" if state == "local" else "delete it, and it is fetched again"
        return checked(file, copy, remedy)
    own = f'load it with path=..., or set {COPIES} to a folder that holds it as "{file.path}"'
    if file.address is None:
        raise MissingDataError(
            f"data set {name!r} has no address to fetch it from: bring your own copy of {file.path} (sha256 "
            f"{file.sha256}), {file.origin}, and {own}."
        )
    if not download:
        raise MissingDataError(
            f"data set {name!r} is neither in {COPIES} nor in the cache and download=False: fetch {file.address} "
            f"(sha256 {file.sha256}), and {own}."
        )
    return _fetched(file, name, own)


def checked(file: DataFile, copy: Path, remedy: str) -> Path:
    """Return a path whose content is the file's.

    Raises:
        DataError: it is another.
    """
    size = copy.stat().st_size
    if size > MOST_BYTES:
        raise DataError(
            f"{copy} is not the file that the registry knows: it has {size:,} bytes. {remedy.capitalize()}."
        )
    with copy.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != file.sha256:
        raise DataError(
            f"{copy} is not the file that the registry knows: expected sha256 {file.sha256}, got {digest} "
            f"({size:,} bytes). It was changed or cut short: {remedy}."
        )
    return copy


def _fetched(file: DataFile, name: str, own: str) -> Path:
    """Download a file to the cache; pooch writes to a temporary name, checks the hash and renames."""
    import pooch

    target = cache_folder() / file.path
    try:
        with _quiet():
            # The default downloader would go through any scheme; this one knows http(s) and a time limit.
            made = pooch.retrieve(
                file.address,
                known_hash=f"sha256:{file.sha256}",
                fname=target.name,
                path=target.parent,
                downloader=pooch.HTTPDownloader(timeout=30),
            )
    except OSError as error:  # no network, no such address, a full disk: requests' errors are OSErrors
        raise MissingDataError(
            f"data set {name!r} could not be fetched from {file.address} to {target.parent}: "
            f"{type(error).__name__}: {error}. Try again with a network, or fetch it elsewhere (sha256 {file.sha256}) "
            f"and {own}."
        ) from error
    except ValueError as error:  # the hash does not match
        raise DataError(
            f"what {file.address} sent is not the file that the registry knows (expected sha256 {file.sha256}) and "
            f"was thrown away: the download was changed or cut short. Try again; if it stays so, get the file "
            f"elsewhere and {own}."
        ) from error
    return Path(made)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pooch from printing what it does."""
    import logging

    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
