"""Several devices make what one makes; each number of them in a process of its own, on parts of the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import bayescale as bs
from bayescale.inference import devices
from bayescale.inference.devices import default_for, find_places
from bayescale.inference.many.fit_many import _of_float64
from bayescale.inference.spread import part_blocks

SCRIPT = Path(__file__).with_name("spread_over_devices.py")
COUNTS = (1, 2, 4)
STRUCTURES = ("one family", "families", "effects", "residuals", "no errors")
# A sum of float64 in another order: each of some hundred terms is rounded once, and intermediate sums are as large as
# the sum of their sizes, which is within a hundred times that of value and gradient.
ROUNDING = 1e4 * np.finfo(float).eps


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("devices")


@pytest.fixture(scope="module")
def found(folder) -> dict[int, dict]:
    """What the script found with each number of devices."""
    # The number of parts is said before JAX starts, so that this is not one process.
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "BAYESCALE_COMPILE_CACHE": str(folder / "compiled")}
    parts = "--xla_force_host_platform_device_count={}"
    begun = {
        count: subprocess.Popen(
            [sys.executable, str(SCRIPT), str(count), str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment | {"XLA_FLAGS": parts.format(count)},
        )
        for count in COUNTS
    }  # fmt: skip
    results = {}
    for count, process in begun.items():
        output, error = process.communicate()
        assert process.returncode == 0, error
        results[count] = json.loads(output.splitlines()[-1])
    return results


def draws(folder: Path, name: str, count: int) -> dict[str, np.ndarray]:
    with np.load(folder / f"{name}-{count}.npz") as held:
        return dict(held)


def test_every_process_has_its_devices(found):
    assert {count: one["devices"] for count, one in found.items()} == {count: count for count in COUNTS}


@pytest.mark.parametrize("count", COUNTS[1:])
def test_chains_batches_and_rows_lie_on_all_devices(count, found):
    """Or else all of what follows would hold of one device alone. Three chains need no more than three."""
    chains = min(count, 3)
    assert found[count]["places"] == {"batches": count, "chains": chains, "vectorized": chains, "rows": count}


# --- Batches and chains ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", COUNTS[1:])
def test_chains_are_those_of_one_device_to_the_last_bit(count, found, folder):
    """Three chains, which neither two nor four devices divide evenly."""
    same_bits(draws(folder, "chains", 1), draws(folder, "chains", count))


@pytest.mark.parametrize("name", ["batch-float64", "batch-float32"])
def test_batches_are_the_same_to_the_last_bit_on_two_devices_and_on_four(name, found, folder):
    """Five tables, which neither divides evenly."""
    same_bits(draws(folder, name, 2), draws(folder, name, 4))


@pytest.mark.parametrize(("name", "near"), [("batch-float64", 1e-9), ("batch-float32", 1e-3)])
def test_batches_are_those_of_one_device_to_rounding(name, near, found, folder):
    """Several devices have a program of their own, which rounds otherwise.

    Proposals are then off by some roundings, and so are draws; where an acceptance was so close that rounding decided,
    a chain is elsewhere until its next step. Of 10,000 steps with log densities known to 1e-4 that is one or so.
    """
    one, several = draws(folder, name, 1), draws(folder, name, 2)
    for parameter, values in one.items():
        assert np.isfinite(values).all()
        assert (np.abs(several[parameter] - values) < near).mean() > 0.99, parameter


def same_bits(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert set(one) == set(other)
    for parameter, values in one.items():
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(other[parameter], values, err_msg=parameter)


@pytest.mark.parametrize("name", ["vectorized", "rows"])
@pytest.mark.parametrize("count", COUNTS[1:])
def test_chains_side_by_side_and_rows_are_those_of_one_device_to_rounding(name, count, found, folder):
    """Other compiled functions add in another order, which trajectories amplify, the more the longer a chain is.

    So the first draws are compared, to a millionth where sds are a hundredth or more: far more
    than rounding has grown to by then (1e-8 after 100 draws was seen), far less than a sum that lacks a device's rows
    would move them, which is by whole sds.
    """
    one, several = draws(folder, name, 1), draws(folder, name, count)
    for parameter, values in one.items():
        assert np.isfinite(several[parameter]).all()
        assert values.std() > 1e-2, parameter
        np.testing.assert_allclose(several[parameter][:, :20], values[:, :20], rtol=0, atol=1e-6, err_msg=parameter)


def test_float32_is_no_float64(found, folder):
    """The comparison can fail: a batch of the other precision is not the same to the last bit."""
    double, single = draws(folder, "batch-float64", 1), draws(folder, "batch-float32", 1)
    assert any((double[name] != single[name]).any() for name in double)


# --- Rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("count", COUNTS[2:])
def test_value_and_gradient_of_spread_rows_are_those_of_one_device(structure, count, found):
    one = found[count]["likelihoods"][structure]
    assert one["apart"] <= ROUNDING * abs(one["value"])
    assert one["gradient_apart"] <= ROUNDING * max(one["gradient"], abs(one["value"]))
    assert one["rows"] == {"one family": 150, "families": 450}.get(structure, 300)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("count", COUNTS[2:])
def test_without_the_sum_over_devices_the_value_would_be_another(structure, count, found):
    """The comparison can fail: what the first device has of the rows is caught."""
    one = found[count]["likelihoods"][structure]
    assert one["first_alone"] > 1e3 * ROUNDING * abs(one["value"])


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("count", COUNTS[2:])
def test_sums_travel_and_rows_do_not(structure, count, found):
    one = found[count]["likelihoods"][structure]
    assert one["shares"] == count
    assert one["everywhere_alike"]
    assert "all-reduce" in one["travels"]
    # Residuals along runs need the rows before, which the compiler fetches in its own ways.
    assert structure == "residuals" or set(one["travels"]) == {"all-reduce"}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_blocks_are_parted_so_that_devices_have_equally_many(count):
    blocks, width = 5, 64
    data = {
        "mask": np.ones((blocks, width), bool),
        "log_loss": np.arange(blocks * width, dtype=float).reshape(blocks, width),
        "family": np.arange(blocks),
        "measurement_sd": np.zeros((1, 1)),
        "linked": np.ones((blocks, width)),
        "inputs": {"N": np.arange(blocks * width, dtype=float).reshape(blocks, width)},
        "anchors": {"N0": np.float64(1e9)},
        "level_family": np.arange(3),
    }
    made = part_blocks(data, count)
    parts, rows = made["mask"].shape
    assert parts % count == 0
    assert rows >= 16
    assert made["mask"].sum() == blocks * width
    # Rows in their order, each with its family; what is added is padding.
    held = made["mask"].astype(bool)
    np.testing.assert_array_equal(made["log_loss"][held], np.arange(blocks * width))
    np.testing.assert_array_equal(np.repeat(made["family"], rows).reshape(held.shape)[held], np.repeat(range(5), width))
    assert made["linked"][~held].sum() == 0
    assert made["measurement_sd"].shape == (1, 1)
    assert made["inputs"]["N"].shape == made["mask"].shape


# --- Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "two", "GPU", ["cpu"]])
def test_devices_are_a_number_or_a_kind(wrong):
    with pytest.raises(bs.SettingsError, match=r"^devices must be None, a number of devices, 'all', 'cpu', 'gpu' or "):
        bs.Settings(devices=wrong)


def test_a_spread_has_its_devices():
    with pytest.raises(bs.SettingsError, match=r"^spread must be one of chains, rows, got 'fits'\.$"):
        bs.Settings(spread="fits")
    with pytest.raises(bs.SettingsError, match=r"^spread='rows' needs the devices to spread them over: give devices="):
        bs.Settings(spread="rows")
    with pytest.raises(bs.SettingsError, match=r"^fit_many does not take 'spread': whole tables go to devices; "):
        bs.fit_many("chinchilla", [], spread="rows", devices=1)


def test_devices_that_there_are_not_are_counted():
    assert find_places(None) == (None,)
    assert [one.platform for one in find_places("cpu")] == ["cpu"]
    message = r"^devices=99 was asked for and JAX finds 1 cpu; give fewer, or devices='all'; XLA_FLAGS=.* makes N of a "
    with pytest.raises(bs.SettingsError, match=message):
        find_places(99)
    message = r"^devices='tpu' was asked for and JAX finds 1 cpu; install 'bayescale\[tpu\]' where there is one, or "
    with pytest.raises(bs.SettingsError, match=message):
        find_places("tpu")


def test_a_device_without_float64_is_left_to_float32(monkeypatch):
    """A stand-in for a TPU, which tests do not have: what is to be computed in float64 goes to the processor."""
    tpu = SimpleNamespace(platform="tpu", device_kind="TPU v5e")
    cpu = find_places("cpu")[0]
    monkeypatch.setattr(devices.jax, "local_devices", lambda backend=None: [cpu] if backend == "cpu" else [tpu])
    monkeypatch.setattr(devices, "_may_be_single", lambda: True)
    message = (
        r"^TPU v5e devices compute no float64, which this needs; leave it to .* devices='cpu', or .*'float32'\)\.$"
    )
    with pytest.raises(bs.SettingsError, match=message):
        find_places("tpu")
    assert find_places("tpu", double=False) == (tpu,)
    assert (default_for(True), default_for(False)) == (cpu, None)
    assert (_of_float64("tpu"), _of_float64("cpu"), _of_float64(None)) == ("cpu", "cpu", None)
