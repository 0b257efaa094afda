"""A file of arrays with a checksum over all of it, which is compared before anything in it is looked at."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bayescale.language.errors import StoreError
from bayescale.language.files import MAX_BYTES, MAX_OBJECTS, MAX_RECORD, whole_file

FORMAT = "bayescale-checkpoint"
VERSION = 1
_FIRST_LINE = re.compile(rb"bayescale-checkpoint (\d{1,6}) ([0-9a-f]{64})\n")
# Of the first line, at most.
_FIRST_BYTES = 100
_TYPES = ("<f8", "<f4", "<i8", "<i4", "<u8", "<u4", "|b1")
_ANEW = "remove it to begin anew"


def write_sealed_arrays(target: Path, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a line with version and checksum, a line of JSON, and the values of the arrays one after the other.

    Args:
        target: the file; it appears whole or not at all.
        about: what else there is to say, JSON-ready.
        arrays: by name.

    Raises:
        OSError: it cannot be written, or would be larger than what is read; an older file stays as it was.
    """
    plain = {name: np.asarray(values, values.dtype.newbyteorder("<"), order="C") for name, values in arrays.items()}
    listed = [[name, values.dtype.str, values.shape] for name, values in plain.items()]
    head = json.dumps({"about": about, "arrays": listed}).encode() + b"\n"
    size = _FIRST_BYTES + len(head) + sum(values.nbytes for values in plain.values())
    if size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"{size:,} bytes, and at most {MAX_BYTES:,} are read")
    digest = hashlib.sha256(head)
    for values in plain.values():
        digest.update(values.tobytes())
    with whole_file(target) as unfinished, open(unfinished, "wb") as file:
        file.write(f"{FORMAT} {VERSION} {digest.hexdigest()}\n".encode() + head)
        for values in plain.values():
            file.write(values.tobytes())


def read_sealed_arrays(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file that may be anything; no more is held in memory than the file has bytes.

    Raises:
        StoreError: what it is instead; the message lacks the path.
    """
    if (size := os.path.getsize(path)) > MAX_BYTES:
        raise StoreError(f"it has {size:,} bytes and at most {MAX_BYTES:,} are read; {_ANEW}.")
    with open(path, "rb") as file:
        first = _FIRST_LINE.fullmatch(file.readline(_FIRST_BYTES))
        if first is None:
            raise StoreError("it is no checkpoint of bayescale; give another name, or remove it.")
        if int(first[1]) != VERSION:
            raise StoreError(f"it has format version {int(first[1])} and this bayescale reads {VERSION}; {_ANEW}.")
        content = file.read(size)
    if hashlib.sha256(content).hexdigest().encode() != first[2]:
        raise StoreError(f"it is truncated or damaged, its checksum is another; {_ANEW}.")
    head, _, body = content.partition(b"\n")
    return _parsed(head, memoryview(body))


def _parsed(head: bytes, body: memoryview) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the second line says, and the arrays that it lists."""
    strange = StoreError(f"its content is not what this bayescale writes; {_ANEW}.")
    try:
        if len(head) > MAX_RECORD:
            raise strange
        content = json.loads(head)
        about, listed = dict(content["about"]), [(str(n), str(t), tuple(map(int, s))) for n, t, s in content["arrays"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise strange from None
    if len(listed) > MAX_OBJECTS or any(kind not in _TYPES or min(shape, default=0) < 0 for _, kind, shape in listed):
        raise strange
    sizes = [math.prod(shape) * np.dtype(kind).itemsize for _, kind, shape in listed]
    if sum(sizes) != len(body):
        raise strange
    arrays, start = {}, 0
    for (name, kind, shape), size in zip(listed, sizes, strict=True):
        arrays[name] = np.frombuffer(body[start : start + size], kind).reshape(shape).copy()
        start += size
    return about, arrays
