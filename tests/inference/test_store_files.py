"""A file that is spoilt, damaged or no fit at all gives one sentence; nothing else is read for it."""

from __future__ import annotations

import os
from collections.abc import Callable

import h5py
import numpy as np
import pytest
import xarray as xr

from bayescale.inference.store import archive, hdf5, load
from bayescale.language.errors import StoreError

DRAWS = "unconstrained_posterior"


def put(name: str, values, **storage) -> Callable[[h5py.File], None]:
    """Replace one variable."""

    def change(h5: h5py.File) -> None:
        if name in h5:
            del h5[name]
        h5.create_dataset(name, data=values, **storage)

    return change


def drop(name: str) -> Callable[[h5py.File], None]:
    return lambda h5: h5.__delitem__(name)


def cell(name: str, index, value) -> Callable[[h5py.File], None]:
    return lambda h5: h5[name].__setitem__(index, value)


def attr(name: str, value) -> Callable[[h5py.File], None]:
    return lambda h5: h5.attrs.__setitem__(name, value)


def external_link(h5: h5py.File) -> None:
    h5["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(h5: h5py.File) -> None:
    del h5["runs/loss"]
    h5["runs/loss"] = h5py.SoftLink("/runs/params")


def loop(h5: h5py.File) -> None:
    h5["runs/again"] = h5["/"]


def external_storage(h5: h5py.File) -> None:
    del h5["runs/loss"]
    h5.create_dataset("runs/loss", (6,), "f8", external=[("/etc/passwd", 0, 48)])


def virtual(h5: h5py.File) -> None:
    del h5["runs/loss"]
    layout = h5py.VirtualLayout((6,), "f8")
    layout[:] = h5py.VirtualSource("other.nc", "loss", (6,))
    h5.create_virtual_dataset("runs/loss", layout)


def unallocated(h5: h5py.File) -> None:
    del h5["runs/loss"]
    h5.create_dataset("runs/loss", (10**12,), "f8")


FEW_OBJECTS = 60


def older(h5: h5py.File) -> None:
    """As the first version of the format was."""
    for name in ("format", "sha256"):
        text = h5.attrs[name].decode()
        del h5.attrs[name]
        h5.attrs[name] = text
    h5.attrs["record"] = bytes(h5["record"][()]).decode()
    h5.attrs["format_version"] = 1
    del h5["record"]


def many(h5: h5py.File) -> None:
    for i in range(FEW_OBJECTS):
        h5.create_group(f"g{i}")


SPOILT_FILES = {
    "an external link": (external_link, "'/elsewhere' links to somewhere else; a fit holds its own data"),
    "a soft link": (soft_link, "'/runs/loss' links to somewhere else"),
    "a loop": (loop, "it holds more or deeper groups than a fit has"),
    "too many groups": (many, "it holds more or deeper groups than a fit has"),
    "external storage": (external_storage, "'/runs/loss' takes its data from another file"),
    "a virtual variable": (virtual, "'/runs/loss' takes its data from another file"),
    "a named type": (lambda h5: h5.__setitem__("t", np.dtype("f8")), "'/t' is neither a group nor a variable"),
    "a huge declared shape": (unallocated, "variable 'loss' of 'runs' is not stored plainly and in full"),
    "compression": (
        put("runs/loss", np.ones(10**6), compression="gzip"),
        "variable 'loss' of 'runs' is not stored plainly and in full",
    ),
    "references": (
        lambda h5: put("runs/loss", np.array([h5.ref], dtype=h5py.ref_dtype))(h5),
        "variable 'loss' of 'runs' is of type object; expected numbers or characters",
    ),
    "an older version": (older, "it has format version 1, of bayescale before its first .* reads 2; fit again"),
    "no format": (lambda h5: h5.attrs.__delitem__("format"), "it was not written by bayescale, it lacks the format"),
    "another format": (attr("format", np.bytes_("gguf")), "it was not written by bayescale"),
    "a format that is a number": (attr("format", 3), "its attribute 'format' is missing or no text"),
    "a text of variable length": (attr("format", "bayescale-fit"), "its attribute 'format' is missing or no text"),
    "a later version": (attr("format_version", 3), "it has format version 3 and .* reads versions up to 2; update"),
    "version zero": (attr("format_version", 0), "its format_version is no positive integer"),
    "a version in words": (attr("format_version", "one"), "its format_version is no positive integer"),
    "no record": (drop("record"), "its record is missing or no text"),
    "a record of numbers": (put("record", np.ones(3)), "its record is missing or no text"),
    "a record in a table": (put("record", np.ones((3, 3), np.uint8)), "its record is missing or no text"),
    "a packed record": (
        put("record", np.ones(10**6, np.uint8), compression="gzip"),
        "the variable 'record' is not stored plainly and in full",
    ),
    "a huge record": (
        put("record", np.full(archive.MAX_RECORD + 1, ord("["), np.uint8)),
        "its record has 4,194,305 bytes and at most 4,194,304 are expected",
    ),
    "no checksum": (lambda h5: h5.attrs.__delitem__("sha256"), "its attribute 'sha256' is missing or no text"),
    "no draws": (drop(DRAWS), f"the group '{DRAWS}' is missing; expected a file written by save"),
    "no runs": (drop("runs"), "the group 'runs' is missing"),
    "a variable for a group": (put("runs", np.ones(3)), "the group 'runs' is missing"),
    "a group for a variable": (lambda h5: h5.create_group("runs/more"), "holds 'more', which is no variable"),
    "no draws of E": (drop(f"{DRAWS}/E"), f"the group '{DRAWS}' lacks variable 'E'"),
    "draws of a stranger": (put(f"{DRAWS}/Z", np.ones((2, 6))), "holds the unknown variable 'Z'"),
    "too few draws": (put(f"{DRAWS}/E", np.ones((2, 5))), r"'E' must be float64 of shape \(2, 6\), got .* \(2, 5\)"),
    "draws with one axis more": (put(f"{DRAWS}/E", np.ones((2, 6, 1))), r"must be float64 of shape \(2, 6\)"),
    "single precision": (put(f"{DRAWS}/E", np.ones((2, 6), "f4")), "'E' must be float64 .* got float32"),
    "draws that are not numbers": (cell(f"{DRAWS}/E", (1, 2), np.nan), "the draws of 'E' are not all finite"),
    "infinite draws": (cell(f"{DRAWS}/beta", (0, 0), np.inf), "the draws of 'beta' are not all finite"),
    "no divergences": (drop("sample_stats/diverging"), "the group 'sample_stats' lacks the variable 'diverging'"),
    "statistics of another shape": (put("sample_stats/lp", np.ones(6)), r"the statistic 'lp' must be numbers of shape"),
    "a column less": (drop("runs/loss"), "its runs must be columns of one length with params, tokens, compute, loss"),
    "a strange column": (put("runs/colour", np.ones(6)), "its runs must be columns of one length"),
    "columns of several lengths": (put("runs/loss", np.ones(7)), "its runs must be columns of one length"),
    "integers for losses": (put("runs/loss", np.ones(6, int)), "the column 'loss' of its runs is int64"),
    "a negative loss": (cell("runs/loss", 0, -1.0), "1 unusable cell: row 1, loss: '-1' is not positive"),
    "a control character": (cell("runs/budget", (2, 1), b"\x1b"), "row 3, budget: .* contains control characters"),
    "bytes that are no text": (cell("runs/budget", (2, 1), b"\xff"), r"damaged or holds no fit \(UnicodeDecodeError\)"),
    "another loss": (cell("runs/loss", 0, 2.0), "its table of runs is not the one that was fitted"),
}


@pytest.mark.parametrize("kind", SPOILT_FILES)
def test_a_spoilt_file_is_refused_in_one_sentence(kind, copy, monkeypatch, rewrite, refused):
    change, message = SPOILT_FILES[kind]
    monkeypatch.setattr(hdf5, "MAX_OBJECTS", FEW_OBJECTS)
    rewrite(copy, file=change)
    refused(copy, message)


NO_FITS = {
    "an empty file": (lambda content: b"", "it is empty; copy it or save the fit again"),
    "text": (
        lambda content: b"params,tokens,loss\n",
        "it is no NetCDF-4 file, it begins with b'params,t'; expected a file written by save; a table",
    ),
    "a pickle": (lambda content: b"\x80\x04cposix\nsystem\n(S'touch owned'\ntR.", "it is no NetCDF-4 file"),
    "NetCDF 3": (lambda content: b"CDF\x01" + bytes(100), "it is no NetCDF-4 file"),
    "the first bytes": (lambda content: content[:5], "it is no NetCDF-4 file"),
    "only a signature": (lambda content: content[:8], "it is truncated or damaged"),
    "half a file": (lambda content: content[: len(content) // 2], "it is truncated or damaged"),
    "a byte less": (lambda content: content[:-1], "it is truncated or damaged"),
}


@pytest.mark.parametrize("kind", NO_FITS)
def test_what_is_no_fit_is_refused_in_one_sentence(kind, good, tmp_path, refused):
    change, message = NO_FITS[kind]
    path = tmp_path / "fit.nc"
    path.write_bytes(change(good.read_bytes()))
    refused(path, message)


def test_a_file_of_another_program_is_refused(tmp_path, refused):
    with h5py.File(tmp_path / "fit.nc", "w") as h5:
        h5["weights"] = np.ones(3)
    refused(tmp_path / "fit.nc", "it was not written by bayescale")


def test_what_is_not_there_is_refused(tmp_path, refused):
    refused(tmp_path / "fit.nc", "there is no such file")
    refused(tmp_path, "it is a folder")
    os.mkfifo(tmp_path / "pipe.nc")
    refused(tmp_path / "pipe.nc", "it is a device or a pipe")


def test_damage_anywhere_is_noticed_or_harmless(good, tmp_path):
    """Random bytes in random places: one sentence, or the same fit (where bytes fill gaps or serve other readers)."""
    content, rng = good.read_bytes(), np.random.default_rng(1)
    fit = load(good)
    for trial in range(60):
        spoilt = bytearray(content)
        start = int(rng.integers(len(content) if trial % 2 else 4096))
        spoilt[start : start + 4] = rng.bytes(4)
        (tmp_path / "fit.nc").write_bytes(spoilt[: len(content)])
        try:
            back = load(tmp_path / "fit.nc")
        except StoreError:
            continue
        xr.testing.assert_identical(back.unconstrained, fit.unconstrained)
        assert (back.record, back.runs.sha256) == (fit.record, fit.runs.sha256)
    (tmp_path / "fit.nc").write_bytes(content)
    assert load(tmp_path / "fit.nc").record == fit.record  # the failures before leave nothing open


def test_altered_draws_are_noticed(copy, rewrite, refused):
    rewrite(copy, file=cell(f"{DRAWS}/E", (0, 0), 1.0), seal=False)
    refused(copy, "its draws or its record were altered or damaged after it was saved")


def test_a_fit_of_an_older_version_is_one_and_may_be_replaced(copy, rewrite):
    assert archive.is_fit(copy)
    rewrite(copy, file=older, seal=False)
    assert archive.is_fit(copy)
    rewrite(copy, file=attr("format_version", 3), seal=False)
    assert not archive.is_fit(copy)
