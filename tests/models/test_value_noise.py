"""Noises of the response itself: counts of test items, and errors of one size."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from jax import Array
from scipy import stats

from bayescale.data.read import read_quietly
from bayescale.inference.likelihood import log_likelihood, prepare
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import DataError, LawError, SettingsError
from bayescale.language.priors import HalfNormal, LogNormal
from bayescale.language.quantities import Accuracy, Items, Loss, Size
from bayescale.laws import Chinchilla, Law
from bayescale.models import BetaBinomial, NormalValue, Pooling, StudentT, ValueNoise, build_model, find_noise, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import observed
from bayescale.models.proportion import Proportion


class Task(Law):
    """Accuracy that grows with size."""

    miss: Array = parameter("error at N0", prior=LogNormal(0.5, 0.3))
    alpha: Array = parameter("size exponent", prior=LogNormal(0.2, 0.4))

    def __call__(self, N: Size) -> Accuracy:
        return 1.0 - self.miss * (N / 1e9) ** -self.alpha


def runs(**changes):
    columns = {"params": [1e8, 1e9, 1e10, 1e11], "accuracy": [0.25, 0.5, 0.75, 0.8], "items": [20, 40, 4, 10]}
    return read_quietly(pd.DataFrame(columns | changes))


def laid(noise, table, law=Task):
    return lay_out(law, table, None, design_anchors(law, table), noise)


@pytest.mark.parametrize("rho", [1e-6, 0.002, 0.3, 0.9])
def test_the_density_is_scipys_beta_binomial(rho):
    """Relative to 1e-7 of the log: for rho = 1e-6 terms of 1e6 ln 1e6 cancel, which leaves nine digits of 1e7."""
    items = np.array([1.0, 3.0, 57.0, 1000.0])
    count = np.array([0.0, 3.0, 20.0, 640.0])
    mean = np.array([0.3, 0.999, 0.41, 0.6])
    with jax.enable_x64(True):
        found = BetaBinomial(rho=rho)(mean, 0.0, items).log_prob(count / items)
    spread = 1.0 / rho - 1.0
    expected = stats.betabinom.logpmf(count, items, mean * spread, (1 - mean) * spread)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-7, atol=1e-7)


def test_without_correlation_it_is_the_binomial():
    with jax.enable_x64(True):
        found = Proportion(jnp.array(0.3), jnp.array(1e-9), jnp.array(50.0)).log_prob(0.4)
    assert float(found) == pytest.approx(stats.binom.logpmf(20, 50, 0.3), rel=1e-5)


def test_draws_have_the_mean_and_the_variance_of_the_beta_binomial():
    """Five standard errors: sd / sqrt(n) of a mean, about var sqrt(2 / n) of a variance; false alarms 6e-7 each."""
    mean, rho, items, count = 0.3, 0.05, 40.0, 20_000
    with jax.enable_x64(True):
        drawn = np.asarray(Proportion(mean, rho, items).sample(jax.random.key(0), (count,)))
    variance = mean * (1 - mean) / items * (1 + (items - 1) * rho)
    assert abs(drawn.mean() - mean) < 5 * np.sqrt(variance / count)
    assert abs(drawn.var() / variance - 1) < 5 * np.sqrt(2.0 / count)
    np.testing.assert_allclose(drawn * items, np.round(drawn * items), atol=1e-9)


def test_a_law_outside_the_unit_interval_has_a_finite_density_lower_than_any_inside():
    density = jax.value_and_grad(lambda p: Proportion(p, 0.01, 10.0).log_prob(0.5))
    with jax.enable_x64(True):
        (value, slope), (inside, _) = (map(float, density(mean)) for mean in (1.2, 0.9999))
    assert np.isfinite(value) and np.isfinite(slope)
    assert value < inside


@pytest.mark.parametrize("noise", [BetaBinomial, NormalValue], ids=lambda noise: noise.name)
def test_the_samplers_likelihood_is_the_sum_of_single_runs(noise):
    """Through the padded layout; the NumPyro model's distribution gives the same, run by run."""
    table = runs(accuracy_se=[0.01, 0.02, 0.0, 0.03])
    layout = laid(noise, table)
    model = build_model(Task, noise=noise, pooling=Pooling("complete"))
    with jax.enable_x64(True):
        values = {p.name: jnp.asarray(p.prior.typical()) for p in model.parameters}
        found = float(log_likelihood(model, values, None, prepare(model, layout.arrays)))
        outcome = model.outcome(values, None, layout.arrays)
        each = np.asarray(outcome.log_prob(observed(layout.arrays)))[layout.position]
        law, made = Task(miss=values["miss"], alpha=values["alpha"]), noise(*(values[p.name] for p in noise.parameters))
        frame = table.table
        more = {argument: frame[quantity.name].to_numpy() for argument, quantity in noise.columns.items()}
        curve = law(frame["params"].to_numpy())
        single = made(curve, frame["accuracy_se"].to_numpy(), **more).log_prob(frame["accuracy"].to_numpy())
        alone = np.asarray(single)
    np.testing.assert_allclose(each, alone, rtol=1e-12)
    assert found == pytest.approx(float(alone.sum()), rel=1e-12)


def test_no_and_all_items_right_are_observations_like_others():
    layout = laid(BetaBinomial, runs(accuracy=[0.0, 0.5, 1.0, 0.8]))
    assert np.isfinite(layout.arrays["log_loss"]).all()
    assert np.isfinite(layout.arrays["measurement_sd"]).all()
    assert layout.arrays["value"]["observed"][layout.position].tolist() == [0.0, 0.5, 1.0, 0.8]


def refuses(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_a_share_that_is_no_whole_number_of_items_is_refused_with_its_rows():
    with refuses(
        "The table cannot be fitted: accuracy 0.33 in row 1, 0.81 in row 4 is no whole number of items (give accuracy "
        "with more digits, and the items it was measured on)."
    ):
        laid(BetaBinomial, runs(accuracy=[0.33, 0.5, 0.75, 0.81]))
    with refuses(
        "The table cannot be fitted: accuracy 0.5 in row 2 is no whole number of items (give accuracy with more "
        "digits, and the items it was measured on)."
    ):
        laid(BetaBinomial, runs(accuracy=[0.25, 0.5, 0.75, 0.8], items=[20, 12.5, 4, 10]))


def test_printed_shares_are_whole_numbers_within_their_digits():
    laid(BetaBinomial, runs(accuracy=[0.3333, 0.6667, 0.75, 0.8], items=[30, 30, 4, 10]))


def test_a_noise_needs_its_columns():
    table = read_quietly(runs().table.drop(columns="items"))
    message = "^The noise 'beta-binomial' needs the column items, which the table lacks; it has params, accuracy. Map "
    with pytest.raises(DataError, match=message):
        laid(BetaBinomial, table)


def test_shares_only_are_beta_binomial():
    table = read_quietly(pd.DataFrame({"params": 1e8, "tokens": [1e9, 2e9, 3e9], "loss": [3.0, 2.9, 2.8], "items": 10}))
    with pytest.raises(
        LawError, match=r"^The noise 'beta-binomial' is of shares such as accuracy, and loss is none\.$"
    ):
        laid(BetaBinomial, table, Chinchilla)


def test_the_log_of_nothing_is_refused_with_its_rows():
    zeros = runs(accuracy=[0.0, 0.5, 0.75, 0.0])
    for noise in (StudentT, None):
        with refuses(
            "The table cannot be fitted: accuracy 0 in row 1, 0 in row 4 is not positive, and the fit is one of log "
            "accuracy (leave these runs out or use noise='beta-binomial' with a column 'items')."
        ):
            laid(noise, zeros)


def test_an_anchor_needs_positive_inputs():
    class Anchored(Law):
        """A law with an anchor at accuracy, which may be zero."""

        E: Array = parameter("loss", prior=LogNormal(1.0, 1.0))
        a0: float = anchor("a")

        def __call__(self, a: Accuracy) -> Loss:
            return self.E * a / self.a0

    zeros = read_quietly(runs().table.assign(accuracy=[0.0, 0.5, 1.0, 1.0], loss=1.0))
    with pytest.raises(
        DataError, match=r"^The law 'anchored' has the anchor a0 at the geometric mean of accuracy, and "
    ):
        design_anchors(Anchored, zeros)


def test_noises_are_found_by_name():
    assert find_noise("beta-binomial") is BetaBinomial
    with pytest.raises(
        SettingsError, match=r"^noise must be one of student-t, normal, laplace, beta-binomial, normal-"
    ):
        find_noise("binomial")


def test_a_noise_of_the_value_says_what_it_takes():
    with pytest.raises(
        LawError, match=r"^Bare\.__call__: argument 'items' carries no quantity, and it must be a column"
    ):

        class Bare(ValueNoise):
            """A noise."""

            def __call__(self, value, measurement_sd, items):
                return dist.Normal(value, 1.0)

    with pytest.raises(LawError, match=r"^Log needs def __call__\(self, value, measurement_sd, \.\.\.\) that gives a "):

        class Log(ValueNoise):
            """A noise."""

            def __call__(self, log_loss, measurement_sd):
                return dist.Normal(log_loss, 1.0)

    with pytest.raises(
        LawError, match=r"^Summed has log_likelihood, which is one of residuals of log loss; leave it out"
    ):

        class Summed(ValueNoise):
            """A noise."""

            tau: Array = parameter("scale", prior=HalfNormal(1.0))

            def __call__(self, value, measurement_sd, items: Items):
                return dist.Normal(value, self.tau)

            def log_likelihood(self, residual, measurement_sd, mask):
                return residual.sum(axis=1)
