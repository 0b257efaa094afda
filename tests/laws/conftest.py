"""Real experiments that several laws are fitted to, and fits of them that are made once."""

from __future__ import annotations

import pandas as pd
import pytest

import bayescale as bs

# The runs that the notebook of Muennighoff et al. leaves out of its fit as outliers: of the 231 without the repeats
# with other seeds, these 49 are commented out there, which leaves the paper's 182.
OUTLIERS = """
2b84b4b 2b88b4b 2b812b4b 2b816b4b 2b824b4b 2b855b1b25 4b212b12b 4b224b12b 4b284b12b2 4b284b1b9 4b284b6b 2b8100m100m
14m7b5100m 14m300b100m 1b12b7100m 1b13b9100m 1b15b9100m 1b17b5100m 619m3b9100m 619m5b9100m 619m7b5100m 2b84b8100m
1b58b8100m 1b112b100m 619m22b100m 421m300b1b5 221m91b400m 221m174b400m 221m600b400m 8b712b12b 8b712b1b5 8b712b400m
8b712b100m 3b926b1b5 2b836b1b5 2b836b400m 2b836b100m 2b246b400m 2b246b100m 1b566b1b5 1b566b100m 1b191b400m 1b191b1b5
1b1250b1b5 1b5174b1b5 2b291b1b5 2b2174b1b5 8b720b1b5 2b877b1b5
"""


@pytest.fixture(scope="session")
def repeated(real_file) -> bs.Runs:
    """The 182 runs on repeated data that Muennighoff et al. fit."""
    table = pd.read_csv(real_file("data-constrained/runs.csv")).rename(columns={"val_loss": "loss"})
    # Runs with other seeds come first and have the name of the original, which the notebook takes.
    table = table.drop_duplicates("name", keep="last")
    table = table[~table["name"].isin(OUTLIERS.split())]
    assert len(table) == 182
    return bs.read_runs(table[["params", "tokens", "unique_tokens", "loss"]])


@pytest.fixture(scope="session")
def chinchilla_runs(chinchilla_points) -> bs.Runs:
    """Hoffmann et al.'s runs without the five of the highest losses, as Besiroglu et al. have them."""
    return bs.read_runs(chinchilla_points.iloc[:240])


@pytest.fixture(scope="session")
def chinchilla_fit(chinchilla_runs):
    """The default fit of the 240 points, which variants are held against."""
    return bs.fit("chinchilla", chinchilla_runs, seed=0)


@pytest.fixture(scope="session")
def step_grid(real_file) -> pd.DataFrame:
    """Step Law's dense grid: 1,911 runs of 17 cells, 181 of which diverged, to losses above 4."""
    table = pd.read_csv(real_file("step-law/dense_lr_bs_loss.csv"))
    # Batches are counted in sequences of 2,048 tokens.
    columns = {"params": table["N"], "tokens": table["D"], "lr": table["lr"], "batch_tokens": 2048.0 * table["bs"]}
    grid = pd.DataFrame({**columns, "loss": table["smooth loss"]})
    assert len(grid) == 1911 and (grid["loss"] > 4).sum() == 181
    return grid


@pytest.fixture(scope="session")
def step_draws(real_file) -> pd.DataFrame:
    """The authors' 1,000 bootstrap draws of five coefficients, the constants as natural logarithms."""
    draws = pd.read_csv(real_file("step-law/1004_fitted_lr_bs_scaling_model_parameters.csv"))
    return draws.set_axis(["eta_0", "a_N", "a_D", "B_0", "b_D"], axis=1)
