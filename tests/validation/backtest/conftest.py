"""Simulated families of a known law, and one backtest of them that several tests ask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.settings import Settings
from bayescale.models import Noise, Normal, Pooling, build_model, lay_out
from bayescale.models.discrepancy import REFERENCE
from bayescale.models.layout import design_anchors
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.splits import Split

TRUTH = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
BUDGETS = np.geomspace(1e18, 3.2e19, 6)
# Largest compute of the fits made by hand, and the decades beyond it of the runs that they are asked about.
LARGEST, FAR = 6e20, np.array([0.3, 0.6, 0.9, 1.2, 1.5])


def table_of(families: dict[str, bs.Law], seed: int) -> pd.DataFrame:
    """Five sizes at each of six budgets, a factor of two apart."""
    rows = [
        {"family": family, "params": n, "tokens": c / (6 * n)}
        for family in families
        for c in BUDGETS
        for n in np.geomspace(5e7, 8e8, 5)
    ]
    made = bs.simulate(families, pd.DataFrame(rows), seed=seed)
    return made[["family", "params", "tokens", "loss"]]


@pytest.fixture(scope="session")
def runs() -> bs.Runs:
    """Two families that differ in their floor."""
    return bs.read_runs(table_of({"web": TRUTH, "code": TRUTH.replace(E=1.1)}, seed=1))


@pytest.fixture(scope="session")
def three() -> bs.Runs:
    """Three families, as many as are needed to hold one out whole."""
    return bs.read_runs(
        table_of({name: TRUTH.replace(E=e) for name, e in (("a", 1.7), ("b", 1.8), ("c", 1.9))}, seed=2)
    )


@pytest.fixture(scope="session")
def tried(runs) -> bs.Backtest:
    """Student-t noise and no discrepancy."""
    return bs.backtest("chinchilla", runs, ratios=[2, 8], discrepancy=None, draws=250)


def by_hand(law: type[bs.Law], noise: type[Noise], runs: bs.Runs, draws: dict[str, np.ndarray]) -> Fit:
    """A fit of one family with these draws of its sites, on the unconstrained scale; anchors are 1: textbook form."""
    anchors = dict.fromkeys(design_anchors(law, runs), 1.0)
    layout = lay_out(law, runs, None, anchors, noise)
    model = build_model(law, noise=noise, pooling=Pooling.of(None, grouped=False), n_families=1)
    chains = {name: np.reshape(values, (2, -1)) for name, values in draws.items()}
    sites = sites_dataset(model, chains, layout.families, layout.levels)
    shape = sites.sizes["chain"], sites.sizes["draw"]
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(shape, bool))})
    record = {"engine": {"name": "instant", "why": "made by hand"}}
    return Fit(model, runs, anchors, Settings(chains=2, draws=shape[1]), 0, sites, stats, record)


@pytest.fixture(scope="session")
def fit_by_hand() -> Callable[..., Fit]:
    return by_hand


def made_fit(sigma: float, levels: np.ndarray) -> Fit:
    """A posterior of which everything is known but the floor, whose draws are these."""
    table = pd.DataFrame({"params": [1e8, 1e9, 1e8, 1e9], "tokens": [2e9, 2e9, 2e10, LARGEST / 6e9]})
    runs = read_quietly(table.assign(loss=[3.0, 2.8, 2.6, 2.2]))
    known = {**TRUTH.values, "sigma": sigma}
    draws = {name: np.full(levels.size, np.log(value)) for name, value in known.items()}
    return by_hand(bs.laws.Chinchilla, Normal, runs, draws | {"E": np.log(levels)})


@pytest.fixture(scope="session")
def simulated() -> Callable[..., bs.Backtest]:
    """A backtest of a law that goes astray as a discrepancy of known parts says."""

    def make(parts: dict[str, float], clusters: dict[str, str], seed: int) -> bs.Backtest:
        """Drift and log scale of every family around those of its cluster; five runs at each of five distances."""
        rng = np.random.default_rng(seed)
        shared = {name: rng.standard_normal(2) for name in dict.fromkeys(clusters.values())}
        held = [_astray(family, parts, shared[cluster], rng) for family, cluster in clusters.items()]
        splits = tuple(one.split for one in held)
        none = dict.fromkeys(clusters)
        return bs.Backtest("chinchilla", splits, tuple(held), {}, none, "compute", 0.0)

    return make


def _astray(family: str, parts: dict[str, float], shared: np.ndarray, rng: np.random.Generator) -> HeldOut:
    sigma, own = rng.uniform(0.001, 0.004), rng.standard_normal(2)
    drift = parts["drift"] + parts["drift_between"] * shared[0] + parts["drift_within"] * own[0]
    log_scale = parts["log_scale"] + parts["between"] * shared[1] + parts["within"] * own[1]
    log_scale += parts["power"] * np.log(sigma / REFERENCE)
    steps = np.sqrt(np.diff(FAR, prepend=0.0)) * rng.standard_normal(FAR.size)
    missed = np.repeat(drift * FAR + np.exp(log_scale) * np.cumsum(steps), 5)
    params = np.tile(np.geomspace(5e8, 2e9, 5), FAR.size)
    tokens = LARGEST * 10 ** np.repeat(FAR, 5) / (6 * params)
    # The floor of the family is one more draw of its posterior.
    floors = 1.8 * np.exp(0.002 * rng.standard_normal(201))
    law = TRUTH.replace(E=floors[-1])
    loss = np.asarray(law(params, tokens)) * np.exp(missed + sigma * rng.standard_normal(params.size))
    table = pd.DataFrame({"params": params, "tokens": tokens, "loss": loss})
    split = Split(family, 2.0, np.zeros(0, bool), np.ones(params.size, bool))
    return HeldOut(split, made_fit(sigma, floors[:-1]), "ok", table, 0)
