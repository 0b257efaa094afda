"""Runs of one family that are simulated with errors along training, and a table of them with one run in flight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly

SHARES = np.geomspace(0.02, 1.0, 40)


def one_run(name, params, rng, until=1.0, level=0.01, wander=0.004, noise=0.001):
    """Checkpoints of a run to a share of its training: a law, a level of its own, a wandering error and noise."""
    tokens = 20.0 * params * SHARES
    time = -np.log(SHARES)
    steps = rng.standard_normal(SHARES.size) * np.sqrt(np.append(-np.diff(time), 0.0))
    wandering = np.cumsum(steps[::-1])[::-1] * wander
    error = level * rng.standard_normal() + wandering + noise * rng.standard_normal(SHARES.size)
    loss = (1.8 + 400.0 / params**0.34 + 1200.0 / tokens**0.36) * np.exp(error)
    rows = pd.DataFrame({"run": name, "params": params, "tokens": tokens, "loss": loss})
    return rows[rows["tokens"] <= 1.000001 * until * tokens[-1]]


@pytest.fixture(scope="session")
def make_table():
    """A table of eight finished runs and one of 4e9 parameters that is cut at a share of its 8e10 tokens."""

    def make(seed=0, until=0.3, whole=False):
        rng = np.random.default_rng(seed)
        finished = [one_run(f"run {i}", size, rng) for i, size in enumerate(np.geomspace(1e8, 2e9, 8))]
        big = one_run("big", 4e9, rng)
        return pd.concat([*finished, big if whole else big[big["tokens"] <= until * 8e10]], ignore_index=True)

    return make


@pytest.fixture(scope="session")
def table(make_table):
    return make_table()


@pytest.fixture(scope="session")
def followed(table):
    from bayescale.decisions import follow

    return follow(read_quietly(table), "big", final_tokens=8e10, target=2.4, seed=1)
