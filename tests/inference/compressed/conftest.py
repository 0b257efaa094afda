"""Tables of training curves whose residuals follow each other as the model says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data import Runs
from bayescale.data.read import read_quietly
from bayescale.laws import Chinchilla
from bayescale.models import Normal, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors


def curves(
    residuals: str | None, families: int = 3, per_family: int = 8, rows: int = 120, seed: int = 0, tau: float = 0.1
) -> pd.DataFrame:
    """Runs of several lengths; a correlation of 0.8 from row to row, or one that fades over tau in log tokens."""
    rng, found = np.random.default_rng(seed), []
    for family in range(families):
        E, alpha, beta = (middle * np.exp(0.1 * rng.standard_normal()) for middle in (1.7, 0.35, 0.36))
        for run in range(per_family):
            count = int(rows * rng.uniform(0.4, 1.6))
            params = 10 ** rng.uniform(7.5, 10)
            tokens = params * 10 ** rng.uniform(1.0, 2.5) * np.linspace(0.1, 1.0, count)
            gaps = np.diff(np.log(tokens))
            known = {"ar1": np.full(count - 1, 0.8), "ou": np.exp(-gaps / tau), None: np.zeros(count - 1)}[residuals]
            error = rng.standard_normal(count)
            for i in range(1, count):
                error[i] = known[i - 1] * error[i - 1] + np.sqrt(1 - known[i - 1] ** 2) * error[i]
            loss = E + 0.4 * (params / 1e9) ** -alpha + 0.4 * (tokens / 2e10) ** -beta
            columns = {"params": params, "tokens": tokens, "loss": loss * np.exp(0.01 * error)}
            found.append(pd.DataFrame({"family": f"f{family}", "run": f"r{run}", **columns}))
    # Readers may not count on an order of rows.
    return pd.concat(found).sample(frac=1.0, random_state=1, ignore_index=True)


@pytest.fixture(scope="session")
def simulated():
    return curves


@pytest.fixture(scope="session")
def table_of():
    """Return runs, model and layout for residuals by name."""

    def made(residuals, *, runs: Runs | None = None, noise=Normal, effects=None, pooling="partial", **size):
        from bayescale.models import find_residuals

        runs = read_quietly(curves(residuals, **size)) if runs is None else runs
        along = find_residuals(residuals)
        layout = lay_out(Chinchilla, runs, effects, design_anchors(Chinchilla, runs), noise, along)
        sizes = {"n_families": len(layout.families), "n_levels": len(layout.levels)}
        model = build_model(
            Chinchilla, noise=noise, pooling=Pooling(pooling), effects=effects, residuals=along, **sizes
        )
        return runs, model, layout

    return made
