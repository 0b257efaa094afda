"""Tables that a hand-written loop pads have the posterior of the tables without padding."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpyro.infer.util import potential_energy

from bayescale.inference.precision import computing

FOLDER = Path(__file__).parents[2] / "benchmarks"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
ROWS, WIDTH = 7, 12
# Sums of some twenty terms of order one to a hundred, in float64.
ROUNDING = 1e-8


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(3)
    logs = {name: rng.standard_normal(ROWS) for name in ("log_N", "log_D")}
    size = {"N": 1e9 * np.exp(logs["log_N"]), "D": 1e11 * np.exp(logs["log_D"])}
    family = {"family": np.zeros(ROWS, int), "families": np.arange(1), "N0": 1e9, "D0": 1e11}
    return {**logs, **size, **family, "log_loss": np.log(2.5) + 0.1 * rng.standard_normal(ROWS)}


def log_densities(model, data, points):
    with computing():
        return np.array([-float(potential_energy(model, (data,), {}, point)) for point in points])


@pytest.mark.parametrize("name", ["naive", "anchored"])
def test_padding_does_not_move_the_density(name, columns):
    model, padding, rng = getattr(load("numpyro_models"), name), load("padding"), np.random.default_rng(0)
    points = [{p: rng.normal() for p in ("E", "A", "B", "alpha", "beta", "sigma", "nu")} for _ in range(4)]
    given = padding.pad(columns, WIDTH)
    plain, through = log_densities(model, columns, points), log_densities(padding.padded(model), given, points)
    assert np.ptp(plain) > 1.0
    np.testing.assert_allclose(through, plain, rtol=0, atol=ROUNDING)
    # The same rows, all taken for real, are another table.
    counted = log_densities(padding.padded(model), {**given, "real": np.ones(WIDTH, bool)}, points)
    assert np.abs(counted - plain).min() > 1e-3
