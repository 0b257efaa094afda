"""A discrepancy is a drift and a Brownian path, the same whatever points are asked for."""

from __future__ import annotations

import numpy as np
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import PARTS, REFERENCE
from bayescale.models.learnt import from_record, to_record

COUNT = 20_000
AT = np.array([0.0, 0.01, 0.3, 1.0, 2.5])
NOISE = np.full(COUNT, REFERENCE)


def made(**values: float) -> bs.Discrepancy:
    return bs.Discrepancy("test", {part: np.array([values.get(part, 0.0)]) for part in PARTS})


def test_a_path_has_the_covariance_of_brownian_motion():
    """Cov(B(s), B(t)) = min(s, t), less at most a hundredth between nodes; plus six standard errors, 2e-9 an entry."""
    paths = bs.Discrepancy.brownian(0.02).shifts(AT, NOISE, cluster=1, family=2) / 0.02
    assert (paths[:, 0] == 0).all()
    expected = np.minimum.outer(AT, AT)
    error = np.sqrt((np.multiply.outer(AT, AT) + expected**2) / COUNT)
    assert (abs(np.cov(paths.T) - expected) <= 0.01 * expected + 6 * error).all()


def test_the_path_is_the_same_whatever_points_are_asked_for():
    one = bs.Discrepancy.brownian(0.02)
    whole = one.shifts(AT, NOISE, cluster=1, family=2)
    np.testing.assert_array_equal(whole[:, [3, 1]], one.shifts(AT[[3, 1]], NOISE, cluster=1, family=2))
    assert not np.allclose(whole[:, 1:], one.shifts(AT, NOISE, cluster=1, family=3)[:, 1:])


def test_families_share_what_is_their_clusters_and_no_more():
    """Correlation of the drifts 0.09 / (0.09 + 0.16); five standard errors of a correlation, false alarms 6e-7 each."""
    one = made(drift_between=0.3, drift_within=0.4, log_scale=-30.0)
    first, second, elsewhere = (
        one.shifts(np.array([1.0]), NOISE, cluster=cluster, family=family)[:, 0]
        for cluster, family in ((1, 2), (1, 3), (4, 5))
    )
    assert abs(np.corrcoef(first, second)[0, 1] - 0.36) < 5 / np.sqrt(COUNT)
    assert abs(np.corrcoef(first, elsewhere)[0, 1]) < 5 / np.sqrt(COUNT)


def test_the_scale_grows_with_a_power_of_the_noise_and_is_the_references_where_it_has_none():
    one, far = made(log_scale=np.log(0.01), power=0.5), np.array([1.0])
    plain, noisy, none = (one.shifts(far, NOISE * factor, cluster=1, family=2) for factor in (1.0, 4.0, np.nan))
    np.testing.assert_allclose(noisy, 2.0 * plain, rtol=1e-12)
    np.testing.assert_array_equal(none, plain)


def test_the_variance_grows_with_distance_as_drift_and_scale_say():
    """Var(u) d^2 + E(s^2) d, less a hundredth of the path; five standard errors of a variance, from fourth moments."""
    parts = {"drift": -0.05, "drift_between": 0.01, "drift_within": 0.02}
    parts |= {"log_scale": np.log(0.01), "between": 0.3, "within": 0.2}
    errors = made(**parts).shifts(AT[1:], NOISE, cluster=1, family=2)
    expected = (0.01**2 + 0.02**2) * AT[1:] ** 2 + 0.01**2 * np.exp(2 * (0.3**2 + 0.2**2)) * AT[1:]
    squares = (errors - errors.mean(axis=0)) ** 2
    assert (abs(squares.mean(axis=0) - expected) < 0.01 * expected + 5 * squares.std(axis=0) / np.sqrt(COUNT)).all()
    assert (abs(errors.mean(axis=0) + 0.05 * AT[1:]) < 5 * np.sqrt(expected / COUNT)).all()


def test_a_record_gives_the_discrepancy_back():
    first = bs.Discrepancy.brownian(0.02, drift=-0.01)
    again = from_record(to_record(first))
    assert again.name == "brownian 0.02 per sqrt(decade), drift -0.01 per decade"
    for part in PARTS:  # five digits are kept, so the last is off by at most half
        np.testing.assert_allclose(again.draws[part], first.draws[part], rtol=5e-5)


@pytest.mark.parametrize("scale", [0.0, -0.1, np.nan, np.inf])
def test_scales_are_positive(scale):
    with pytest.raises(SettingsError, match=r"^The scale of a discrepancy must be positive and finite, got .*$"):
        bs.Discrepancy.brownian(scale)


def test_draws_have_all_parts_and_one_length():
    draws = {part: np.zeros(3) for part in PARTS}
    for wrong in ({**draws, "drift": np.zeros(2)}, {n: v for n, v in draws.items() if n != "power"}):
        with pytest.raises(SettingsError, match=r"^A discrepancy needs flat draws of one length of each of drift, .*$"):
            bs.Discrepancy("x", wrong)
