"""Priors between two bounds: the logit of the place between them is what samplers see."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest
from numpyro.distributions import biject_to
from scipy import stats

from bayescale.language.errors import LawError
from bayescale.language.priors import LogitNormal, Uniform

LOGITS = np.array([-30.0, -2.0, -0.3, 0.0, 1.0, 40.0])


@pytest.mark.parametrize("prior", [LogitNormal(0.3, 0.8), LogitNormal(1.2, 0.5, 1.0, 2.0), Uniform(-0.5, 1.5)], ids=str)
def test_the_map_and_the_density_are_numpyros(prior):
    with jax.enable_x64(True):
        distribution = prior.numpyro()
        transform = biject_to(distribution.support)
        value = np.asarray(transform(LOGITS))
        # Of numbers at a bound NumPyro's density is not defined, ours on the logit scale is.
        inside = slice(1, -1)
        expected = distribution.log_prob(value) + transform.log_abs_det_jacobian(LOGITS, value)
        np.testing.assert_allclose(prior.natural(LOGITS), value, rtol=1e-13)
        np.testing.assert_allclose(prior.log_density(LOGITS)[inside], np.asarray(expected)[inside], rtol=1e-10)


def test_the_densities_are_those_of_scipy():
    logits = np.linspace(-8.0, 8.0, 9)
    np.testing.assert_allclose(Uniform(2.0, 5.0).log_density(logits), stats.logistic.logpdf(logits), rtol=1e-13)
    expected = stats.norm.logpdf(logits, math.log(0.3 / 0.7), 0.8)
    np.testing.assert_allclose(LogitNormal(0.3, 0.8).log_density(logits), expected, rtol=1e-13)


def test_far_out_the_map_stays_between_the_bounds():
    with np.errstate(all="raise", under="ignore"):
        values = Uniform(0.0, 0.5).natural(np.array([-1e4, 0.0, 1e4]))
    np.testing.assert_array_equal(values, [0.0, 0.25, 0.5])


def test_the_typical_value_is_the_median():
    assert LogitNormal(0.002, 1.5).typical() == pytest.approx(0.002, rel=1e-12)
    assert Uniform(1.0, 3.0).typical() == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(1, 1), "Uniform: lower must be a finite number below upper, got 1 and 1."),
        (lambda: Uniform(0, math.inf), "Uniform: lower must be a finite number below upper, got 0 and inf."),
        (lambda: LogitNormal(0.0, 1.0), r"LogitNormal: median must lie between 0 and 1, got 0\.0\."),
        (lambda: LogitNormal(2.5, 1.0, 1, 2), r"LogitNormal: median must lie between 1 and 2, got 2\.5\."),
        (lambda: LogitNormal(0.5, 0.0), r"LogitNormal: logit_sd must be a positive finite number, got 0\.0\."),
        (lambda: LogitNormal(0.5, 1.0, 2, 1), "LogitNormal: lower must be a finite number below upper, got 2 and 1."),
    ],
)
def test_bounds_that_make_no_sense_are_refused(make, message):
    with pytest.raises(LawError, match=f"^{message}$"):
        make()
