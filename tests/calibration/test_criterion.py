"""The criterion itself: uniform ranks fail as often as is said, and ranks that are off by a little do not pass."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats


@pytest.mark.parametrize("count", [150, 1000])
def test_uniform_ranks_leave_the_band_as_often_as_is_said(sbc, count):
    """At a false-alarm rate that can be counted; 4,000 repeats have a binomial sd of 0.35 points at 5 %.

    The band may be a little too wide, since counts are whole numbers, never too narrow.
    """
    rng, repeats, rate = np.random.default_rng(0), 4000, 0.05
    low, high = sbc.band(count, rate)
    ranks = rng.integers(0, sbc.draws + 1, size=(repeats, count))
    counts = np.stack([(ranks < at).sum(axis=1) for at in sbc.grid], axis=1)
    outside = int(((counts < low) | (counts > high)).any(axis=1).sum())
    assert stats.binom.cdf(outside, repeats, rate) > 1e-4
    assert stats.binom.sf(outside - 1, repeats, rate) > 1e-4


def ranks_of(sd: float, shift: float, count: int, draws: int) -> np.ndarray:
    """Ranks of truths among draws whose spread and middle, in sds of the posterior, are wrong."""
    rng = np.random.default_rng(2)
    return (shift + sd * rng.standard_normal((count, draws)) < rng.standard_normal((count, 1))).sum(axis=1)


@pytest.mark.parametrize(("sd", "shift"), [(1.3, 0.0), (0.8, 0.0), (1.0, 0.2), (1.0, -0.2)])
def test_wrong_spreads_and_middles_do_not_pass(sbc, sd, shift):
    ranks = {"right": ranks_of(1.0, 0.0, 1000, sbc.draws), "wrong": ranks_of(sd, shift, 1000, sbc.draws)}
    assert list(sbc.violations(ranks)) == ["wrong"]
