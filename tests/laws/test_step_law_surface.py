"""Step Law's loss surface fitted to all 1,911 runs of the public grid at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import LinearNDInterpolator

import bayescale as bs
from bayescale.laws import StepLaw

# Runs more than this share above the best of their cell are lower bounds: 964, among them all that diverged.
EXCESS = 0.02
SETTINGS = {"noise": "censored", "seed": 0, "chains": 2, "draws": 400, "warmup": 250, "target_accept": 0.9}
CELL = ["params", "tokens"]


def misses(grid: pd.DataFrame, settings: pd.DataFrame) -> np.ndarray:
    """How far the loss at the settings is above the best of each cell, in per cent.

    Between the runs of a cell the log of the loss is interpolated linearly, which knows nothing of a law. The best of
    a hundred noisy losses is too good by some hundredths of a per cent, so that the settings are judged too harshly.
    """
    chosen = settings.pivot(index=CELL, columns="setting", values="median")
    found = []
    for cell, runs in grid.groupby(CELL):
        loss = LinearNDInterpolator(np.log(runs[["lr", "batch_tokens"]]), np.log(runs["loss"]))
        found.append(float(loss(*np.log(chosen.loc[cell, ["lr", "batch_tokens"]]))) - np.log(runs["loss"].min()))
    return 100 * np.expm1(found)


def best_settings(fit: bs.Fit, grid: pd.DataFrame) -> pd.DataFrame:
    cells = grid[CELL].drop_duplicates()
    return bs.hyperparameters(fit, params=cells["params"].to_numpy(), tokens=cells["tokens"].to_numpy()).table()


@pytest.fixture(scope="module")
def runs(step_grid) -> dict[str, bs.Runs]:
    table = bs.censor(step_grid, excess=EXCESS)
    return {law: bs.read_runs(table, law=law, params_convention="non_embedding") for law in ("step-law", "step-law-nd")}


def test_no_run_of_the_grid_is_dropped(step_grid, runs):
    """All 181 runs that diverged are lower bounds, as are those far from the best of their cell."""
    table = runs["step-law"].table
    assert len(table) == 1911
    assert table["censored"].sum() == 964
    assert (table.loc[step_grid["loss"].to_numpy() > 4, "censored"] == 1).all()
    best = step_grid.groupby(CELL)["loss"].transform("min").to_numpy()
    np.testing.assert_allclose(table["loss"], np.minimum(step_grid["loss"], 1.02 * best), rtol=1e-12)


def test_curves_of_the_surface_bend_around_the_best_runs(step_grid, runs):
    """A surface at round numbers, of which nothing was fitted here, has its bottom among the best runs of each cell."""
    law = StepLaw(
        L_0=2.35, s_N=0.066, s_D=0.038, alpha=0.29, beta=0.23, eta_0=2e-3, a_N=-0.62, a_D=0.27, B_0=4.3e5, b_D=0.62,
        k_eta=0.0165, k_B=0.014, tilt=0.37, skew=0.75, twist=0.39, N0=3.62e8, D0=2.14e10,
    )  # fmt: skip
    cells = step_grid[CELL].drop_duplicates()
    made = bs.hyperparameters(law, params=cells["params"].to_numpy(), tokens=cells["tokens"].to_numpy()).table()
    # The best learning rate that the grid has is a factor of root two away from its neighbours.
    assert misses(step_grid, made).max() < 0.35


@pytest.fixture(scope="module")
def surface(runs) -> bs.Fit:
    fit = bs.fit("step-law", runs["step-law"], **SETTINGS)
    fit.check()
    return fit


@pytest.mark.slow
def test_the_five_coefficients_overlap_the_authors_draws(surface, step_draws):
    """Each 90 % interval with the interval of their 1,000 draws.

    Theirs are least squares through all runs within 0.25 % of the best, resampled run by run; both intervals leave out
    that whole cells scatter around the law.
    """
    names = {"eta_1": "eta_0", "a_N": "a_N", "a_D": "a_D", "B_1": "B_0", "b_D": "b_D"}
    for name, theirs in names.items():
        draws = surface.posterior[name].to_numpy()
        draws = np.log(draws) if name in ("eta_1", "B_1") else draws
        (low, high), (least, most) = (np.quantile(values, [0.05, 0.95]) for values in (draws, step_draws[theirs]))
        assert low < most and least < high, name


@pytest.mark.slow
def test_the_loss_at_the_predicted_settings_is_near_the_best_of_each_cell(surface, step_grid):
    """Within 0.3 % in every cell and 0.2 % in most; the authors' own constants come to 0.25 % and no closer."""
    found = misses(step_grid, best_settings(surface, step_grid))
    assert found.max() < 0.3
    assert (found < 0.2).mean() > 0.7


@pytest.mark.slow
def test_it_is_so_in_every_cell_if_the_best_batch_size_may_fall_with_size(step_grid):
    """Within 0.2 %, with a floor of its own for each cell and bounds nearer to the best.

    A few hundred draws place the medians, not the ends of intervals.
    """
    table = bs.censor(step_grid, excess=0.01)
    table["cell"] = table["params"].map("{:.0f}".format) + "/" + table["tokens"].map("{:.0f}".format)
    runs = bs.read_runs(table, law="step-law-nd", group="cell", params_convention="non_embedding")
    pooling = {"default": "complete", "L_0": "partial"}
    fit = bs.fit("step-law-nd", runs, pooling=pooling, **SETTINGS)
    assert not fit.sample_stats["diverging"].any()
    assert misses(step_grid, best_settings(fit, step_grid)).max() < 0.2
    assert float((fit.posterior["b_N"] < 0).mean()) > 0.999
