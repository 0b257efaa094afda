"""The best learning rate and batch size of a plan, from a law and from the draws of a fit."""

from __future__ import annotations

import re

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.settings import Settings
from bayescale.laws import Chinchilla, StepLaw, StepLawRate
from bayescale.models import Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import FAMILY

LAW = StepLaw(
    L_0=2.3, s_N=0.066, s_D=0.037, alpha=0.36, beta=0.28, eta_0=1.79, a_N=-0.713, a_D=0.307, B_0=0.58, b_D=0.571,
    k_eta=0.013, k_B=0.011, tilt=0.4, skew=0.6, twist=0.4,
)  # fmt: skip
DRAWS, BETWEEN = 4000, 0.15


def test_of_a_law_they_are_its_centre():
    made = bs.hyperparameters(LAW, params=[1e9, 1e10], tokens=1e11)
    assert made[["group", "params", "tokens", "setting", "unit"]].to_numpy().tolist() == [
        ["step-law", 1e9, 1e11, "lr", ""],
        ["step-law", 1e9, 1e11, "batch_tokens", "tokens"],
        ["step-law", 1e10, 1e11, "lr", ""],
        ["step-law", 1e10, 1e11, "batch_tokens", "tokens"],
    ]
    rates = [1.79 * n**-0.713 * 1e11**0.307 for n in (1e9, 1e10)]
    batch = 0.58 * 1e11**0.571
    np.testing.assert_allclose(made["median"], [rates[0], batch, rates[1], batch], rtol=1e-9)
    np.testing.assert_array_equal(made["lower"], made["upper"])


@pytest.fixture(scope="module")
def fit() -> Fit:
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


def test_a_cell_of_the_data_has_settings_of_its_own(fit):
    plan = {"params": 2e8, "tokens": 2e10}
    rate, batch = LAW.centre(**plan)
    for group, factor in (("small", 1.2), ("large", 1.0)):
        made = bs.hyperparameters(fit, **plan, group=group)
        np.testing.assert_allclose(made["median"], [factor * rate, factor * batch], rtol=1e-8)
        assert set(made["group"]) == {group}


def test_a_plan_of_ones_own_scatters_as_the_cells_do(fit):
    """The 90 % interval of a log-normal of sd 0.15; its ends from 4,000 draws are known to 0.15 * 2.1 / sqrt(4000)
    each, of which five are 2.5 %."""
    plan = {"params": 1e10, "tokens": 1e12}
    made = bs.hyperparameters(fit, **plan, prob=0.9)
    for value, row in zip(LAW.centre(**plan), made.itertuples(), strict=True):
        np.testing.assert_allclose(
            [row.lower, row.upper], value * np.exp(BETWEEN * 1.645 * np.array([-1, 1])), rtol=0.03
        )
    assert made["prob"].tolist() == [0.9, 0.9]
    pd.testing.assert_frame_equal(made, bs.hyperparameters(fit, **plan, prob=0.9))
    other = bs.hyperparameters(fit, **plan, seed=7)
    assert not np.array_equal(made["median"], other["median"])


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"params": 1e9}, bs.SettingsError, "A plan by the law 'step-law' needs 'tokens'; it has params, tokens."),
        (
            {"params": 1e9, "tokens": 1e10, "lr": 1e-3},
            bs.SettingsError,
            "A plan by the law 'step-law' does not take 'lr'; it has params, tokens.",
        ),
        (
            {"params": [1e9, 2e9], "tokens": [1e10] * 3},
            bs.SettingsError,
            "The inputs must have one length, or be single numbers; got params 2, tokens 3.",
        ),
        (
            {"params": 1e9, "tokens": 1e10, "group": "x"},
            bs.SettingsError,
            "A law at parameter values has no families; leave the group out.",
        ),
        (
            {"params": 1e9, "tokens": -1.0},
            bs.SettingsError,
            "tokens must be positive and finite, one number or a flat list, got -1.0.",
        ),
    ],
    ids=["missing", "setting", "lengths", "group", "negative"],
)
def test_a_question_that_has_no_answer_is_refused(asked, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        bs.hyperparameters(LAW, **asked)


@pytest.mark.parametrize(
    ("law", "label"),
    [
        (StepLawRate.published["li2025predictable"], "learning rate"),
        (Chinchilla.published["hoffmann2022training"], "loss"),
    ],
    ids=["rate", "chinchilla"],
)
def test_a_law_without_a_bowl_is_refused(law, label):
    message = (
        f"The law {law.name!r} has no bowl over learning rate and batch size, as step-law has; "
        f"predict gives what it says of {label}."
    )
    with pytest.raises(bs.LawError, match=f"^{re.escape(message)}$"):
        bs.hyperparameters(law, params=1e9, tokens=1e10)
