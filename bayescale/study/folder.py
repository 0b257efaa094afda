"""The folder of a study's results, and who may write to it."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bayescale.language.errors import StoreError
from bayescale.language.files import UNFINISHED
from bayescale.study.files import remove

if TYPE_CHECKING:
    from bayescale.study.chunks import Shard

# Folders in it: what a part consists of, and the records by which parts count.
KINDS = {"summary": ".parquet", "estimates": ".parquet", "draws": ".nc"}
RECORDS = "parts"
# Name of a part: the beginning of a hash.
PART_ID = re.compile(r"[0-9a-f]{32}")
# Seconds that shards which start together wait for the first of them to write the manifest.
PATIENCE = 60.0


class Folder:
    """A folder of results.

    Args:
        path: of it.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)

    @property
    def manifest(self) -> Path:
        """The list of all fits."""
        return self.path / "manifest.json"

    def record(self, part: str) -> Path:
        """The record by which a part counts."""
        return self.path / RECORDS / f"{part}.json"

    def file(self, kind: str, part: str) -> Path:
        """A file of a part."""
        return self.path / kind / f"{part}{KINDS[kind]}"

    def prepare(self) -> None:
        """Make the folder and those in it.

        Raises:
            StoreError: it is a file, cannot be written to, or leads to elsewhere.
        """
        try:
            for path in (self.path, *(self.path / name for name in (RECORDS, *KINDS))):
                path.mkdir(parents=path == self.path, exist_ok=True)
                if path != self.path and path.is_symlink():
                    raise StoreError(f"{path} is a link to another place; remove it, results are written here only.")
        except OSError as error:
            raise StoreError(
                f"The folder {self.path} cannot be used ({error.strerror}); give the name of a folder of its own."
            ) from None

    def sweep(self) -> None:
        """Remove what a process that was killed has left: unfinished files, and files of parts that do not count.

        Files of other names are somebody's, and stay: a folder may have had a ``summary`` before it had a study.

        Raises:
            StoreError: one cannot be removed.
        """
        for path in self.path.glob(f"{UNFINISHED}*"):
            remove(path)
        for name, ending in {RECORDS: ".json", **KINDS}.items():
            for path in (self.path / name).iterdir():
                ours = PART_ID.fullmatch(path.stem) and path.suffix == ending
                if path.name.startswith(UNFINISHED) or (ours and not self.record(path.stem).exists()):
                    remove(path)

    def parts(self) -> list[str]:
        """Names of the parts that there are records of, whole or not."""
        names = sorted(path.stem for path in (self.path / RECORDS).glob("*.json"))
        return [name for name in names if PART_ID.fullmatch(name)]

    @contextmanager
    def held(self, shard: Shard | None) -> Iterator[Hold]:
        """Keep others from writing: everybody, or with a shard those that are no other shard.

        The system lets a lock go when its process ends, however it ends, so that none is ever left behind.

        Raises:
            StoreError: another process has it.
        """
        with _lock(self.path / ".lock", shared=shard is not None) as everybody:
            if shard is None:
                yield Hold(everybody)
                return
            with _lock(self.path / f".lock-{shard.number}-of-{shard.count}", shared=False):
                yield Hold(everybody)


class Hold:
    """That others are kept from writing."""

    def __init__(self, handle: int):
        self._handle = handle

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other shard is at work.

        Raises:
            StoreError: one still is.
        """
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # A conversion that is refused loses the lock that there was.
                fcntl.flock(self._handle, fcntl.LOCK_SH)
                if time.monotonic() > until:
                    raise StoreError(
                        "Other shards are at work on another version of the study in this folder; let them end, or "
                        "give a folder of its own."
                    ) from None
                time.sleep(0.2)
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)


@contextmanager
def _lock(path: Path, *, shared: bool) -> Iterator[int]:
    """Hold a file's lock and write into it whose it is."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except OSError as error:  # a link to elsewhere, or a folder
        raise StoreError(f"{path} cannot be used as a lock ({error.strerror}); remove it.") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise StoreError(f"{path} cannot be used as a lock (it is no file); remove it.")
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "another process"
            raise StoreError(
                f"{who} is writing to {path.parent}. Wait until it has ended, or give another folder; several "
                "processes share one folder as shards (1/2, 2/2)."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"Process {os.getpid()} on {platform.node()}".encode(), 0)
        yield handle
    finally:
        os.close(handle)
