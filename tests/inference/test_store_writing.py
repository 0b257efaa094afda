"""Saving writes the whole fit or nothing, and refuses what load could not know."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import xarray as xr

from bayescale.inference.store import save
from bayescale.language.errors import StoreError
from bayescale.language.priors import HalfNormal
from bayescale.models import RunEffects


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), TypeError("bad attribute")])
def test_a_failing_write_leaves_what_was_there(error, tmp_path, monkeypatch, made, without_data, saved):
    path = saved(tmp_path)
    before = path.read_bytes()

    def fail(tree, unfinished, **options):
        Path(unfinished).write_bytes(b"half")
        raise error

    monkeypatch.setattr(xr.DataTree, "to_netcdf", fail)
    with pytest.raises(StoreError, match=r"The fit could not be written to .*check the space"):
        save(without_data(made()), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch, made, without_data):
    def interrupt(tree, unfinished, **options):
        Path(unfinished).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.DataTree, "to_netcdf", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(without_data(made()), tmp_path / "fit.nc")
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be_written_are_refused(tmp_path, made, without_data):
    fit = without_data(made())
    with pytest.raises(StoreError, match=r"There is no folder .*nowhere to write fit\.nc to; make it first"):
        save(fit, tmp_path / "nowhere" / "fit.nc")
    with pytest.raises(StoreError, match="is a folder; give the name of a file in it"):
        save(fit, tmp_path)
    with pytest.raises(StoreError, match="is a device or a pipe"):
        save(fit, "/dev/null")
    with pytest.raises(StoreError, match="path must be a file name, got int"):
        save(fit, 3)
    with pytest.raises(StoreError, match="save takes a fit made by"):
        save("fit", tmp_path / "fit.nc")


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch, made, without_data):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StoreError, match="cannot be written to; choose another or change permissions"):
        save(without_data(made()), tmp_path / "fit.nc")


def test_what_load_could_not_know_is_not_saved(tmp_path, made, without_data):
    class OwnPrior(HalfNormal):
        """A prior of one's own."""

    for choices, message in (
        ({"priors": {"sigma": OwnPrior(0.1)}}, "The prior OwnPrior of sigma is your own"),
        ({"effects": RunEffects("budget", OwnPrior(0.1))}, "The prior OwnPrior of run effects is your own"),
    ):
        with pytest.raises(StoreError, match=message):
            save(without_data(made(**choices)), tmp_path / "fit.nc")
    assert not list(tmp_path.iterdir())
