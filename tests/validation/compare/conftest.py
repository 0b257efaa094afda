"""Simulated runs of a law with lost tokens, and one comparison that several tests ask."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs


@pytest.fixture(scope="session")
def offset_runs() -> bs.Runs:
    """Two families of the law with an offset."""
    plain = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    truth = bs.laws.ChinchillaOffset(**plain.values, D_w=4e8)
    grid = [(n, d) for n in np.geomspace(5e7, 2e9, 6) for d in np.geomspace(8e8, 4e10, 6)]
    families = {"dense": truth, "denser": truth.replace(E=1.6)}
    design = pd.DataFrame([{"family": f, "params": n, "tokens": d} for f in families for n, d in grid])
    return bs.read_runs(bs.simulate(families, design, seed=3)[["family", "params", "tokens", "loss"]])


@pytest.fixture(scope="session")
def compared(offset_runs) -> bs.Comparison:
    """Two laws and a rule, with a decision and a discrepancy of known size."""
    return bs.compare(
        ["chinchilla", "chinchilla-offset"],
        offset_runs,
        ratios=[4, 8],
        drops=[None, "tokens_per_param < 5"],
        compute=[1e22, 1e23],
        discrepancy=bs.Discrepancy.brownian(0.02),
        draws=250,
    )
