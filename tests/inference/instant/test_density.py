"""The density in NumPy is the density of the NumPyro model, and straight coordinates are a bijection."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from numpyro.distributions import biject_to
from numpyro.infer.util import potential_energy

import bayescale as bs
from bayescale.data.schema import COLUMNS
from bayescale.inference.instant.density import Density
from bayescale.inference.instant.powers import Powers
from bayescale.inference.precision import computing
from bayescale.language.priors import Gamma, HalfCauchy, HalfNormal, LogNormal, Normal
from bayescale.laws import CATALOGUE
from bayescale.models import NOISES, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.log_sums import sum_log

# Those of the loss whose columns a table can have.
LAWS = [law for law in CATALOGUE if law.response.name == "loss" and set(law.inputs()) <= set(COLUMNS)]


# Every law with the default noise, and one with every noise.
PAIRS = [(law, NOISES[0]) for law in LAWS] + [(LAWS[0], noise) for noise in NOISES[1:]]


@pytest.fixture(scope="module")
def runs(with_every_input) -> dict[str, bs.Runs]:
    """Nineteen runs, without and with standard errors of their losses."""
    rng = np.random.default_rng(0)
    params, tokens = (np.exp(rng.uniform(np.log(low), np.log(high), 19)) for low, high in ((1e7, 1e9), (1e9, 1e11)))
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    table = bs.simulate(truth, pd.DataFrame({"params": params, "tokens": tokens}), sigma=0.01, nu=3.0, seed=0)
    table = with_every_input(table)
    return {
        "plain": bs.read_runs(table),
        "with errors": bs.read_runs(table.assign(loss_se=0.01 + 0.002 * rng.random(19))),
    }


def density_of(law, noise, runs) -> tuple[Density, dict]:
    anchors = design_anchors(law, runs)
    layout = lay_out(law, runs, None, anchors)
    model = build_model(law, noise=noise, pooling=Pooling("complete"), n_families=1)
    return Density.of(model, layout), layout.arrays


def near_the_prior(density: Density, count: int = 4) -> np.ndarray:
    """Unconstrained values around the middle of the prior."""
    moments = np.array([density.model.prior(p.name).unconstrained_moments() for p in density.model.parameters])
    return moments[:, 0] + 0.3 * moments[:, 1] * np.random.default_rng(1).standard_normal((count, density.size))


@pytest.mark.parametrize("which", ["plain", "with errors"])
@pytest.mark.parametrize(("law", "noise"), PAIRS, ids=lambda one: one.name)
def test_the_density_is_that_of_the_numpyro_model(law, noise, runs, which):
    density, data = density_of(law, noise, runs[which])
    values = near_the_prior(density)
    ours = density(density.positions(values)) - density.unconstrained(density.positions(values))[1]
    with computing():
        names = [p.name for p in density.model.parameters]
        theirs = [-potential_energy(density.model, (data,), {}, dict(zip(names, row, strict=True))) for row in values]
        theirs = np.array([float(value) for value in theirs])
    # Sums of 19 terms of up to 1e5, in float64.
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_straight_coordinates_are_a_bijection_with_the_stated_jacobian(law):
    moments = np.array([p.prior.unconstrained_moments() for p in law.parameters])
    logs = moments[:, 0] + 0.3 * moments[:, 1] * np.random.default_rng(2).standard_normal((5, len(moments)))
    straight = law.straighten(tuple(logs.T))
    back, log_jacobian = law.unstraighten(straight)
    np.testing.assert_allclose(np.array(back).T, logs, rtol=1e-12, atol=1e-12)
    with computing():
        slopes = jax.vmap(jax.jacfwd(lambda c: jnp.stack(law.unstraighten(tuple(c))[0])))(
            jnp.asarray(np.array(straight).T)
        )
        expected = np.linalg.slogdet(np.asarray(slopes))[1]
    np.testing.assert_allclose(np.broadcast_to(log_jacobian, 5), expected, rtol=1e-9, atol=1e-12)


def test_there_is_no_law_where_its_parts_exceed_its_level():
    with np.errstate(invalid="ignore"):
        logs, log_jacobian = bs.laws.Chinchilla.unstraighten(tuple(np.array([[0.0], [0.0], [0.0], [-1.0], [-1.0]])))
    assert np.isnan(logs[0]).all()
    assert np.isnan(log_jacobian).all()


PRIORS = (
    LogNormal(0.4, 0.7),
    Normal(1.0, 2.0),
    HalfNormal(0.02),
    HalfCauchy(0.02),
    Gamma(2.0, 0.1),
    Gamma(2.0, 0.1, 1.0),
)


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_priors_have_the_same_density_in_numpy(prior):
    unconstrained = np.linspace(-2.0, 2.0, 7)
    with computing():
        to_natural = biject_to(prior.numpyro().support)
        natural = to_natural(unconstrained)
        expected = prior.numpyro().log_prob(natural) + to_natural.log_abs_det_jacobian(unconstrained, natural)
        np.testing.assert_allclose(prior.natural(unconstrained), natural, rtol=1e-14)
        np.testing.assert_allclose(prior.log_density(unconstrained), expected, rtol=1e-12, atol=1e-12)


def test_powers_are_the_numbers_that_they_stand_for():
    values, exponent = np.array([[1e8, 3e9, 7e10]]), np.array([[0.3], [0.5]])
    powers = Powers(np.log(values))
    for name, result, expected in (
        ("quotient and power", (powers / 2e9) ** -exponent, (values / 2e9) ** -exponent),
        ("product", np.asarray(powers * 3.0), values * 3.0),
        ("product from the left", np.asarray(3.0 * powers), values * 3.0),
        ("sum", 1.0 + powers + 2.0, values + 3.0),
        ("difference", 1e12 - (powers - 5.0), 1e12 - (values - 5.0)),
        ("by an array", powers / exponent, values / exponent),
        ("times an array", exponent * powers, values * exponent),
        ("inverse", 6.0 / powers, 6.0 / values),
        ("minus", -powers, -values),
        ("minus a number", np.asarray(powers * -2.0), values * -2.0),
        ("a function", np.log(powers), np.log(values)),
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("runs_", [1, 7, 8, 9, 40])
def test_a_sum_of_logs_is_the_sum_of_logs(runs_):
    values = 1.0 + np.random.default_rng(3).lognormal(0.0, 20.0, (3, runs_)).clip(max=1e37)
    np.testing.assert_allclose(sum_log(values), np.log(values).sum(axis=1), rtol=1e-13, atol=1e-13)
