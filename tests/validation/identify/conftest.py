"""Designs and simulated runs that several tests identify."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly

TRUTH = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]


def _grid() -> pd.DataFrame:
    rows = [{"params": n, "tokens": n * ratio} for n in np.geomspace(1e8, 1e10, 7) for ratio in (5, 20, 80, 320)]
    return pd.DataFrame(rows)


def _isoflop() -> pd.DataFrame:
    budgets, ratios = np.geomspace(1e18, 1e21, 5), np.geomspace(2, 200, 7)
    rows = [{"params": (c / 6 / r) ** 0.5, "tokens": (c / 6 * r) ** 0.5} for c in budgets for r in ratios]
    return pd.DataFrame(rows)


def _small() -> pd.DataFrame:
    """Few runs: the priors count."""
    rows = [{"params": n, "tokens": d} for n in (2e8, 1e9, 5e9) for d in (4e9, 4e10, 4e11)]
    return pd.DataFrame(rows)


DESIGNS = {"grid": _grid(), "isoflop": _isoflop(), "small": _small()}
# On the first every exponent gives the same curve in N; the second is Chinchilla's own compute-optimal path.
SIZES = np.geomspace(1e8, 1e10, 12)
LINES = {
    "D = 20 N": pd.DataFrame({"params": SIZES, "tokens": 20 * SIZES}),
    "optimal": pd.DataFrame({"params": SIZES, "tokens": 2e10 * (SIZES / 1e9) ** (TRUTH.alpha / TRUTH.beta)}),
}


@pytest.fixture(scope="session")
def truth() -> bs.Law:
    return TRUTH


@pytest.fixture(scope="session")
def designs() -> dict[str, pd.DataFrame]:
    return DESIGNS


@pytest.fixture(scope="session", params=DESIGNS)
def design(request) -> pd.DataFrame:
    """A design that tells the terms of the law apart."""
    return DESIGNS[request.param]


@pytest.fixture(scope="session", params=LINES)
def line(request) -> tuple[str, bs.Runs]:
    """Runs whose tokens follow their sizes."""
    return request.param, read_quietly(bs.simulate(TRUTH, LINES[request.param], sigma=0.003, seed=1))


@pytest.fixture(scope="session")
def simulated() -> Callable[..., bs.Runs]:
    """Runs of the truth on the grid or another design."""

    def make(name: str = "grid", *, sigma: float = 0.003, seed: int = 1) -> bs.Runs:
        return bs.read_runs(bs.simulate(TRUTH, DESIGNS[name], sigma=sigma, seed=seed))

    return make


@pytest.fixture(scope="session")
def grid(simulated) -> bs.Runs:
    return simulated()


@pytest.fixture(scope="session")
def found(grid) -> bs.Identification:
    """What the grid tells of Chinchilla."""
    return bs.identify("chinchilla", grid)
