"""A posterior made by hand: decisions need draws, not a sampler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayescale.data.read import read_quietly
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.settings import Settings
from bayescale.laws import Chinchilla
from bayescale.models import Normal, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import FAMILY

ENGINE = {"name": "nuts", "why": "as asked for"}
CHAINS, DRAWS = 2, 5_000
LAW = np.log([1.8, 0.4, 0.5, 0.35, 0.36])  # E, A, B, alpha, beta at the anchors
BETWEEN = np.array([0.2, 0.1, 0.15, 0.05, 0.08])
SIGMA, SIGMA_BETWEEN = 0.01, 0.3


def table(families: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        {"params": n, "tokens": d, "loss": 2.0 + 4e8 / n + 1e9 / d} | ({"family": f} if f else {})
        for f in families or ("",)
        for n in (1e8, 1e9)
        for d in (4e9, 6e10)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def make_fit() -> Callable[..., Fit]:
    """All draws alike: the population is exactly known, so what scatters in a prediction is what should."""

    def make(families: tuple[str, ...] = (), **choices: Any) -> Fit:
        """A fit of Chinchilla's law, or of another with the same parameters as ``law``; ``choices`` are of reading."""
        law = choices.pop("law", Chinchilla)
        runs = read_quietly(table(families), **choices)
        anchors = design_anchors(law, runs)
        layout = lay_out(law, runs, None, anchors)
        pooling, count = Pooling.of(None, grouped=len(families) > 1), len(layout.families)
        model = build_model(law, noise=Normal, pooling=pooling, n_families=count)
        names = [p.name for p in Chinchilla.parameters]
        if count == 1:
            values = dict(zip(names, LAW, strict=True)) | {"sigma": np.log(SIGMA)}
        else:
            with jax.enable_x64(True):
                center = np.asarray(model.pool(LAW))
            values = {f"{n}_population": v for n, v in zip(names, LAW, strict=True)}
            values |= {f"{c.name}_between": np.log(s) for c, s in zip(model.coordinates, BETWEEN, strict=True)}
            values |= {"sigma_population": np.log(SIGMA), "sigma_between": np.log(SIGMA_BETWEEN)}
            # Every family sits at the population but for its level, which is one tenth higher from one to the next.
            values[FAMILY] = center + 0.1 * np.arange(count)[:, None] * (np.arange(5) == 0)
            values["sigma_family"] = np.full(count, np.log(SIGMA))
        sites = {n: np.broadcast_to(v, (CHAINS, DRAWS, *np.shape(v))).copy() for n, v in values.items()}
        unconstrained = sites_dataset(model, sites, layout.families, layout.levels)
        stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((CHAINS, DRAWS), bool))})
        return Fit(
            model, runs, anchors, Settings(chains=CHAINS, draws=DRAWS), 7, unconstrained, stats, {"engine": ENGINE}
        )

    return make


@pytest.fixture(scope="session")
def one(make_fit) -> Fit:
    return make_fit()


@pytest.fixture(scope="session")
def grouped(make_fit) -> Fit:
    return make_fit(("web", "code", "books"))
