"""What siblings say of a curve, against the rules of probability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayescale.decisions.follow.belief import Belief
from bayescale.decisions.follow.posterior import scatter_draws
from bayescale.decisions.follow.scatter import Scatter
from bayescale.decisions.follow.student import Student

TIMES = np.array([2.0, 1.5, 1.0, 0.4, 0.0])


@pytest.fixture(scope="module")
def siblings():
    """Logs of losses of seven curves, and their regressors."""
    rng = np.random.default_rng(0)
    sizes = np.linspace(-1.5, 1.5, 7)
    regressors = np.stack([np.ones(7), sizes], axis=1)
    deviation = 0.02 * rng.standard_normal((7, 1)) + 0.005 * rng.standard_normal((7, 5))
    return 1.0 + 0.1 * TIMES - 0.05 * sizes[:, None] + deviation, regressors


def scatters():
    return Scatter.at(np.log([[0.03, 0.01, 0.02, 0.004, 5.0], [0.1, 0.03, 0.01, 0.008, 12.0]]))


def test_the_evidence_of_one_more_sibling_is_the_density_of_its_forecast(siblings):
    """p(all curves) = p(the others) p(the last | the others), up to what no scatter enters."""
    logs, regressors = siblings
    both = [Belief.of(logs[:n], regressors[:n], regressors[-1], TIMES) for n in (6, 7)]
    others, every = (one.evidence(scatters()) for one in both)
    forecast = both[0].curve(scatters()).log_density(logs[-1])
    assert np.diff(every - others) == pytest.approx(np.diff(forecast), rel=1e-9)


def test_a_distribution_is_that_of_its_first_part_times_the_rest_given_it():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((2, 4, 4))
    whole = Student(rng.standard_normal((2, 4)), root @ root.transpose(0, 2, 1), np.array([3.0, 9.0]))
    values = rng.standard_normal(4)
    rest = whole.given(values[:3])
    for i in range(2):

        def log_density(one, at, i=i):
            return stats.multivariate_t(one.center[i], one.scale[i], one.degrees[i]).logpdf(at)

        joint = log_density(whole, values)
        assert joint == pytest.approx(log_density(whole.first(3), values[:3]) + log_density(rest, values[3:]))
        apart = [whole.log_density(at)[i] - log_density(whole, at) for at in (values, values + 1.0)]
        assert apart[0] == pytest.approx(apart[1])


def test_a_curve_does_not_depend_on_the_times_beside_it(siblings):
    logs, regressors = siblings
    whole = Belief.of(logs, regressors, regressors[0], TIMES).curve(scatters()).last(2)
    alone = Belief.of(logs[:, 3:], regressors, regressors[0], TIMES[3:]).curve(scatters())
    np.testing.assert_allclose(whole.center, alone.center)
    np.testing.assert_allclose(whole.scale, alone.scale)
    np.testing.assert_allclose(whole.degrees, alone.degrees)


def test_draws_of_the_scatter_are_the_posterior(siblings):
    """Means of logs against importance weights of draws of the prior.

    Four samples have at least 2,500 effective draws together (measured: 630 to 1,600 each), the weights 4,000: an error
    of 0.0255 sd. Five means, false alarms one in 10,000: 0.0255 x 4.27 sd.
    """
    logs, regressors = siblings
    belief = Belief.of(logs[:4], regressors[:4], regressors[-1], TIMES)
    seen = logs[-1, :3]
    moments = np.array([p.prior.unconstrained_moments() for p in Scatter.parameters])
    rng = np.random.default_rng(2)
    parts, heights = [], []
    for _ in range(10):
        at = moments[:, 0] + moments[:, 1] * rng.standard_normal((50_000, 5))
        scatter = Scatter.at(at)
        parts.append(at)
        heights.append(belief.evidence(scatter) + belief.curve(scatter).first(3).log_density(seen))
    positions, height = np.concatenate(parts), np.concatenate(heights)
    weight = np.exp(height - height.max())
    weight /= weight.sum()
    assert 1.0 / (weight**2).sum() > 4_000
    mean = weight @ positions
    sd = np.sqrt(weight @ (positions - mean) ** 2)
    samples = [scatter_draws(belief, seen, np.random.default_rng(seed))[0] for seed in range(4)]
    means = np.mean([[np.log(getattr(one, p.name)).mean() for p in Scatter.parameters] for one in samples], axis=0)
    assert (np.abs(means - mean) < 0.109 * sd).all()
