"""Chains for plans in a score: hand-made losses, and second stages that are known or sampled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws import DownstreamError

TRUTH = DownstreamError(eps=0.8, K=0.15, gamma=2.5, L0=2.6)


@pytest.fixture(scope="session")
def error_law() -> DownstreamError:
    return TRUTH


@pytest.fixture(scope="session")
def scattered() -> bs.Fit:
    """Losses of simulated runs, whose law is known badly: budgets beyond the data have many best splits."""
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    grid = [(n, d) for n in np.geomspace(5e7, 2e9, 4) for d in np.geomspace(1e9, 4e10, 4)]
    design = pd.DataFrame(grid, columns=["params", "tokens"])
    table = bs.simulate(truth, design, sigma=0.02, seed=0)
    return bs.fit("chinchilla", bs.read_runs(table), seed=0)


@pytest.fixture(scope="session")
def make_error(error_law) -> Callable[..., bs.Fit]:
    """Fits of errors at losses between 2 and 4, with noise of 1 %."""

    def make(seed: int = 0, law: DownstreamError = error_law, **columns: float) -> bs.Fit:
        losses = np.linspace(2.0, 4.0, 25)
        noise = np.exp(0.01 * np.random.default_rng(seed).standard_normal(losses.size))
        table = pd.DataFrame({"loss": losses, "error": np.asarray(law(losses)) * noise}).assign(**columns)
        priors = {"eps": bs.LogitNormal(0.8, 0.1), "gamma": bs.LogNormal(2.5, 0.15), "K": bs.LogNormal(0.15, 0.3)}
        return bs.fit("downstream-error", bs.read_runs(table, law="downstream-error"), priors=priors, seed=seed)

    return make


@pytest.fixture(scope="session")
def errors(make_error) -> bs.Fit:
    return make_error()


@pytest.fixture(scope="session")
def to_error(scattered, errors) -> bs.Chain:
    return bs.chain(scattered, errors)
