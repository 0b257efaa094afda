"""HDF5 files that may be anything: opened, and refused where they reach beyond themselves."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bayescale.language.errors import StoreError
from bayescale.language.files import MAX_OBJECTS, brief

if TYPE_CHECKING:
    import h5py

# What the draws of a part may take beside what their file has: HDF5 fills what was never written.
_SPARE = 1 << 20

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Bytes of text without accents, such as the head of a table.
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))

# A heap of values of variable length: signature and version, three bytes, its size; then objects, each of which begins
# with its number, six bytes, and its size, and takes a multiple of eight bytes. Number 0 is free space, head included.
_HEAP, _HEAP_HEAD, _OBJECT = b"GCOL\x01", 16, struct.Struct("<H6xQ")


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open a file as HDF5, after a look at its first bytes."""
    import h5py

    if os.path.isdir(path):
        raise StoreError("it is a folder; give the name of a file written by save.")
    if not os.path.exists(path):
        raise StoreError("there is no such file; check its name and folder.")
    if not os.path.isfile(path):
        raise StoreError("it is a device or a pipe; give the name of a file written by save.")
    try:
        raw = open(path, "rb")  # noqa: SIM115 - closed below, and errors of opening are not those of reading
    except OSError as error:
        raise StoreError(f"it cannot be opened ({error.strerror}); check its permissions.") from None
    with raw:
        begin = raw.read(len(_SIGNATURE))
        if not begin:
            raise StoreError("it is empty; copy it or save the fit again.")
        if begin != _SIGNATURE:
            table = "; a table of runs is fitted first" if _TEXT.issuperset(begin) else ""
            raise StoreError(
                f"it is no NetCDF-4 file, it begins with {begin!r}; expected a file written by save{table}."
            )
        try:
            # The very file that was looked at, without the locks that some network drives refuse.
            file = h5py.File(raw, "r")
        except OSError as error:
            raise StoreError(f"it is truncated or damaged ({brief(error)}); copy it or save the fit again.") from None
        with file:
            yield file


def check_closed(path: str | os.PathLike[str]) -> None:
    """Refuse a file that would read others, or declares more data than it has.

    Raises:
        StoreError: what it is instead; the message lacks the path.
    """
    check_heaps(path)
    with opened(path) as file:
        sizes = [(member.size or 0) * member.dtype.itemsize for member in check_objects(file)]
        if sum(sizes) > os.path.getsize(path) + _SPARE:
            raise StoreError(f"it declares {sum(sizes):,} bytes of data, more than it has; make it again.")


def check_heaps(path: str | os.PathLike[str]) -> None:
    """Refuse a file in which HDF5 would go round in circles.

    In its heaps, each object says where the next one is. With sizes of 64 bits that may be where it is itself, and the
    library never ends. Only files whose texts are read need this look: :func:`load` reads none of variable length.

    Raises:
        StoreError: an object is followed by itself; the message lacks the path.
    """
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    with open(path, "rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
        heap, left = content.find(_HEAP), len(content) // _OBJECT.size
        while heap >= 0:
            at = heap + _HEAP_HEAD
            end = min(len(content), heap + int.from_bytes(content[heap + 8 : at], "little"))
            while at + _OBJECT.size <= end:
                number, size = _OBJECT.unpack_from(content, at)
                step = _OBJECT.size + size + -size % 8 if number else size
                left -= 1
                # Objects of heaps that lie in each other are more than a file has room for.
                if step % (1 << 64) == 0 or left < 0:
                    raise StoreError("it is damaged: its texts follow each other in a circle; make it again.")
                at += step
            heap = content.find(_HEAP, heap + 1)


def check_objects(file: h5py.File) -> list[h5py.Dataset]:
    """Refuse everything by which an HDF5 file can reach other files, or send a reader in circles; return its data."""
    import h5py

    waiting, seen, found = [file["/"]], 0, []
    while waiting:
        group = waiting.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            seen += 1
            if seen > MAX_OBJECTS or where.count("/") > 4:
                raise StoreError("it holds more or deeper groups than a fit has; expected a file written by save.")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise StoreError(f"{where!r} links to somewhere else; a fit holds its own data, so save it again.")
            member = group[name]
            if isinstance(member, h5py.Group):
                waiting.append(member)
                continue
            if not isinstance(member, h5py.Dataset):
                raise StoreError(f"{where!r} is neither a group nor a variable; expected a file written by save.")
            if member.external or member.is_virtual:
                raise StoreError(f"{where!r} takes its data from another file; a fit holds its own, so save it again.")
            found.append(member)
    return found
