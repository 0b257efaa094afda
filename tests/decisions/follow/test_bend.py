"""Runs outside their siblings: how wrong the line may be there, and what of it checkpoints say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bayescale.decisions.follow.belief import Belief
from bayescale.decisions.follow.bend import Bend
from bayescale.decisions.follow.posterior import scatter_draws
from bayescale.decisions.follow.scatter import Scatter

TIMES = -np.log(np.append(np.geomspace(0.06, 0.3, 5), np.geomspace(0.42, 1.0, 4)))
SEEN, SIBLINGS, EACH = 5, 8, 2
RUNS, MANY = 12, 150
# That forecasts which hold 90 % fail a test.
FALSE_ALARMS = 1e-3


def of_a_law(rng, factor, errors=1.0):
    """Log losses of siblings and of a run of ``factor`` times their largest compute, by a law with a floor, and sizes.

    Size and tokens grow together. Runs have a level, a slope and noise of their own.
    """
    largest = np.log(1e9)
    sizes = np.append(np.linspace(np.log(1e8), largest, SIBLINGS), largest + 0.5 * np.log(factor))[:, None]
    tokens = sizes + np.log(20.0) - TIMES
    floor, alpha, beta = 1.7, rng.uniform(0.28, 0.4), rng.uniform(0.25, 0.35)
    by_size = rng.uniform(0.15, 0.6) * np.exp(-alpha * (sizes - largest))
    loss = floor + by_size + rng.uniform(0.15, 0.6) * np.exp(-beta * (tokens - largest - np.log(20.0)))
    own = rng.standard_normal((SIBLINGS + 1, 2)) @ (0.005 * np.stack([np.ones(TIMES.size), 0.3 * TIMES]))
    return np.log(loss) + errors * (own + 0.002 * rng.standard_normal(own.shape)), sizes[:, 0]


def belief_of(logs, sizes, bends=True):
    siblings, scaled = sizes[:-1], (sizes - sizes[:-1].mean()) / sizes[:-1].std()
    regressors = np.stack([np.ones(sizes.size), scaled], axis=1)
    outside = max(0.0, (sizes[-1] - siblings.min()) * (sizes[-1] - siblings.max())) if bends else 0.0
    return Belief.of(logs[:-1], regressors[:-1], regressors[-1], TIMES, outside)


def inside(count, seed, checkpoints, bends=True):
    """How many ends of runs of 4 and 16 times the compute lie in their 90 % intervals, with checkpoints or without."""
    rng, found = np.random.default_rng(seed), 0
    for i in range(count):
        logs, sizes = of_a_law(rng, (4.0, 16.0)[i % 2])
        belief, seen = belief_of(logs, sizes, bends), logs[-1, :SEEN]
        curve = belief.curve(*scatter_draws(belief, seen if checkpoints else None, rng))
        draws = (curve.given(seen) if checkpoints else curve).draw(rng, EACH)[:, -1]
        found += abs((draws < logs[-1, -1]).mean() - 0.5) < 0.45
    return found


def too_few(count, of):
    """Whether a 90 % interval that holds would hold so few with less than the rate of false alarms."""
    return stats.binom.cdf(count, of, 0.9) < FALSE_ALARMS


@pytest.mark.parametrize("checkpoints", [True, False])
def test_intervals_hold_beyond_the_siblings_of_a_law_with_a_floor(checkpoints):
    assert not too_few(inside(RUNS, 0, checkpoints), RUNS)


def test_intervals_without_the_bend_do_not_hold():
    """The line is trusted then, and the same statistic sees it."""
    assert too_few(inside(RUNS, 0, False, bends=False), RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("checkpoints", [True, False])
def test_intervals_hold_beyond_the_siblings_over_many_runs(checkpoints):
    assert not too_few(inside(MANY, 1, checkpoints), MANY)


def test_among_its_siblings_a_run_has_no_bend():
    rng = np.random.default_rng(2)
    logs, sizes = of_a_law(rng, 0.25)
    belief = belief_of(logs, sizes)
    scatter, bend = scatter_draws(belief, None, np.random.default_rng(3))
    assert belief.outside == 0.0
    assert bend is None
    drawn = Bend.at(rng.standard_normal((scatter.alike.size, 2)))
    np.testing.assert_array_equal(belief.curve(scatter, drawn).scale, belief.curve(scatter).scale)
    # Outside it has, and as the formula says: a product of distances, squared.
    out = replace(belief, outside=2.0)
    added = out.curve(scatter, drawn).scale - belief.curve(scatter).scale
    np.testing.assert_allclose(added, 4.0 * drawn.covariance(TIMES), atol=1e-12 * np.max(drawn.covariance(TIMES)))


def test_the_prior_is_that_of_laws_of_a_floor_and_two_powers():
    """The error of the line over the product of the distances, its median, and its change along training, its sd.

    The medians of the prior lie within half an sd of these; runs have no errors of their own.
    """
    rng, bends, turns = np.random.default_rng(4), [], []
    for _ in range(200):
        logs, sizes = of_a_law(rng, 10.0 ** rng.uniform(0.2, 2.0), errors=0.0)
        belief = belief_of(logs, sizes)
        error = (logs[-1] - belief.center) / belief.outside
        bends.append(error[-1])
        turns.append((error[0] / error[-1] - 1.0) / np.sqrt(TIMES[0]))
    found = np.log([np.median(bends), np.sqrt(np.mean(np.square(turns)))])
    prior = np.array([p.prior.unconstrained_moments() for p in Bend.parameters])
    assert (np.abs(found - prior[:, 0]) < 0.5 * prior[:, 1]).all()


def test_checkpoints_that_siblings_do_not_expect_are_improbable():
    """The tail of the distance of a Student-t: uniform over its own draws, tiny far away."""
    rng = np.random.default_rng(5)
    logs, sizes = of_a_law(rng, 4.0)
    one = Scatter.at(np.log([[0.03, 0.01, 0.02, 0.004, 8.0]]))
    curve = belief_of(logs, sizes, bends=False).curve(one).first(SEEN)
    tails = [curve.beyond(values) for values in curve.draw(rng, 2000)]
    assert stats.kstest(tails, "uniform").pvalue > FALSE_ALARMS
    assert curve.beyond(curve.center[0] + 1.0) < 1e-6
