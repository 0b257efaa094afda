"""What the tests of inference share: fits whose draws are random numbers, their files, and short fits of a tiny law."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
import xarray as xr
from jax import Array

from bayescale.data import Runs
from bayescale.data.read import read_quietly
from bayescale.inference.checks import Check, Checks
from bayescale.inference.fit import Fit, fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.provenance import provenance
from bayescale.inference.settings import Settings
from bayescale.inference.store import archive, load, save
from bayescale.inference.store.draws import site_shapes
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import StoreError
from bayescale.language.priors import HalfNormal, LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Law, find_law
from bayescale.models import Noise, Normal, Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors


class OwnLaw(Law):
    """A law that is not in the catalogue."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + 0.0 * jnp.log(D)


class OwnNoise(Noise):
    """A noise that is not of the package."""

    sigma: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.Logistic(log_loss, jnp.hypot(self.sigma, measurement_sd))


def table(families: tuple[str, ...] = ()) -> pd.DataFrame:
    """Runs of a known law with a little scatter; enough rows, and two budgets."""
    rows = []
    for family in families or ("",):
        for i, params in enumerate((1e8, 3e8, 9e8)):
            for tokens in (4e9, 6e10):
                loss = 1.8 + 0.1 * len(family) + 400 / params**0.35 + 400 / tokens**0.3 + 0.003 * (-1) ** i
                row = {"params": params, "tokens": tokens, "loss": loss, "budget": f"b{i}", "loss_se": 0.001}
                rows.append(row | ({"family": family} if families else {}))
    return pd.DataFrame(rows)


def _made(law: str | type[Law] = "chinchilla", families: tuple[str, ...] = (), **choices) -> Fit:
    """A fit whose draws are random numbers: what is stored is the same as after sampling."""
    law, runs = find_law(law), read_quietly(table(families))
    effects, settings = choices.pop("effects", None), Settings(chains=2, warmup=50, draws=6)
    anchors = design_anchors(law, runs)
    layout = lay_out(law, runs, effects, anchors)
    choices = {"noise": StudentT, "pooling": Pooling.of(None, grouped=len(families) > 1)} | choices
    sizes = {"n_families": len(layout.families), "n_levels": len(layout.levels)}
    model = build_model(law, effects=effects, **choices, **sizes)
    rng = np.random.default_rng(0)
    shapes = site_shapes(model, layout)
    sites = {name: -0.5 + 0.2 * rng.standard_normal((2, 6, *shape)) for name, shape in shapes.items()}
    unconstrained = sites_dataset(model, sites, layout.families, layout.levels)
    stats = {
        "lp": rng.standard_normal((2, 6)),
        "energy": rng.standard_normal((2, 6)),
        "n_steps": rng.integers(1, 8, (2, 6)),
        "diverging": rng.random((2, 6)) < 0.3,
        "tree_depth": rng.integers(1, 4, (2, 6)),
    }
    sample_stats = xr.Dataset({name: (("chain", "draw"), value) for name, value in stats.items()})
    sample_stats = sample_stats.assign_coords(chain=unconstrained["chain"], draw=unconstrained["draw"])
    record = json.loads(json.dumps(provenance(model, runs, anchors, settings, 7, seconds=1.0)))
    return Fit(model, runs, anchors, settings, 7, unconstrained, sample_stats, record)


CHECKS = Checks(
    (
        Check("r-hat", "fail", math.inf, 1.01, "The chains of E disagree."),
        Check("e-bfmi", "fail", math.nan, 0.3, "The tails are explored slowly."),
        Check("divergences", "pass", 0.0, 0.0),
    )
)


def _without_data(fit: Fit) -> Fit:
    """Put what takes compiling in its place: most of what is claimed here does not need it."""
    fit.__dict__["log_likelihood"] = xr.Dataset({"loss": ("run", np.zeros(len(fit.runs)))})
    fit.__dict__["measured_checks"] = CHECKS
    return fit


def _rewrite(path: Path, *, record: Callable | None = None, file: Callable | None = None, seal: bool = True) -> None:
    """Change a file as someone would who knows the format: record, variables, and then the checksum."""
    with h5py.File(path, "r+") as h5:
        if record:
            changed = json.loads(bytes(h5[archive.RECORD][()]))
            replaced = record(changed)
            text = replaced if isinstance(replaced, str) else json.dumps(changed)
            del h5[archive.RECORD]
            h5[archive.RECORD] = np.frombuffer(text.encode(), np.uint8)
        if file:
            file(h5)
    if seal:
        try:
            whole = archive.read_archive(path)
        except StoreError:
            return
        with h5py.File(path, "r+") as h5:
            arguments = (whole.record, whole.groups[archive.DRAWS], whole.groups[archive.STATS])
            h5.attrs["sha256"] = np.bytes_(archive.checksum(*arguments))


def _refused(path: Path, message: str, **options) -> None:
    """Loading raises one sentence that names the file and says what is wrong."""
    with pytest.raises(StoreError) as caught:
        load(path, **options)
    text = str(caught.value)
    assert text.startswith(f"{path} cannot be loaded: ")
    assert re.search(message, text), text
    assert "\n" not in text
    assert len(text) < 700 + len(str(path))


@pytest.fixture(scope="session")
def own_law() -> type[Law]:
    """A law that is not in the catalogue."""
    return OwnLaw


@pytest.fixture(scope="session")
def own_noise() -> type[Noise]:
    """A noise that is not of the package."""
    return OwnNoise


@pytest.fixture(scope="session")
def given_checks() -> Checks:
    """The checks that ``without_data`` gives a fit: one passes, and the values of the others are no finite numbers."""
    return CHECKS


@pytest.fixture(scope="session")
def made() -> Callable[..., Fit]:
    """Make a fit of a law to a small table, with draws that are random numbers."""
    return _made


@pytest.fixture(scope="session")
def without_data() -> Callable[[Fit], Fit]:
    """Put small values in the place of the log likelihood and the checks of a fit."""
    return _without_data


@pytest.fixture(scope="session")
def saved(made, without_data) -> Callable[..., Path]:
    """Save a fit in a folder, and return the file."""

    def write(folder: Path, fit: Fit | None = None) -> Path:
        save(without_data(fit or made()), folder / "fit.nc")
        return folder / "fit.nc"

    return write


@pytest.fixture(scope="session")
def good(saved, tmp_path_factory) -> Path:
    """A good file, to spoil copies of."""
    return saved(tmp_path_factory.mktemp("good"))


@pytest.fixture
def copy(good, tmp_path) -> Path:
    """A copy of the good file, to spoil."""
    (tmp_path / "fit.nc").write_bytes(good.read_bytes())
    return tmp_path / "fit.nc"


@pytest.fixture(scope="session")
def rewrite() -> Callable[..., None]:
    """Change a file as someone would who knows the format."""
    return _rewrite


@pytest.fixture(scope="session")
def refused() -> Callable[..., None]:
    """Claim that loading a file raises one sentence."""
    return _refused


class Power(Law):
    """L = E (N/N0)^-alpha: the smallest law there is to sample, which counts how often it is traced."""

    E: Array = parameter("loss", at="N0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.1, 0.5))
    N0: float = anchor("N")
    calls = 0

    def __call__(self, N: Size, D: Tokens) -> Loss:
        Power.calls += isinstance(N, jax.core.Tracer)
        return self.E * (N / self.N0) ** -self.alpha


@pytest.fixture(scope="session")
def power() -> type[Law]:
    """A law of two parameters that counts its calls."""
    return Power


@pytest.fixture(scope="session")
def power_runs() -> Callable[..., Runs]:
    """Simulate runs of that law, up to 16 per family, which is one shape to the compiler."""

    def simulated(families: tuple[str, ...] = (), rows: int = 8, seed: int = 0) -> Runs:
        rng, table = np.random.default_rng(seed), []
        for k, family in enumerate(families or ("",)):
            for i in range(rows):
                params = 10 ** rng.uniform(8, 10)
                loss = (2.5 + 0.2 * k) * (params / 1e9) ** -0.1 * np.exp(0.01 * rng.standard_normal())
                row = {"params": params, "tokens": 20 * params, "loss": loss, "budget": f"b{i % 2}"}
                table.append(row | ({"family": family} if families else {}))
        return read_quietly(pd.DataFrame(table))

    return simulated


@pytest.fixture(scope="session")
def sample(power, power_runs) -> Callable[..., Fit]:
    """Fit that law, quickly: 2 chains of 50 draws, all with the same compiled functions."""

    def fitted(runs: Runs | None = None, **choices: Any) -> Fit:
        short = {"chains": 2, "warmup": 50, "draws": 50, "noise": Normal, "target_accept": 0.9, "engine": "nuts"}
        return fit(power, power_runs() if runs is None else runs, **short | choices)

    return fitted


@pytest.fixture(scope="session")
def sampled(sample) -> Fit:
    """The short fit that others are compared with."""
    return sample()


class Terminal(io.StringIO):
    """An error stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Callable[[], Terminal]:
    """Put a terminal in the place of the error stream; in the test itself, since pytest does the same before it."""

    def put() -> Terminal:
        monkeypatch.setattr(sys, "stderr", Terminal())
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        return sys.stderr

    return put
