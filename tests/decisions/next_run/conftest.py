"""A posterior that is normal on the unconstrained scale, so that linear updating is nearly exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

# sds of log E, A, B, alpha, beta.
SPREAD = np.array([0.02, 0.1, 0.1, 0.1, 0.1])


@pytest.fixture(scope="session")
def scattered(one):
    """10,000 draws of Chinchilla's law that scatter independently; four runs of up to 3.6e20 FLOP."""
    rng = np.random.default_rng(0)
    sites = one.unconstrained.copy(deep=True)
    for name, sd in zip(("E", "A", "B", "alpha", "beta"), SPREAD, strict=True):
        sites[name] = sites[name] + sd * rng.standard_normal(sites[name].shape)
    return replace(one, unconstrained=sites)


@pytest.fixture(scope="session")
def candidates() -> pd.DataFrame:
    """Two inside the data, two beyond at one budget, one far beyond."""
    return pd.DataFrame(
        {"params": [2e8, 1e9, 1e9, 6e9, 2e10], "tokens": [2e10, 5e10, 6e11, 1e11, 2e12]},
    )
