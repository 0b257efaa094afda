"""A mixture is what it says it is, and does for a posterior that a single Student-t does not resemble."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_t

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.instant.engine import MATCHES, NotInstant, density_for, run_instant
from bayescale.inference.instant.mixture import DEGREES, Mixture
from bayescale.inference.precision import computing
from bayescale.inference.settings import Settings
from bayescale.models import Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors

SHARES = np.array([0.2, 0.5, 0.3])
CENTERS = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0]])
FACTORS = np.array([[[1.0, 0.0], [0.5, 0.4]], [[0.3, 0.0], [0.0, 2.0]], [[1.0, 0.0], [-3.0, 0.7]]])


@pytest.fixture
def mixture() -> Mixture:
    return Mixture(SHARES, CENTERS, FACTORS)


def by_scipy(positions: np.ndarray) -> np.ndarray:
    """Log density of the same mixture."""
    parts = [multivariate_t(c, f @ f.T, df=DEGREES).pdf(positions) for c, f in zip(CENTERS, FACTORS, strict=True)]
    return np.log(SHARES @ parts)


def test_its_density_is_that_of_scipy(mixture):
    positions = np.random.default_rng(0).uniform(-6, 6, (200, 2))
    differences = mixture.log_density(positions) - by_scipy(positions)
    np.testing.assert_allclose(differences, differences[0], rtol=0, atol=1e-11)


def test_its_draws_have_its_density(mixture):
    """Of f(x) = 1 / (1 + |x|^2) the mean over draws against the sum over a grid, and the density that comes with them.

    Five standard errors: by chance in fewer than one of a million repeats. The grid leaves out the tails beyond 60,
    where f is below 3e-4 and the mixture has less than 1e-3 of its mass.
    """
    positions, log_density = mixture.draw(np.random.default_rng(1), 100_000)
    np.testing.assert_array_equal(log_density, mixture.log_density(positions))
    found = 1 / (1 + (positions**2).sum(axis=1))
    axis = np.linspace(-60, 60, 3001)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    expected = (np.exp(by_scipy(grid)) / (1 + (grid**2).sum(axis=1))).sum() * (axis[1] - axis[0]) ** 2
    assert abs(found.mean() - expected) < 5 * found.std() / np.sqrt(len(found)) + 3e-7


def test_updates_bring_it_nearer_to_weighted_positions(mixture):
    """Expectation and maximisation never lower the likelihood, but for the floor that is added to covariances."""
    rng = np.random.default_rng(2)
    positions = rng.standard_normal((2000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.3]]) + np.array([1.0, 2.0])
    weight = rng.dirichlet(np.ones(2000))
    scores = []
    for _ in range(6):
        scores.append(weight @ mixture.log_density(positions))
        mixture = mixture.updated(positions, weight, 1e-9 * np.eye(2))
    assert (np.diff(scores) > -1e-6).all()
    assert scores[-1] > scores[0] + 0.5


def along_a_line() -> bs.Runs:
    """A dozen runs near 20 tokens per parameter: what size and data share of the loss is hard to tell."""
    rng = np.random.default_rng(21)
    params = np.exp(rng.uniform(np.log(5e7), np.log(8e9), 12))
    design = pd.DataFrame({"params": params, "tokens": 20 * params * np.exp(rng.normal(0, 0.4, 12))})
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    return read_quietly(bs.simulate(law, design, sigma=0.003, seed=21))


def test_it_does_where_a_single_one_does_not():
    runs, law = along_a_line(), bs.laws.Chinchilla
    model = build_model(law, noise=StudentT, pooling=Pooling("complete"))
    density = density_for(model, lay_out(law, runs, None, design_anchors(law, runs)))
    settings = Settings(ess=1000)
    with computing():
        with pytest.raises(NotInstant):
            run_instant(density, settings, 0, MATCHES[:1])
        found = [run_instant(density, settings, seed, MATCHES[1:]) for seed in range(4)]
    assert min(one.quality["efficiency"] for one in found) > 0.3
    # Means of seeds agree within five standard errors of the difference, from an ESS of a thousand each.
    for name in found[0].sites:
        means = np.array([one.sites[name].mean() for one in found])
        sd = np.mean([one.sites[name].std() for one in found])
        assert np.ptp(means) < 5 * np.sqrt(2 / 1000) * sd, name
