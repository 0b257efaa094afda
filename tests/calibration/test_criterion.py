"""The criterion itself: uniform ranks fail as often as is said, and ranks that are off by a little do not pass."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayescale.validation.uniformity import DRAWS, GRID, band, uniformity


@pytest.mark.parametrize("count", [30, 150, 1000])
def test_uniform_ranks_leave_the_band_as_often_as_is_said(count):
    """At a false-alarm rate that can be counted; 4,000 repeats have a binomial sd of 0.35 points at 5 %.

    The band may be a little too wide, since counts are whole numbers, never too narrow; of 30 ranks it is by more.
    """
    rng, repeats, rate = np.random.default_rng(0), 4000, 0.05
    low, high = band(count, rate)
    ranks = rng.integers(0, DRAWS + 1, size=(repeats, count))
    counts = np.stack([(ranks < at).sum(axis=1) for at in GRID], axis=1)
    outside = int(((counts < low) | (counts > high)).any(axis=1).sum())
    assert stats.binom.cdf(outside, repeats, 0.5 * rate if count < 100 else rate) > 1e-4
    assert stats.binom.sf(outside - 1, repeats, rate) > 1e-4


def test_p_values_of_uniform_ranks_are_uniform():
    """Of 500 sets of 200 ranks a share is below each level that its binomial distribution has; one of 1,000 seeds
    fails. Counts are whole numbers, so that the share may be a tenth lower than the level."""
    rng, repeats = np.random.default_rng(3), 500
    found = np.array([uniformity(rng.integers(0, DRAWS + 1, 200), 0.05).p_value for _ in range(repeats)])
    for level in (0.02, 0.1, 0.3, 0.6):
        below = int((found <= level).sum())
        assert stats.binom.sf(below - 1, repeats, level) > 1.25e-4, level
        assert stats.binom.cdf(below, repeats, 0.9 * level) > 1.25e-4, level


def test_ranks_are_outside_of_the_band_when_their_p_value_is_below_its_rate():
    """Both say the same where they can be told apart: the band's own rate may be a little below what is asked."""
    rng, rate = np.random.default_rng(4), 0.2
    found = [uniformity(rng.integers(0, DRAWS + 1, 200), rate) for _ in range(200)]
    assert all(one.p_value <= rate for one in found if one.excess)
    assert sum(one.excess > 0 for one in found) > 15
    assert not [one for one in found if not one.excess and one.p_value < 0.8 * rate]


def ranks_of(sd: float, shift: float, count: int) -> np.ndarray:
    """Ranks of truths among draws whose spread and middle, in sds of the posterior, are wrong."""
    rng = np.random.default_rng(2)
    return (shift + sd * rng.standard_normal((count, DRAWS)) < rng.standard_normal((count, 1))).sum(axis=1)


@pytest.mark.parametrize(("sd", "shift"), [(1.3, 0.0), (0.8, 0.0), (1.0, 0.2), (1.0, -0.2)])
def test_wrong_spreads_and_middles_do_not_pass(sbc, sd, shift):
    ranks = {"right": ranks_of(1.0, 0.0, 1000), "wrong": ranks_of(sd, shift, 1000)}
    assert list(sbc.violations(ranks)) == ["wrong"]


# What is noticed among twelve quantities in at least such a share of seeds: what calibrate and CALIBRATION.md say.
POWER = {
    1000: {(0.8, 0.0): 0.95, (1.3, 0.0): 0.95, (1.0, 0.3): 0.95},
    200: {(0.6, 0.0): 0.95, (1.75, 0.0): 0.95, (1.0, -0.5): 0.95},
    30: {(0.4, 0.0): 0.7, (1.0, 1.3): 0.95},
}


@pytest.mark.parametrize(("count", "wrong"), [(n, wrong) for n, of in POWER.items() for wrong in of])
def test_what_is_noticed_with_so_many_replications(sbc, count, wrong):
    """Of 200 sets of ranks; a power that is as said fails in one of 1,000 seeds."""
    rng, (sd, shift), repeats = np.random.default_rng(7), wrong, 200
    low, high = band(count, sbc.false_alarm / 12)
    noticed = 0
    for _ in range(repeats):
        ranks = (shift + sd * rng.standard_normal((count, DRAWS)) < rng.standard_normal((count, 1))).sum(axis=1)
        counts = (ranks[:, None] < GRID).sum(axis=0)
        noticed += bool(((counts < low) | (counts > high)).any())
    assert stats.binom.cdf(noticed, repeats, POWER[count][wrong]) > 1e-3 / 8
