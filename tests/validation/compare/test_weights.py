"""Stacking weights are the best of all weights, and a mixture has the draws that they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from bayescale.language.errors import SettingsError
from bayescale.validation import mixture_places, stacking_weights


def mean_score(weights: np.ndarray, units: list[np.ndarray], shares: np.ndarray) -> float:
    """By hand, unit after unit."""
    each = [np.log(weights @ np.exp(unit)).mean() for unit in units]
    return float(np.average(each, weights=shares))


@pytest.mark.parametrize("seed", range(4))
def test_no_other_weights_score_better(seed):
    """SciPy's constrained optimiser, another way to the maximum of the same convex problem."""
    rng = np.random.default_rng(seed)
    units = [rng.normal(size=(3, n)) - 2.0 for n in (5, 40, 11)]
    shares = np.array([1.0, 0.5, 2.0])
    found = stacking_weights(units, shares)
    assert found.min() >= 0 and found.sum() == pytest.approx(1.0)
    other = minimize(
        lambda w: -mean_score(w, units, shares),
        np.full(3, 1 / 3),
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    # The steps end within 1e-6 of the best score; SLSQP's own end is far nearer.
    assert mean_score(found, units, shares) > -other.fun - 2e-6
    assert mean_score(found, units, shares) > mean_score(np.full(3, 1 / 3), units, shares) + 1e-4


def test_a_law_that_is_never_better_has_no_weight():
    good = np.log([[0.9, 0.8, 0.7]])
    assert stacking_weights([np.concatenate([good, good - 0.5])])[1] < 1e-5


def test_laws_that_are_right_about_different_runs_share_the_weight():
    right = np.log([[0.9, 0.9, 0.9, 0.1], [0.1, 0.1, 0.1, 0.9]])
    # Maximum of 3 log(.9 w + .1 (1 - w)) + log(.1 w + .9 (1 - w)): .8 w + .1 = 0.75.
    np.testing.assert_allclose(stacking_weights([right]), [0.65 / 0.8, 0.15 / 0.8], atol=2e-3)


def test_a_run_that_no_law_thinks_possible_changes_nothing():
    rows = np.log([[0.9, 0.9, 0.1], [0.1, 0.1, 0.9]])
    impossible = np.full((2, 1), -np.inf)
    with_it = stacking_weights([np.concatenate([rows, impossible], axis=1)])
    np.testing.assert_allclose(with_it, stacking_weights([rows]), atol=1e-12)


@pytest.mark.parametrize("weights", [[0.5, 0.5], [1.0, 0.0], [0.3331, 0.6669], [0.999999, 0.000001]])
def test_a_mixture_has_as_many_draws_as_asked_for_and_of_each_as_its_weight_says(weights):
    places = mixture_places(np.array(weights), [1000, 400], 777)
    assert sum(rows.size for rows in places) == 777
    for rows, weight, size in zip(places, weights, (1000, 400), strict=True):
        assert abs(rows.size - 777 * weight) < 1.0
        assert rows.size == 0 or (rows.min() >= 0 and rows.max() < size)


@pytest.mark.parametrize("units", [[], [np.zeros((2, 0))], [np.zeros((2, 3)), np.zeros((3, 3))]])
def test_densities_that_are_none_are_refused(units):
    with pytest.raises(SettingsError, match="of at least one row, of the same laws in each"):
        stacking_weights(units)
