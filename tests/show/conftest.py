"""One short fit, and tables like those of fits, that the tests of showing share."""

from __future__ import annotations

import pandas as pd
import pytest

from bayescale.data import datasets


@pytest.fixture(scope="session")
def fit():
    """A short fit of the embedded families: enough draws to draw, too few to believe."""
    from bayescale.inference import fit

    return fit("chinchilla", datasets.load("pile-families"), seed=0, draws=100, warmup=100, chains=2, progress=False)


@pytest.fixture
def parameters() -> pd.DataFrame:
    """A table like ``fit.table()``."""
    rows = [
        ("dense", "E", "nats/token", 1.81724, 1.7911, 1.8432),
        ("dense", "alpha", "", 0.34783, 0.33, 0.3612),
        ("sparse", "E", "nats/token", 1.7, 1.6, 1.8),
        ("sparse", "N_c", "parameters", 7.2345e9, 6.1234e9, 8.4321e9),
        ("(all)", "nu", "", 14.0, 2.8, 43.0),
    ]
    table = pd.DataFrame(rows, columns=["group", "parameter", "unit", "median", "lower", "upper"])
    return table.assign(prob=0.9)


@pytest.fixture
def curves() -> pd.DataFrame:
    """A table like ``loss_compute_data(fit)`` for forty families."""
    rows = []
    for family in range(40):
        for compute in (1e18, 1e19, 1e20, 1e21):
            loss = 2 + family / 40 + 1e3 * compute**-0.15
            rows.append(
                (f"family {family}", "curve", compute, 0.9, loss, loss * 0.98, loss * 1.02, None, compute / 1e20)
            )
            if compute <= 1e20:
                rows.append((f"family {family}", "run", compute, None, None, None, None, loss * 1.01, compute / 1e20))
    names = ["group", "part", "compute", "prob", "median", "lower", "upper", "loss", "extrapolation"]
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[2:], float))
    added = (table["part"] == "curve") & (table["extrapolation"] > 1)
    return table.assign(discrepancy=added.map({True: "learnt, 25 families", False: "none"}))
