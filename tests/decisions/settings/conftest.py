"""A law with a bowl at round numbers, and draws of it made by hand."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayescale.data.read import read_quietly
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.settings import Settings
from bayescale.laws import StepLaw
from bayescale.models import Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import FAMILY

LAW = StepLaw(
    L_0=2.3, s_N=0.066, s_D=0.037, alpha=0.36, beta=0.28, eta_0=1.79, a_N=-0.713, a_D=0.307, B_0=0.58, b_D=0.571,
    k_eta=0.013, k_B=0.011, tilt=0.4, skew=0.6, twist=0.4,
)  # fmt: skip
DRAWS, BETWEEN = 4000, 0.15


@pytest.fixture(scope="session")
def bowl_law() -> StepLaw:
    return LAW


@pytest.fixture(scope="session")
def bowl_fit() -> Fit:
    """Draws made by hand: two cells whose best settings scatter by 15 %, and all else exactly known."""
    rows = [
        {"params": n, "tokens": 2e10, "lr": lr, "batch_tokens": 5e5, "loss": 2.5, "family": name}
        for name, n in (("small", 2e8), ("large", 8e8))
        for lr in (1e-3, 4e-3)
    ]
    runs = read_quietly(pd.DataFrame(rows), law=StepLaw)
    anchors = design_anchors(StepLaw, runs)
    layout = lay_out(StepLaw, runs, None, anchors)
    pooling = Pooling.of({"default": "complete", "eta_0": "partial", "B_0": "partial"}, grouped=True)
    model = build_model(StepLaw, noise=StudentT, pooling=pooling, n_families=2)
    anchored = LAW.replace(
        eta_0=LAW.eta_0 * anchors["N0"] ** LAW.a_N * anchors["D0"] ** LAW.a_D, B_0=LAW.B_0 * anchors["D0"] ** LAW.b_D
    ).values
    rate, batch = (float(np.log(anchored[name])) for name in ("eta_0", "B_0"))
    signed = {p.name for p in StepLaw.parameters if not p.prior.positive}
    values = {n: v if n in signed else np.log(v) for n, v in anchored.items() if n not in ("eta_0", "B_0")}
    values |= {"sigma": np.log(0.003), "nu": np.log(3.0), "eta_0_population": rate, "B_0_population": batch}
    values |= {"eta_0_between": np.log(BETWEEN), "B_0_between": np.log(BETWEEN)}
    # The small cell wants a fifth more of both, the large one what the law says.
    values[FAMILY] = np.log(np.array([[1.2, 1.2], [1.0, 1.0]])) + np.array([rate, batch])
    sites = {name: np.broadcast_to(value, (2, DRAWS // 2, *np.shape(value))) for name, value in values.items()}
    with jax.enable_x64(True):
        unconstrained = sites_dataset(model, sites, layout.families, layout.levels)
    record = {"engine": {"name": "nuts", "why": "as asked for"}}
    return Fit(model, runs, anchors, Settings(chains=2, draws=DRAWS // 2), 0, unconstrained, xr.Dataset(), record)
