"""Forecasts of simulated runs hold what they say, and hold less when they are made too narrow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bayescale.decisions.follow.belief import Belief
from bayescale.decisions.follow.posterior import scatter_draws
from bayescale.decisions.follow.scatter import Scatter

TIMES = -np.log(np.append(np.geomspace(0.06, 0.3, 4), np.geomspace(0.5, 1.0, 3)))
SEEN, SIBLINGS, EACH = 4, 6, 2
QUICK, MANY = 24, 400
# Of each statistic below.
FALSE_ALARMS = 1e-3


def simulated(rng):
    """A family from the model itself: log losses of the siblings and of one more run, with regressors."""
    moments = np.array([p.prior.unconstrained_moments() for p in Scatter.parameters])
    scatter = Scatter.at((moments[:, 0] + moments[:, 1] * rng.standard_normal(5))[None])
    alike = scatter.alike[0]
    covariance = stats.invwishart(alike + TIMES.size + 1, alike * scatter.covariance(TIMES)[0]).rvs(random_state=rng)
    sizes = np.append(rng.standard_normal(SIBLINGS), 1.5)
    regressors = np.stack([np.ones(SIBLINGS + 1), sizes], axis=1)
    line = regressors @ np.stack([1.0 + 0.1 * TIMES, -0.1 - 0.01 * TIMES])
    logs = line + rng.multivariate_normal(np.zeros(TIMES.size), covariance, SIBLINGS + 1, method="eigh")
    return logs, regressors


def forecasts(count, seed):
    """Of runs simulated from the model: place of the truth among draws, and among draws of a scale a third as wide;
    widths with and without the checkpoints; the probability of a target near the middle, and whether it was reached.
    """
    rng, rows = np.random.default_rng(seed), []
    for _ in range(count):
        logs, regressors = simulated(rng)
        belief = Belief.of(logs[:-1], regressors[:-1], regressors[-1], TIMES)
        seen, truth = logs[-1, :SEEN], logs[-1, -1]
        later = belief.curve(*scatter_draws(belief, seen, rng)).given(seen)
        draws = later.draw(rng, EACH)[:, -1]
        narrowed = replace(later, scale=later.scale / 9).draw(rng, EACH)[:, -1]
        without = belief.curve(*scatter_draws(belief, None, rng)).last(1).draw(rng, EACH)[:, 0]
        target = np.quantile(draws, rng.uniform(0.2, 0.8))
        widths = [np.ptp(np.quantile(one, (0.05, 0.95))) for one in (draws, without)]
        places = [(one < truth).mean() for one in (draws, narrowed)]
        rows.append([*places, *widths, (draws <= target).mean(), truth <= target])
    return np.array(rows, float).T


def off(places):
    """Whether places are not uniform: counts inside intervals of 50 and 90 %, and the Kolmogorov distance."""
    inside = [int((np.abs(places - 0.5) < prob / 2).sum()) for prob in (0.5, 0.9)]
    tests = [stats.binomtest(n, places.size, prob).pvalue for n, prob in zip(inside, (0.5, 0.9), strict=True)]
    return min(*tests, stats.kstest(places, "uniform").pvalue) < FALSE_ALARMS / 3


def check(places, narrowed, own, without, reaches, reached):
    assert not off(places)
    standard = (reached - reaches).sum() / np.sqrt((reaches * (1 - reaches)).sum())
    assert abs(standard) < stats.norm.ppf(1 - FALSE_ALARMS / 2)
    assert np.median(own / without) < 0.8
    # The same statistic sees forecasts that are a third as wide as they should be.
    assert off(narrowed)


def test_intervals_and_probabilities_are_calibrated():
    check(*forecasts(QUICK, 0))


@pytest.mark.slow
def test_intervals_and_probabilities_are_calibrated_over_many_runs():
    check(*forecasts(MANY, 1))
