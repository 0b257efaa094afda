"""Tables for batches: simulated from laws that scatter around the published one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import bayescale as bs


def _table(seed: int, rows: int = 30, scatter: float = 0.01) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    params = np.exp(rng.uniform(np.log(5e7), np.log(8e9), rows))
    tokens = np.exp(rng.uniform(np.log(1e9), np.log(5e11), rows))
    E, A, B = np.array([1.8, 480.0, 2085.0]) * np.exp([0.1, 0.3, 0.3] * rng.standard_normal(3))
    loss = (E + A * params**-0.348 + B * tokens**-0.366) * np.exp(scatter * rng.standard_t(5, rows))
    return pd.DataFrame({"params": params, "tokens": tokens, "loss": loss})


@pytest.fixture(scope="session")
def table() -> Callable[..., pd.DataFrame]:
    """Simulate a table: by seed, number of rows and scatter of log loss."""
    return _table


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    """Six tables of different lengths, by label."""
    return {f"table {i}": _table(i, rows=24 + 9 * i) for i in range(6)}


@pytest.fixture(scope="session")
def fits(tables) -> bs.Fits:
    """The batch that others are compared with."""
    return bs.fit_many("chinchilla", tables, seed=1)
