"""The hand-written models of the benchmarks have the posterior of the package's default fits.

A ratio of costs means nothing between two posteriors. At random points the log densities of both, on the scale where
every parameter is unconstrained, differ by one constant; the maps between the points have a constant determinant.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from numpyro.infer.util import potential_energy

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.posterior import natural_dataset, sites_dataset
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla
from bayescale.models import Model, Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors

FOLDER = Path(__file__).parents[2] / "benchmarks"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
POINTS = 5
LAW = ("E", "A", "B", "alpha", "beta")
COORDINATES = ("level", "size_share", "data_share", "log_alpha", "log_beta")
MODELS = ("naive", "anchored", "centred")
# Sums of some forty terms of order one to a hundred, in float64.
ROUNDING = 1e-8

Point = dict[str, np.ndarray]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(grouped: bool) -> bs.Runs:
    """Three families of 7, 5 and 2 runs, or the same without families."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"params": 10 ** rng.uniform(7.5, 10, 14), "tokens": 10 ** rng.uniform(9, 11.5, 14)})
    frame["loss"] = (1.8 + 400 / frame["params"] ** 0.34 + 1500 / frame["tokens"] ** 0.36) * rng.uniform(0.9, 1.1, 14)
    return read_quietly(frame.assign(family=["a"] * 7 + ["b"] * 5 + ["c"] * 2) if grouped else frame)


def package_model(runs: bs.Runs) -> Model:
    families = len(runs.families)
    pooling = Pooling("partial" if families else "complete")
    return build_model(Chinchilla, noise=StudentT, pooling=pooling, n_families=max(families, 1))


def package_point(rng: np.random.Generator, families: int) -> Point:
    """Unconstrained values of the package's sites, in a likely region."""
    law = dict(zip(LAW, np.log([1.7, 0.4, 0.4, 0.4, 0.4]) + 0.3 * rng.normal(size=5), strict=True))
    noise = {"sigma": np.log(0.02) + 0.5 * rng.normal(), "nu": 1.0 + 0.5 * rng.normal()}
    if not families:
        return law | noise
    names = ("level", "size_share", "data_share", "alpha", "beta", "sigma")
    centre = np.array([np.log(2.5), -1.5, -1.5, np.log(0.4), np.log(0.4)])
    return {
        **{f"{name}_population": value for name, value in law.items()},
        **{f"{name}_between": np.log(0.2) + 0.5 * rng.normal() for name in names},
        **{"family_parameters": centre + 0.2 * rng.normal(size=(families, 5)), "nu": noise["nu"]},
        **{"sigma_population": noise["sigma"], "sigma_family": noise["sigma"] + 0.3 * rng.normal(size=families)},
    }


def baseline_point(model: str, point: Point, data: dict) -> Point:
    """The same point in the parameters of a hand-written model, all unconstrained."""
    if model == "anchored":
        return point
    if model == "naive":
        moved = {"A": np.exp(point["alpha"]) * np.log(data["N0"]), "B": np.exp(point["beta"]) * np.log(data["D0"])}
        return point | {name: point[name] + shift for name, shift in moved.items()}
    own = dict(zip(COORDINATES, point["family_parameters"].T, strict=True))
    between = {f"log_{name}_between": point[f"{name}_between"] for name in ("alpha", "beta")}
    renamed = ("family_parameters", "sigma_family", "alpha_between", "beta_between")
    kept = {name: value for name, value in point.items() if name not in renamed}
    return kept | own | between | {"sigma": point["sigma_family"]}


def package_log_density(runs: bs.Runs, point: Point) -> float:
    layout = lay_out(Chinchilla, runs, None, design_anchors(Chinchilla, runs))
    with computing():
        return -float(potential_energy(package_model(runs), (layout.arrays,), {}, point))


@pytest.fixture(scope="module", params=MODELS)
def compared(request):
    """Name of the model, its columns, the package's log densities and the points in the model's parameters."""
    runs = table(grouped=request.param == "centred")
    data, rng = load("tables").columns(runs), np.random.default_rng(0)
    points = [package_point(rng, len(runs.families)) for _ in range(POINTS)]
    ours = np.array([package_log_density(runs, point) for point in points])
    return request.param, data, ours, [baseline_point(request.param, point, data) for point in points]


def test_numpyro_models_have_the_density_of_the_package(compared):
    model, data, ours, points = compared
    written = getattr(load("numpyro_models"), model)
    with computing():
        theirs = np.array([-float(potential_energy(written, (data,), {}, point)) for point in points])
    assert np.ptp(ours) > 1.0
    assert np.ptp(theirs - ours) < ROUNDING


def test_pymc_models_have_the_density_of_the_package(compared):
    pytest.importorskip("pymc", reason="comes with the bench extra")
    name, data, ours, points = compared
    model = getattr(load("pymc_models"), name)(data)
    value_of = {variable.name: model.rvs_to_values[variable].name for variable in model.free_RVs}
    # Term by term, without a compiler: PyTensor's own interpreter adds no more than 31 terms at a time.
    terms = model.compile_logp(mode="FAST_COMPILE", sum=False)
    theirs = np.array([sum(map(np.sum, terms({value_of[n]: v for n, v in point.items()}))) for point in points])
    assert set(value_of) == set(points[0])
    assert np.ptp(theirs - ours) < ROUNDING


@pytest.mark.parametrize("model", MODELS)
def test_the_textbook_parameters_of_a_point_are_those_that_a_fit_reports(model):
    runs, written = table(grouped=model == "centred"), load("textbook")
    data, anchors, ours = load("tables").columns(runs), design_anchors(Chinchilla, runs), package_model(runs)
    point = package_point(np.random.default_rng(1), len(runs.families))
    sites = {name: np.asarray(value)[None, None] for name, value in point.items()}
    reported = natural_dataset(ours, sites_dataset(ours, sites, runs.families, ()), anchors)
    unconstrained = {name: np.asarray(v)[None, None] for name, v in baseline_point(model, point, data).items()}
    natural = {n: v if n in COORDINATES else np.exp(v) + (n == "nu") for n, v in unconstrained.items()}
    theirs = written.textbook(model, natural, data)
    assert set(theirs) == set(written.reported(model))
    for name, value in theirs.items():
        np.testing.assert_allclose(value, reported[name].to_numpy(), rtol=1e-9, err_msg=name)
