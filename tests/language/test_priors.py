"""Priors are plain records that save, load and become the NumPyro distribution they name."""

from __future__ import annotations

import json
import math

import jax
import numpy as np
import pytest
from numpyro.distributions import biject_to
from scipy import integrate, stats

from bayescale.language.bounded_priors import Bounded
from bayescale.language.errors import LawError
from bayescale.language.priors import (
    PRIORS,
    Gamma,
    HalfCauchy,
    HalfNormal,
    LogitNormal,
    LogNormal,
    Normal,
    Prior,
    Uniform,
    prior_from_dict,
)
from bayescale.language.truncated import TruncatedGamma

SOME = (
    LogNormal(0.4, 0.4),
    Normal(-1.0, 2.0),
    HalfNormal(0.01),
    HalfCauchy(0.01),
    Gamma(2.0, 0.1),
    Gamma(2.0, 0.1, 1.0),
    LogitNormal(0.3, 0.8),
    LogitNormal(1.2, 0.5, 1.0, 2.0),
    Uniform(0.0, 1.0),
    Uniform(-0.5, 1.5),
)
DRAWS = 20_000


pytestmark = pytest.mark.usefixtures("double_precision")


def draws(prior, count=DRAWS):
    return np.asarray(prior.numpyro().sample(jax.random.key(0), (count,)))


@pytest.mark.parametrize("prior", SOME, ids=str)
def test_a_prior_comes_back_from_json(prior):
    assert prior_from_dict(json.loads(json.dumps(prior.as_dict()))) == prior


@pytest.mark.parametrize("prior", SOME, ids=str)
def test_a_prior_prints_as_it_is_written(prior):
    words = {cls.__name__: cls for cls in PRIORS}
    assert eval(str(prior), {"__builtins__": {}}, words) == prior


@pytest.mark.parametrize("prior", SOME, ids=str)
def test_priors_are_hashable_values(prior):
    assert len({prior, prior_from_dict(prior.as_dict())}) == 1


@pytest.mark.parametrize("prior", [p for p in SOME if not isinstance(p, Bounded)], ids=str)
def test_positive_priors_give_positive_draws(prior):
    assert (draws(prior) > 0).all() == prior.positive


@pytest.mark.parametrize("prior", [p for p in SOME if getattr(p, "lower", 0.0) == 0.0], ids=str)
def test_unconstrained_moments_are_those_of_the_distribution(prior):
    """Five standard errors: sd/sqrt(n) of a mean, sd sqrt((kurtosis - 1)/4n) of an sd; false alarms 6e-7 each."""
    distribution = prior.numpyro()
    x = np.asarray(biject_to(distribution.support).inv(draws(prior)))
    mean, sd = prior.unconstrained_moments()
    kurtosis = stats.kurtosis(x, fisher=False)
    assert abs(x.mean() - mean) < 5 * sd / math.sqrt(DRAWS)
    assert abs(x.std() - sd) < 5 * sd * math.sqrt((kurtosis - 1) / (4 * DRAWS))


@pytest.mark.parametrize(
    "prior", [*SOME, Gamma(4.0, 10.0, 0.05), Gamma(2.0, 0.1, 60.0), Gamma(0.5, 3.0, 0.01)], ids=str
)
def test_exact_moments_are_those_of_the_distribution(prior):
    """With a lower bound too; five standard errors, as above."""
    distribution = prior.numpyro()
    x = np.asarray(biject_to(distribution.support).inv(draws(prior)))
    mean, sd = prior.exact_moments()
    kurtosis = stats.kurtosis(x, fisher=False)
    assert abs(x.mean() - mean) < 5 * sd / math.sqrt(DRAWS)
    assert abs(x.std() - sd) < 5 * sd * math.sqrt((kurtosis - 1) / (4 * DRAWS))


def test_a_bound_near_zero_hardly_changes_the_exact_moments():
    """The quadrature goes over into digamma and trigamma."""
    np.testing.assert_allclose(Gamma(2.0, 0.1, 1e-9).exact_moments(), Gamma(2.0, 0.1).exact_moments(), rtol=1e-6)


@pytest.mark.parametrize("prior", SOME, ids=str)
def test_a_typical_value_lies_in_the_middle_half_of_the_prior(prior):
    assert 0.25 < np.mean(draws(prior) < prior.typical()) < 0.75


def test_the_base_of_priors_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Prior()


def test_a_prior_without_a_distribution_is_refused_where_it_is_defined():
    with pytest.raises(LawError, match=r"^Vague is a prior without numpyro; define numpyro\(self\)\.$"):

        class Vague(Prior):
            """A prior."""

            def unconstrained_moments(self):
                return 0.0, 1.0

    with pytest.raises(LawError, match=r"^Rough is a prior without unconstrained_moments; .*"):

        class Rough(Prior):
            """A prior."""

            def numpyro(self):
                return None


def test_unconstrained_moments_of_a_truncated_gamma_are_rough():
    """They ignore the truncation, which is enough to start from: within one sd, and a factor of two."""
    prior = Gamma(2.0, 0.1, 1.0)
    x = np.asarray(biject_to(prior.numpyro().support).inv(draws(prior)))
    mean, sd = prior.unconstrained_moments()
    assert abs(x.mean() - mean) < sd
    assert 0.5 < x.std() / sd < 2.0


def test_a_log_normal_is_given_by_its_median():
    assert np.median(draws(LogNormal(0.4, 0.4))) == pytest.approx(0.4, rel=5 * 0.4 * 1.2533 / math.sqrt(DRAWS))


TRUNCATED = [(2.0, 0.1, 1.0), (2.0, 0.1, 60.0), (0.5, 3.0, 0.01), (30.0, 1.0, 5.0)]


def exact(shape, rate, low):
    """The truncated distribution function, from SciPy's tails."""
    gamma = stats.gamma(shape, scale=1 / rate)
    return lambda x: 1 - gamma.sf(x) / gamma.sf(low)


@pytest.mark.parametrize("arguments", TRUNCATED, ids=str)
def test_a_truncated_gamma_integrates_to_one(arguments):
    shape, rate, low = arguments
    density = jax.jit(TruncatedGamma(*arguments).log_prob)
    upper = stats.gamma(shape, scale=1 / rate).isf(1e-14) + low
    grid = np.geomspace(low * (1 + 1e-12), upper, 40_001)
    assert integrate.simpson(np.exp(density(grid)), grid) == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("arguments", TRUNCATED, ids=str)
def test_a_truncated_gamma_has_no_mass_below_its_bound(arguments):
    distribution, low = TruncatedGamma(*arguments), arguments[2]
    assert np.all(np.asarray(distribution.log_prob(np.array([0.5 * low, low]))) == -np.inf)
    x = np.asarray(distribution.sample(jax.random.key(1), (DRAWS,)))
    assert (x > low).all()
    assert np.isfinite(distribution.log_prob(x)).all()


@pytest.mark.parametrize("arguments", TRUNCATED, ids=str)
def test_a_truncated_gamma_samples_its_distribution(arguments):
    """Kolmogorov-Smirnov at a false-alarm rate of 1e-6."""
    x = np.asarray(TruncatedGamma(*arguments).sample(jax.random.key(2), (5_000,)))
    assert stats.kstest(x, exact(*arguments)).pvalue > 1e-6


def test_the_wrong_distribution_is_caught():
    """The same test refuses the gamma that is not truncated."""
    x = np.asarray(Gamma(2.0, 0.1).numpyro().sample(jax.random.key(2), (5_000,)))
    assert stats.kstest(x, exact(2.0, 0.1, 3.0)).pvalue < 1e-6


def test_truncated_gammas_sample_in_single_precision_too():
    with jax.enable_x64(False):
        x = np.asarray(TruncatedGamma(2.0, 0.1, 1.0).sample(jax.random.key(3), (5_000,)))
    assert x.dtype == np.float32
    assert stats.kstest(x, exact(2.0, 0.1, 1.0)).pvalue > 1e-6


HOSTILE = {
    "no record": (
        "LogNormal",
        "Unknown prior None; expected one of LogNormal, Normal, HalfNormal, HalfCauchy, Gamma, LogitNormal, Uniform.",
    ),
    "no name": ({"median": 1.0}, "Unknown prior None; expected one of .*"),
    "a strange name": ({"prior": "__import__"}, "Unknown prior '__import__'; expected one of .*"),
    "the base": ({"prior": "Prior"}, "Unknown prior 'Prior'; expected one of .*"),
    "a strange argument": (
        {"prior": "LogNormal", "median": 1.0, "log_sd": 1.0, "os": 1.0},
        "LogNormal takes the numbers log_sd, median, got .*",
    ),
    "text for a number": (
        {"prior": "LogNormal", "median": "1.0", "log_sd": 1.0},
        "LogNormal takes the numbers log_sd, median, got .*",
    ),
    "a list for a number": ({"prior": "HalfNormal", "scale": [1.0]}, "HalfNormal takes the numbers scale, got .*"),
    "a negative scale": (
        {"prior": "HalfNormal", "scale": -1.0},
        r"HalfNormal: scale must be a positive finite number, got -1\.0\.",
    ),
    "not a number": (
        {"prior": "LogNormal", "median": math.nan, "log_sd": 1.0},
        "LogNormal: median must be a positive finite number, got nan.",
    ),
    "an infinite rate": (
        {"prior": "Gamma", "shape": 1.0, "rate": math.inf},
        "Gamma: rate must be a positive finite number, got inf.",
    ),
    "a negative bound": (
        {"prior": "Gamma", "shape": 1.0, "rate": 1.0, "lower": -1.0},
        r"Gamma: lower must be zero or a positive finite number, got -1\.0\.",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_record_is_refused(what):
    record, message = HOSTILE[what]
    with pytest.raises(LawError, match=f"^{message}$"):
        prior_from_dict(record)


@pytest.mark.parametrize("cls", [LogNormal, HalfNormal, Normal, Gamma])
def test_a_scale_of_zero_is_refused(cls):
    with pytest.raises(LawError, match=rf"^{cls.__name__}: .* must be a positive finite number, got 0\.0\.$"):
        cls(*([1.0, 0.0] if cls is not HalfNormal else [0.0]))


def test_scores_are_those_of_the_prior_itself():
    """Of a hundred thousand draws: means and sds within five standard errors, and of a half-normal also near zero."""
    rng, count = np.random.default_rng(0), 100_000
    draws = {
        LogNormal(0.4, 0.4): np.log(0.4) + 0.4 * rng.standard_normal(count),
        HalfNormal(0.3): np.log(np.abs(0.3 * rng.standard_normal(count))),
    }
    for prior, unconstrained in draws.items():
        scores = prior.scores(unconstrained)
        assert abs(scores.mean()) < 5 / np.sqrt(count)
        assert abs(scores.std() - 1) < 5 / np.sqrt(2 * count)
    # Two in a thousand draws of a half-normal are closer to zero than this.
    assert HalfNormal(0.3).scores(np.log(0.3 * 0.0025)) == pytest.approx(-2.88, abs=0.01)
