"""Scores of draws are those of the distribution they are from."""

from __future__ import annotations

import numpy as np
from scipy import stats

from bayescale.validation.backtest.scores import crps, log_score, rank


def test_crps_of_normal_draws_is_gneitings_closed_form():
    """Against s (z (2 Phi(z) - 1) + 2 phi(z) - pi^-1/2), within six standard errors over 400 batches: 2e-9 a point."""
    rng, mean, sd = np.random.default_rng(0), 2.0, 0.3
    observed = mean + sd * np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
    z = (observed - mean) / sd
    expected = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    # Batches of 50 draws: an estimate with a bias of 1/50 would stand out.
    found = np.array([crps(mean + sd * rng.standard_normal((50, 5)), observed) for _ in range(400)])
    assert (abs(found.mean(axis=0) - expected) < 6 * found.std(axis=0) / 20).all()


def test_the_log_score_is_of_the_mean_density_and_not_the_mean_log_density():
    densities = np.log([[0.5, 1.0], [1.5, 1.0]])
    np.testing.assert_allclose(log_score(densities), [0.0, 0.0], atol=1e-12)
    assert np.isfinite(log_score(np.array([[-2000.0], [-2001.0]]))).all()


def test_ranks_count_the_draws_below_and_half_of_those_alike():
    draws = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [4.0, 1.0]])
    assert rank(draws, np.array([2.5, 1.0])).tolist() == [0.5, 0.5]
