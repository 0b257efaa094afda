"""Log scores of held-out runs are log densities of scipy's distributions, at the draws of the posterior."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logit, logsumexp

import bayescale as bs
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.splits import Split

NOISES = ("student-t", "normal", "laplace")


def curves(posterior, params, tokens) -> np.ndarray:
    """Chinchilla's formula, written out, draw x run."""
    E, A, B, alpha, beta = (posterior[name].to_numpy().reshape(-1, 1) for name in ("E", "A", "B", "alpha", "beta"))
    return E + A * params**-alpha + B * tokens**-beta


def scipys(noise: str, posterior) -> stats.rv_continuous:
    """The noise of log loss at every draw."""
    scale = posterior["sigma"].to_numpy().reshape(-1, 1)
    if noise == "student-t":
        return stats.t(posterior["nu"].to_numpy().reshape(-1, 1), scale=scale)
    return stats.norm(scale=scale) if noise == "normal" else stats.laplace(scale=scale)


def expected(noise: str, posterior, table: pd.DataFrame, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """Log of the mean density of the loss, over run: that of the log of the loss, times the slope of the log."""
    seen = table["observed"].to_numpy()
    around = np.log(curves(posterior, table["params"].to_numpy(), table["tokens"].to_numpy())) + shift
    densities = scipys(noise, posterior).logpdf(np.log(seen) - around) - np.log(seen)
    return logsumexp(densities, axis=0) - np.log(len(densities))


def held_out(made: bs.Backtest):
    """The posterior of each fit with the rows that it was asked about."""
    for one in made.held_out:
        rows = made.runs[(made.runs["family"] == one.split.family) & (made.runs["ratio"] == one.split.ratio)]
        own = one.fit.posterior
        yield (own.sel(family=one.split.family) if "family" in own.dims else own), rows


@pytest.fixture(scope="module", params=NOISES)
def noisy(request, runs) -> tuple[str, bs.Backtest]:
    """A backtest with each noise of the log."""
    return request.param, bs.backtest("chinchilla", runs, ratios=[2], noise=request.param, discrepancy=None, draws=250)


def test_a_log_score_is_the_log_of_the_mean_density_of_the_loss(noisy):
    """Sums of some hundred exponentials: relative rounding of 1e-9 is a thousand times what it should be."""
    noise, made = noisy
    for posterior, rows in held_out(made):
        np.testing.assert_allclose(rows["log_score"], expected(noise, posterior, rows), rtol=1e-9, atol=1e-9)


def test_a_pooled_fit_is_asked_about_the_family_itself(runs):
    made = bs.backtest(
        "chinchilla", runs, ratios=[2], pooling={"default": "complete", "E": "none"}, noise="normal", discrepancy=None,
        chains=2, draws=100, warmup=100, progress=False,
    )  # fmt: skip
    for posterior, rows in held_out(made):
        np.testing.assert_allclose(rows["log_score"], expected("normal", posterior, rows), rtol=1e-9, atol=1e-9)


def test_a_density_beyond_the_data_is_around_the_shifted_curve(noisy):
    """A drift alone is known: a scale of 1e-9 is nothing beside a noise of 1e-3, and 1e-6 of a log density at most."""
    noise, made = noisy
    shifted = made.with_discrepancy(bs.Discrepancy.brownian(1e-9, drift=-0.01))
    for posterior, rows in held_out(shifted):
        assert (rows["extrapolation"] > 1.5).all()
        shift = -0.01 * np.log10(rows["extrapolation"].to_numpy())
        np.testing.assert_allclose(rows["log_score"], expected(noise, posterior, rows, shift), atol=1e-5)
        assert (abs(rows["log_score"] - expected(noise, posterior, rows)) > 1e-3).any()


def test_intervals_are_those_of_the_noise_around_the_curve(noisy):
    """Ranks of what scipy says is each predictive distribution's median and 5 % point, by bisection.

    A share of 1,000 draws, five standard errors: 0.079 at the median, 0.034 at the end; false alarms 6e-7 a run.
    """
    noise, made = noisy
    for posterior, rows in held_out(made):
        around = np.log(curves(posterior, rows["params"].to_numpy(), rows["tokens"].to_numpy()))
        error = scipys(noise, posterior)
        for name, share in (("median", 0.5), ("lower_0.9", 0.05)):
            below = error.cdf(np.log(rows[name].to_numpy()) - around).mean(axis=0)
            assert (abs(below - share) < 5 * np.sqrt(share * (1 - share) / len(around))).all()


def test_a_count_of_items_has_the_probability_of_scipys_beta_binomial(fit_by_hand):
    """Relative to 1e-7 of the log, as for the noise itself."""
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"loss": np.linspace(3.6, 2.2, 12), "chance": 0.25, "items": 1000})
    table["accuracy"] = rng.binomial(1000, 0.25 + 0.6 / (1 + np.exp(4 * (table["loss"] - 2.7)))) / 1000
    table["compute"] = np.geomspace(1e19, 1e21, 12)
    runs = bs.read_runs(table, law="downstream-accuracy")
    ceiling, k, half = (mean * (1 + 0.05 * rng.standard_normal((40, 1))) for mean in (0.8, 4.0, 2.7))
    rho = 0.004 * np.exp(rng.standard_normal((40, 1)))
    draws = {"ceiling": logit(ceiling), "k": np.log(k), "half": np.log(half), "rho": logit(rho)}
    fit = fit_by_hand(bs.laws.DownstreamAccuracy, bs.models.BetaBinomial, runs, draws)
    later = np.arange(12) >= 6
    held = HeldOut(Split("(all)", 8.0, ~later, later), fit, "ok", runs.table[later].reset_index(drop=True), 0)
    found = held.scores(None)
    mean = 0.25 + 0.75 * ceiling / (1 + np.exp(k * (found["loss"].to_numpy() - half)))
    spread, count = 1 / rho - 1, np.round(1000 * found["observed"].to_numpy())
    densities = stats.betabinom.logpmf(count, 1000, mean * spread, (1 - mean) * spread)
    np.testing.assert_allclose(found["log_score"], logsumexp(densities, axis=0) - np.log(40), rtol=1e-7)
    assert found["crps"].between(0, 1).all()
