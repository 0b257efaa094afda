"""The path of best sizes by interpolation: exact where curves are, calibrated where they scatter, or refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.inference.path_posterior import SCATTER, draw_path

LAW = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
BUDGETS = tuple(np.geomspace(1e18, 1e21, 7))


def isoflops(budgets=BUDGETS, width: float = 8.0, sizes: int = 13, shift: float = 1.0):
    """Runs of a known law, at sizes around the best of each budget times ``shift``; 0.5135 is their exponent."""
    rows = []
    for budget in budgets:
        best = float(bs.allocate(LAW, compute=budget).draws["params"].item()) * shift
        for params in np.geomspace(best / width, best * width, sizes):
            tokens = budget / 6 / params
            rows.append((params, tokens, float(LAW(params, tokens)), f"{budget:.3g}"))
    return pd.DataFrame(rows, columns=["params", "tokens", "loss", "budget"])


def path(table: pd.DataFrame, **settings) -> bs.IsoFLOPPath:
    return bs.isoflop_path(bs.read_runs(table), **settings)


def test_without_noise_the_path_is_that_of_the_law():
    """Sizes are 30 % apart; interpolation errs less than a hundredth of that, the same at every budget."""
    found = path(isoflops(), noise=1e-7)
    true = bs.allocate(LAW, compute=found.minima["compute"].to_numpy()).draws["params"].to_numpy().ravel()
    np.testing.assert_allclose(found.minima["params"], true, rtol=0.01)
    assert float(found.draws["a"].median()) == pytest.approx(float(LAW.a), abs=1e-3)
    assert float(found.draws["k"].median()) == pytest.approx(
        float(bs.allocate(LAW, compute=found.compute).draws["params"].item()), rel=0.01
    )
    np.testing.assert_allclose(found.draws["a"] + found.draws["b"], 1.0)


def test_noise_of_losses_widens_the_minima_and_the_exponent():
    quiet, loud = (path(isoflops(), noise=noise) for noise in (2e-4, 2e-3))
    assert (loud.minima["log_sd"] > 2 * quiet.minima["log_sd"]).all()
    assert loud.draws["a"].std() > 2 * quiet.draws["a"].std()


def test_budgets_without_a_bottom_are_named_and_left_out():
    table = pd.concat([isoflops(), isoflops(budgets=[1e22], shift=30.0)])
    found = path(table)
    last = found.minima.iloc[-1]
    assert not last["used"]
    assert last["at_edge"] > 0.9
    assert found.minima["used"].sum() == 7
    assert "from 7 of 8 budgets" in repr(found)


def test_runs_of_the_same_size_are_averaged():
    once, twice = isoflops(), pd.concat([isoflops(), isoflops()])
    with pytest.warns(bs.DataWarning, match="duplicate"):
        doubled = path(twice)
    np.testing.assert_allclose(doubled.minima["params"], path(once).minima["params"])
    assert doubled.minima["log_sd"].mean() < 0.85 * path(once).minima["log_sd"].mean()


def test_checkpoints_of_one_run_share_their_noise():
    """At five budgets 5 % apart minima lie between the same sizes and move together: their mean is no better than one.

    With errors of their own it is better by 5^0.5 = 2.2, less what the doubt about the scatter adds.
    """
    grid = np.geomspace(1e8, 1e10, 15)
    rows = [(n, c / 6 / n, float(LAW(n, c / 6 / n)), f"{c:.3g}") for c in np.geomspace(3e19, 3.6e19, 5) for n in grid]
    table = pd.DataFrame(rows, columns=["params", "tokens", "loss", "budget"])
    with pytest.warns(bs.DataWarning) as caught:
        apart, together = path(table), path(table.assign(run=table["params"].map("{:.4g}".format)))
    assert {warning.message.code for warning in caught} == {"collinear-design", "checkpoints-as-runs"}
    np.testing.assert_allclose(apart.minima["log_sd"], together.minima["log_sd"], rtol=0.25)
    one = float(together.minima["log_sd"].mean())
    assert float(np.log(together.draws["k"]).std()) > 0.85 * one > 0.7 * one > float(np.log(apart.draws["k"]).std())


def test_the_posterior_is_that_of_quadrature():
    """Against a sum over the scatter and both coefficients of the density written out."""
    rng = np.random.default_rng(1)
    x, sd = np.linspace(-2, 2, 6), np.array([0.05, 0.1, 0.05, 0.2, 0.1, 0.05])
    correlated = np.diag(sd) @ (0.5 * np.eye(6) + 0.5) @ np.diag(sd)
    y = 1.0 + 0.5 * x + rng.multivariate_normal(np.zeros(6), correlated) + 0.1 * rng.standard_normal(6)
    found = draw_path(x, y, correlated, 40_000, rng)
    k, a = np.meshgrid(np.linspace(0, 2, 121), np.linspace(0.1, 0.9, 121), indexing="ij")
    total, first, second, spread = 0.0, 0.0, 0.0, 0.0
    for scatter in np.arange(0.0025, 1.5, 0.005):
        covariance = correlated + scatter**2 * np.eye(6)
        off = y - k[..., None] - a[..., None] * x
        away = np.einsum("...i,ij,...j->...", off, np.linalg.inv(covariance), off)
        mass = np.exp(-0.5 * away - 0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * (scatter / SCATTER) ** 2)
        total, first, second = total + mass.sum(), first + (mass * a).sum(), second + (mass * a**2).sum()
        spread += scatter * mass.sum()
    mean, sd_a = first / total, np.sqrt(second / total - (first / total) ** 2)
    # Four Monte-Carlo errors of 40,000 draws; the scatter's grid has steps of 2 %.
    assert found["a"].mean() == pytest.approx(mean, abs=4 * sd_a / 200)
    assert found["a"].std() == pytest.approx(sd_a, rel=0.03)
    assert found["scatter"].mean() == pytest.approx(spread / total, rel=0.03)


def test_intervals_of_the_exponent_are_calibrated():
    """Flat priors of line, scatter from its prior: 90 % of intervals hold the truth, 400 of them to 4 sds (6e-5)."""
    rng, x, inside = np.random.default_rng(2), np.linspace(-3, 3, 9), 0
    for _ in range(400):
        sd, scatter = rng.uniform(0.02, 0.2, 9), abs(SCATTER * rng.standard_normal())
        y = 0.5 * x + np.hypot(sd, scatter) * rng.standard_normal(9)
        low, high = np.quantile(draw_path(x, y, np.diag(sd**2), 500, rng)["a"], [0.05, 0.95])
        inside += low < 0.5 < high
    assert abs(inside / 400 - 0.9) < 4 * np.sqrt(0.09 / 400)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="budget"), "A path needs the column 'budget': runs of one budget"),
        (lambda t: t.assign(family=["a", "b"] * 45 + ["a"]), "A path is of one family, the runs have a, b; use"),
        (lambda t: t.assign(tokens=t["tokens"] * np.linspace(1, 2, len(t))), "Runs of one budget must have the same"),
        (lambda t: t[t["budget"].isin(["1e+18", "1e+21"])], "A path needs 3 budgets whose lowest loss is inside"),
    ],
)
def test_tables_without_a_path_are_refused(change, message):
    with pytest.raises(bs.DataError, match="^" + re.escape(message)):
        path(change(isoflops()))


def test_settings_are_checked():
    with pytest.raises(bs.SettingsError, match=r"^noise must be a positive number, got -1\.$"):
        path(isoflops(), noise=-1)
