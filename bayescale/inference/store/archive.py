"""The file of a fit: NetCDF written in one step, and read only after everything it declares has been checked."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayescale.inference.store.hdf5 import check_objects, opened
from bayescale.language.errors import StoreError
from bayescale.language.files import MAX_BYTES, MAX_RECORD, brief, whole_file

if TYPE_CHECKING:
    import h5py

FORMAT = "bayescale-fit"
# Raised when a file can no longer be read by the code before.
VERSION = 2

DRAWS, STATS, RUNS, RECORD = "unconstrained_posterior", "sample_stats", "runs", "record"

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Archive:
    """What a file holds, as plain arrays.

    Args:
        record: JSON text.
        sha256: checksum that was written with the file.
        groups: the arrays that load needs, by group and name; text is an array of bytes, one per row.
    """

    record: str
    sha256: str
    groups: Mapping[str, Arrays]


def checksum(record: str, draws: Arrays, stats: Arrays) -> str:
    """Hash of everything that a loaded fit is made of; the record holds the hash of the runs."""
    digest = hashlib.sha256(record.encode())
    for group in (draws, stats):
        for name, values in sorted(group.items()):
            little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
            digest.update(f"\n{name}:{little.dtype.str}:{little.shape}:".encode())
            digest.update(little.tobytes())
    return digest.hexdigest()


def is_fit(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a saved fit, of whatever version; what can be opened but was written by others is none."""
    try:
        with opened(path) as file:
            return _is_older(file) or ("format" in file.attrs and _label(file, "format") == FORMAT)
    except (StoreError, OSError, RuntimeError, UnicodeDecodeError):  # the last three by a damaged file
        return False


def write_archive(groups: Mapping[str, xr.Dataset], record: str, sha256: str, target: Path) -> None:
    """Write all groups to a new file beside ``target`` and rename it, so that there is a whole file or none.

    What :func:`read_archive` reads has sizes that are declared: the record is bytes of a variable, and texts among the
    attributes are of fixed length. Those of variable length lie in a heap, which HDF5 walks without end when it is
    damaged.

    Raises:
        StoreError: when the file cannot be written; nothing is left behind, and an older file stays as it was.
    """
    for group in (DRAWS, STATS, RUNS):  # a byte is what NetCDF has for a boolean, and is read as one
        assert all(one.dtype != np.int8 for one in groups[group].data_vars.values())
    root = xr.Dataset({RECORD: ("byte", np.frombuffer(record.encode(), np.uint8))})
    tree = xr.DataTree.from_dict({"/": root, **groups})
    tree.attrs.update(format=np.bytes_(FORMAT), format_version=VERSION, sha256=np.bytes_(sha256))
    try:
        with whole_file(target) as unfinished:
            tree.to_netcdf(unfinished, engine="h5netcdf")
    except Exception as error:
        raise StoreError(
            f"The fit could not be written to {target} ({brief(error)}); check the space that is left on the disk."
        ) from error


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read a file that may be anything.

    Raises:
        StoreError: what it is instead of a saved fit; the message lacks the path.
    """
    with opened(path) as file:
        _check_format(file)
        check_objects(file)
        limit = min(MAX_BYTES, os.path.getsize(path))
        sets = {name: _variables(file, name) for name in (DRAWS, STATS, RUNS)}
        declared = sum(one.size * one.dtype.itemsize for group in sets.values() for one in group.values())
        if declared > limit:
            raise StoreError(
                f"it declares {declared:,} bytes of data and can hold at most {limit:,}; save the fit again."
            )
        groups = {name: {key: _read(one) for key, one in group.items()} for name, group in sets.items()}
        return Archive(_record(file), _label(file, "sha256"), groups)


def _check_format(file: h5py.File) -> None:
    """Refuse files of other programs and of other versions."""
    if _is_older(file):
        raise StoreError(
            f"it has format version {VERSION - 1}, of bayescale before its first release, and this bayescale reads "
            f"{VERSION}; fit again."
        )
    if "format" not in file.attrs or _label(file, "format") != FORMAT:
        raise StoreError(f"it was not written by bayescale, it lacks the format {FORMAT!r}; expected a file from save.")
    version = _version(file)
    if version < 1:
        raise StoreError("its format_version is no positive integer; save the fit again.")
    if version > VERSION:
        raise StoreError(
            f"it has format version {version} and this bayescale reads versions up to {VERSION}; update bayescale."
        )


def _version(file: h5py.File) -> int:
    """The version of the format that a file says; 0 where it says none."""
    told = file.attrs.get_id("format_version") if "format_version" in file.attrs else None
    there = told is not None and told.dtype.kind in "iu" and math.prod(told.shape) == 1
    return int(np.ravel(file.attrs["format_version"])[0]) if there else 0


def _is_older(file: h5py.File) -> bool:
    """Whether a file is a fit of version 1, whose texts are of variable length and are not read."""
    texts = [file.attrs.get_id(name).dtype for name in ("format", "record", "sha256") if name in file.attrs]
    return len(texts) == 3 and all(kind.kind == "O" for kind in texts) and _version(file) == 1


def _variables(file: h5py.File, name: str) -> dict[str, h5py.Dataset]:
    """The variables of a group, without its dimensions; nothing is read yet."""
    import h5py

    group = file.get(name)
    if not isinstance(group, h5py.Group):
        raise StoreError(f"the group {name!r} is missing; expected a file written by save.")
    found = {}
    for key, one in group.items():
        if not isinstance(one, h5py.Dataset):
            raise StoreError(f"the group {name!r} holds {key!r}, which is no variable; save the fit again.")
        if one.is_scale:  # coordinates are made again from the runs and the model
            continue
        _check_plain(one, f"{key!r} of {name!r}")
        found[key] = one
    return found


def _check_plain(variable: h5py.Dataset, name: str) -> None:
    """Refuse a variable that is anything but numbers or characters, one after the other in the file."""
    kind, filters = variable.dtype, variable.id.get_create_plist().get_nfilters()
    if kind.kind not in "fiubS":
        raise StoreError(f"the variable {name} is of type {kind}; expected numbers or characters.")
    plain = variable.chunks is None and filters == 0 and variable.shape is not None
    if not plain or variable.id.get_storage_size() != variable.size * kind.itemsize:
        raise StoreError(f"the variable {name} is not stored plainly and in full; save the fit again.")


def _read(variable: h5py.Dataset) -> np.ndarray:
    """The values of a variable; one text per row from characters."""
    values = variable[()]
    if values.dtype.kind == "S":
        return np.ascontiguousarray(values).view(f"S{values.shape[-1] * values.dtype.itemsize}")[..., 0]
    # NetCDF has no booleans: they are bytes there, and no other numbers of a fit are.
    return values.astype(bool) if values.dtype == np.int8 else values


def _record(file: h5py.File) -> str:
    """The record, a text."""
    import h5py

    there = file.get(RECORD)
    if not isinstance(there, h5py.Dataset) or there.dtype != np.uint8 or there.ndim != 1:
        raise StoreError(f"its {RECORD} is missing or no text; expected a file written by save.")
    _check_plain(there, repr(RECORD))
    if there.size > MAX_RECORD:
        raise StoreError(f"its {RECORD} has {there.size:,} bytes and at most {MAX_RECORD:,} are expected.")
    return bytes(there[()]).decode()


def _label(file: h5py.File, name: str) -> str:
    """A short text among the root's attributes, of fixed length."""
    told = file.attrs.get_id(name) if name in file.attrs else None
    if told is None or told.dtype.kind != "S" or told.shape != ():
        raise StoreError(f"its attribute {name!r} is missing or no text; expected a file written by save.")
    return bytes(file.attrs[name]).decode()
