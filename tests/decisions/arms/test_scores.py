"""What draws say about arms, against closed forms of normal losses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from bayescale.decisions.arms import scores

DRAWS = 200_000
# Five standard errors of a share of so many draws: a false alarm in two million.
CLOSE = 5 * 0.5 / np.sqrt(DRAWS)


def losses(correlation: float, seed: int = 0) -> np.ndarray:
    """Two normal arms at one budget, apart by 0.01, each with sd 0.02: draw x arm x budget."""
    covariance = 0.02**2 * np.array([[1.0, correlation], [correlation, 1.0]])
    drawn = np.random.default_rng(seed).multivariate_normal([2.0, 2.01], covariance, DRAWS)
    return drawn[:, :, None]


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_normal_arms_win_as_often_as_the_closed_form_says(correlation):
    drawn, sd = losses(correlation), 0.02 * np.sqrt(2 * (1 - correlation))
    wanted = norm.cdf(0.01 / sd)
    assert scores.wins(drawn[:, 0], drawn[:, 1]).item() == pytest.approx(wanted, abs=CLOSE)
    np.testing.assert_allclose(scores.best(drawn).ravel(), [wanted, 1 - wanted], atol=CLOSE)
    # E[max(X, 0)] of a normal difference X with mean -0.01 for the first arm, 0.01 for the second.
    expected = [sd * norm.pdf(0.01 / sd) + mean * norm.cdf(mean / sd) for mean in (-0.01, 0.01)]
    np.testing.assert_allclose(scores.regret(drawn).ravel(), expected, atol=5 * sd / np.sqrt(DRAWS))


def test_swapping_arms_gives_the_complement_ties_included():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (2, 1000, 4)).astype(float)
    np.testing.assert_allclose(scores.wins(first, second) + scores.wins(second, first), 1.0, rtol=1e-14)


def test_the_chances_of_being_best_sum_to_one_ties_included():
    drawn = np.random.default_rng(0).integers(0, 3, (500, 5, 3)).astype(float)
    np.testing.assert_allclose(scores.best(drawn).sum(axis=0), 1.0, rtol=1e-14)


def test_a_detectable_difference_is_told_with_its_power():
    """Repeat the design: the centre of the posterior scatters around the truth by its sd."""
    sd, power, prob = 0.01, 0.8, 0.95
    truth = scores.detectable(np.array(sd), power, prob)
    centres = truth + sd * np.random.default_rng(0).standard_normal(DRAWS)
    told = norm.cdf(centres / sd) >= prob
    assert told.mean() == pytest.approx(power, abs=CLOSE)


def test_the_last_of_several_crossings_counts_and_equal_losses_are_none():
    at = np.arange(5.0)
    rows = [[1, -1, 1, 1, -3], [1, 1, 1, 1, 1], [1, 0, 0, 1, 1], [-1, 0, 1, 1, 1], [-1, 1, 1, -1, -1]]
    found = scores.crossing(at, np.array(rows, float))
    assert found.count.tolist() == [3, 0, 0, 1, 2]
    np.testing.assert_allclose(found.last, [3.25, np.nan, np.nan, 1.0, 2.5])
    assert found.overtakes.tolist() == [1, 0, 0, -1, 0]
