"""Real experiments that several laws are fitted to, and fits of them that are made once."""

from __future__ import annotations

import pandas as pd
import pytest

import bayescale as bs


@pytest.fixture(scope="session")
def repeated(dataset) -> bs.Runs:
    """The 182 runs on repeated data that Muennighoff et al. fit."""
    return dataset("data-constrained", "published")


@pytest.fixture(scope="session")
def chinchilla_runs(dataset) -> bs.Runs:
    """Hoffmann et al.'s runs without the five of the highest losses, as Besiroglu et al. have them."""
    return dataset("chinchilla", "besiroglu")


@pytest.fixture(scope="session")
def chinchilla_fit(chinchilla_runs):
    """The default fit of the 240 points, which variants are held against."""
    return bs.fit("chinchilla", chinchilla_runs, seed=0)


@pytest.fixture(scope="session")
def step_grid(dataset) -> pd.DataFrame:
    """Step Law's dense grid: 1,911 runs of 17 cells, 181 of which diverged, to losses above 4."""
    grid = dataset("step-law", "grid").table[["params", "tokens", "lr", "batch_tokens", "loss"]]
    assert len(grid) == 1911 and (grid["loss"] > 4).sum() == 181
    return grid


@pytest.fixture(scope="session")
def step_draws(real_file) -> pd.DataFrame:
    """The authors' 1,000 bootstrap draws of five coefficients, the constants as natural logarithms."""
    draws = pd.read_csv(real_file("step-law/1004_fitted_lr_bs_scaling_model_parameters.csv"))
    return draws.set_axis(["eta_0", "a_N", "a_D", "B_0", "b_D"], axis=1)
