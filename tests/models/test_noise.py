"""A noise is checked when its class statement is executed."""

from __future__ import annotations

from fractions import Fraction
from math import comb, log

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax import Array
from scipy.special import digamma

from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import HalfNormal
from bayescale.language.priors import Normal as NormalPrior
from bayescale.models import NOISES, Laplace, Noise
from bayescale.models.log_sums import log_gamma_step
from bayescale.models.noise_check import _check, check_log_likelihood


def refuses(message: str):
    return pytest.raises(LawError, match=f"^{message}$")


class HeavyTailed(Noise):
    """A noise of one's own."""

    scale = "tau"
    tau: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.Cauchy(log_loss, self.tau + measurement_sd)


def test_a_noise_is_named_after_its_class_and_after_its_scale():
    assert HeavyTailed.name == "heavy-tailed"
    assert HeavyTailed.scale == "tau"
    assert float(HeavyTailed(0.1)(1.0, 0.0).scale) == pytest.approx(0.1)


def test_the_base_of_noises_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Noise()


def test_a_noise_without_a_distribution_is_refused():
    with refuses(r"Mute needs def __call__\(self, log_loss, measurement_sd\) that gives a distribution\."):

        class Mute(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))


def test_a_noise_with_other_arguments_is_refused():
    with refuses(r"Deaf needs def __call__\(self, log_loss, measurement_sd\) that gives a distribution\."):

        class Deaf(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))

            def __call__(self, log_loss):
                return dist.Normal(log_loss, self.sigma)


@pytest.mark.parametrize(("field", "prior"), [("tau", HalfNormal(0.01)), ("sigma", NormalPrior(0.0, 1.0))])
def test_a_noise_without_a_positive_scale_is_refused(field, prior):
    body = f'''
class Unscaled(Noise):
    """A noise."""
    {field}: Array = parameter("scale", prior=PRIOR)
    def __call__(self, log_loss, measurement_sd):
        return None
'''
    with refuses(
        "Unscaled needs a parameter 'sigma' with a prior on positive numbers, the scale of all residuals; declare it, "
        "or name the one that is it: scale = 'tau'."
    ):
        exec(body, {**globals(), "PRIOR": prior})


def test_a_noise_with_an_anchor_is_refused():
    with refuses("Anchored declares the anchor 'N0', and a noise takes no inputs."):

        class Anchored(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))
            N0: float = anchor("N")

            def __call__(self, log_loss, measurement_sd):
                return dist.Normal(log_loss, self.sigma)


@pytest.mark.parametrize("counted", [slice(None), slice(0, 5)], ids=["all", "some"])
@pytest.mark.parametrize("sd", [0.0, 0.02, None], ids=["no errors", "one error", "errors"])
@pytest.mark.parametrize("noise", [*NOISES, HeavyTailed], ids=lambda noise: noise.name)
def test_runs_together_have_the_density_of_runs_one_by_one(noise, sd, counted):
    """What NUTS computes for the runs of a family is the sum of what ``__call__`` says of each that counts."""
    rng = np.random.default_rng(1)
    mean = rng.normal(0.9, 0.1, 7)
    observed = mean + 0.05 * rng.standard_normal(7)
    errors = rng.uniform(0.0, 0.05, 7) if sd is None else np.array([sd])
    counts = np.zeros(7, bool)
    counts[counted] = True
    with jax.enable_x64(True):
        values = {p.name: p.prior.typical() * np.array([1.0, 1.3]) for p in noise.parameters}
        made = noise(**{name: jnp.asarray(value)[:, None] for name, value in values.items()})
        curves = jnp.asarray(np.stack([mean, mean + 0.01]))
        found = np.asarray(made.log_density(jnp.asarray(observed), curves, jnp.asarray(errors), counts))
        for draw in range(2):
            alone = noise(**{name: value[draw] for name, value in values.items()})
            single = np.asarray(alone(curves[draw], np.broadcast_to(errors, 7)).log_prob(observed))
            assert found[draw] == pytest.approx(float(single[counted].sum()), rel=1e-12)


def rounded_laplace(residual, tip, mask=None):
    """The rounded log likelihood of residuals, in scales of 0.02, and its slope in each of them."""
    mask = np.ones(len(residual)) if mask is None else mask
    with jax.enable_x64(True):
        made = Laplace(sigma=jnp.full((1, 1), 0.02))
        total = lambda r: made.rounded(r[None] * 0.02, jnp.zeros(1), mask, tip)[0]  # noqa: E731
        value, slope = jax.value_and_grad(total)(jnp.asarray(residual))
    return float(value), np.asarray(slope)


def test_beyond_its_tip_a_rounded_density_is_the_density_but_for_a_constant():
    residual = np.array([-3.0, -0.6, 0.51, 2.0])
    with jax.enable_x64(True):
        exact = Laplace(sigma=jnp.full((1, 1), 0.02)).log_likelihood(
            jnp.asarray(residual[None] * 0.02), jnp.zeros(1), None
        )
    value, slope = rounded_laplace(residual, 0.5)
    assert value - float(exact[0]) == pytest.approx(4 * (0.25 + np.log(2.0)), rel=1e-9)
    np.testing.assert_allclose(slope, -np.sign(residual), rtol=1e-9)


def test_a_rounded_density_has_no_jump_in_its_slope():
    residual = np.array([-0.5 - 1e-9, -0.5 + 1e-9, -1e-9, 1e-9, 0.25, 0.5 - 1e-9, 0.5 + 1e-9])
    np.testing.assert_allclose(rounded_laplace(residual, 0.5)[1], [1, 1, 0, 0, -0.5, -1, -1], atol=1e-8)


def test_padding_does_not_count_in_a_rounded_density():
    few = rounded_laplace(np.array([-0.3, 0.1]), 0.5)[0]
    padded = rounded_laplace(np.array([-0.3, 0.1, 0.0]), 0.5, np.array([1.0, 1.0, 0.0]))[0]
    assert padded == pytest.approx(few, rel=1e-12)


def test_a_rounded_density_that_takes_other_arguments_is_refused_where_it_is_defined():
    with refuses(
        r"Blunt.rounded must be def rounded\(self, residual, measurement_sd, mask, tip\); "
        "or leave it out, where the density has no corners."
    ):

        class Blunt(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))

            def __call__(self, log_loss, measurement_sd):
                return dist.Laplace(log_loss, self.sigma)

            def rounded(self, residual, tip):
                return residual / tip


def test_the_step_of_the_log_gamma_function_is_exact_to_rounding():
    """log Gamma(x + 1/2) - log Gamma(x) at whole and half numbers, where binomial coefficients give it exactly."""
    n = range(1, 200)
    whole = [i * Fraction(comb(2 * i, i), 4**i) for i in n]  # over the root of pi, at x = i
    half = [Fraction(4**i, comb(2 * i, i)) for i in range(200)]  # times it, at x = i + 1/2
    root = 0.5 * np.log(np.pi)
    expected = [log(value) + root for value in whole] + [log(value) - root for value in half]
    x = np.array([*map(float, n), *(i + 0.5 for i in range(200))])
    with jax.enable_x64(True):
        found = np.asarray(log_gamma_step(x))
        slopes = np.asarray(jax.vmap(jax.grad(log_gamma_step))(x))
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-15)
    np.testing.assert_allclose(slopes, digamma(x + 0.5) - digamma(x), rtol=1e-11)


def refused_sum(log_likelihood, message):
    class Summed(Noise):
        """A normal noise with a sum of its own."""

        sigma: Array = parameter("scale", prior=HalfNormal(0.01))

        def __call__(self, log_loss, measurement_sd):
            return dist.Normal(log_loss, jnp.hypot(self.sigma, measurement_sd))

    Summed.log_likelihood = log_likelihood
    with pytest.raises(LawError, match=message):
        check_log_likelihood(Summed)


def test_a_sum_that_takes_other_arguments_is_refused_where_it_is_defined():
    with refuses(
        r"Old.log_likelihood must be def log_likelihood\(self, residual, measurement_sd, mask\); "
        "or leave it out, and __call__ is used run by run."
    ):

        class Old(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))

            def __call__(self, log_loss, measurement_sd):
                return dist.Normal(log_loss, self.sigma)

            def log_likelihood(self, residual, measurement_sd):
                return -0.5 * (residual / self.sigma) ** 2


def test_a_sum_that_is_not_the_sum_of_single_runs_is_refused():
    def without_padding(self, residual, measurement_sd, mask):
        scale = np.hypot(self.sigma, measurement_sd)
        each = -0.5 * (residual / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)
        return each.sum(axis=1)

    def of_arrays_only(self, residual, measurement_sd, mask):
        residual[:] = 0.0
        return residual.sum(axis=1)

    def without_errors(self, residual, measurement_sd, mask):
        return type(self)(self.sigma).__call__(0.0, 0.0).log_prob(residual).sum(axis=1)

    refused_sum(without_padding, r"is not the sum of __call__\(...\).log_prob over runs \(NumPy arrays.*2 of padding\)")
    refused_sum(of_arrays_only, "Summed.log_likelihood (cannot be run|is not the sum)")
    refused_sum(without_errors, r"is not the sum of .* measurement errors")


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_the_sums_of_the_package_pass_the_same_trial(noise):
    _check(noise)
