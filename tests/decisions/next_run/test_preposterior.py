"""Updating a belief before a run is Bayes' rule for a linear model with normal noise."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.decisions.next_run.preposterior import BLOCKS, Belief, beliefs_of_parts, jackknife_error

RNG = np.random.default_rng(1)
PRECISION = np.diag([1.0, 2.0, 0.5]) + 0.3
DIRECTIONS = RNG.standard_normal((2, 3))  # two targets, linear in three coefficients
ROWS = RNG.standard_normal((4, 3))  # four candidate runs
NOISE = np.array([0.1, 0.4, 0.2, 0.9])


@pytest.fixture
def belief() -> Belief:
    stacked = np.concatenate([DIRECTIONS, ROWS])
    return Belief(stacked @ np.linalg.inv(PRECISION) @ stacked.T, len(DIRECTIONS), NOISE)


def posterior(runs: list[int]) -> np.ndarray:
    """Covariance of the targets of a linear regression after some runs, by adding up information."""
    chosen = ROWS[runs]
    precision = PRECISION + chosen.T @ np.diag(1 / NOISE[runs]) @ chosen
    return DIRECTIONS @ np.linalg.inv(precision) @ DIRECTIONS.T


def test_one_run_is_a_step_of_linear_regression(belief):
    for candidate in range(len(ROWS)):
        np.testing.assert_allclose(belief.after[candidate], posterior([candidate]), rtol=1e-10)
        np.testing.assert_allclose(belief.trained(candidate).now, posterior([candidate]), rtol=1e-10)


def test_runs_in_a_row_are_the_joint_update_of_all_of_them_also_of_one_twice(belief):
    np.testing.assert_allclose(belief.trained(2).trained(0).after[2], posterior([2, 0, 2]), rtol=1e-10)
    # The same by hand, as one update by three runs.
    index = np.array([2, 0, 2])
    runs = belief.covariance[2:, 2:][np.ix_(index, index)] + np.diag(NOISE[index])
    cross = belief.covariance[2:, :2][index]
    by_hand = belief.now - cross.T @ np.linalg.inv(runs) @ cross
    np.testing.assert_allclose(belief.trained(2).trained(0).trained(2).now, by_hand, rtol=1e-10)


def test_the_order_of_runs_does_not_matter(belief):
    np.testing.assert_allclose(belief.trained(1).trained(3).now, belief.trained(3).trained(1).now, rtol=1e-10)


def test_draws_give_their_own_covariance():
    targets, runs = RNG.standard_normal((500, 1)), RNG.standard_normal((500, 2))
    belief = Belief.of_draws(targets, runs, NOISE[:2])
    share = np.corrcoef(targets[:, 0], runs[:, 1])[0, 1] ** 2 * np.var(runs[:, 1], ddof=1)
    expected = np.var(targets, ddof=1) * (1 - share / (np.var(runs[:, 1], ddof=1) + NOISE[1]))
    assert belief.after[1].item() == pytest.approx(expected, rel=1e-12)


def test_the_error_of_a_value_is_how_much_it_scatters_between_samples():
    """400 samples of 1,000 draws; the scatter of the values against the mean error of one, within 15 %.

    The sd of 400 values is known to 1/sqrt(800) = 3.5 %, and single errors from 20 blocks average out to less.
    """
    falls, errors = [], []
    for _ in range(400):
        run = RNG.standard_normal((1000, 1))
        target = 0.5 * run + RNG.standard_normal((1000, 1))
        belief = Belief.of_draws(target, run, np.array([0.5]))
        falls.append((belief.now - belief.after[0]).item())
        parts = beliefs_of_parts(target, run, np.array([0.5]))
        assert len(parts) == BLOCKS
        errors.append(jackknife_error(np.array([(now - after[0]).ravel() for now, after in parts])).item())
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(falls), rel=0.15)
