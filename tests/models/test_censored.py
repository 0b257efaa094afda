"""Runs of which only a lower bound of the loss is known."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayescale.data.read import read_quietly
from bayescale.language.errors import DataError
from bayescale.laws import KaplanN
from bayescale.models import Censored, Pooling, build_model, find_noise, lay_out
from bayescale.models.censored import CensoredT
from bayescale.models.layout import design_anchors

pytestmark = pytest.mark.usefixtures("double_precision")


def test_a_measured_loss_has_the_density_of_a_student_t_of_its_log():
    value = np.array([1.5, 2.0, 2.01, 7.0])
    found = Censored(sigma=0.01)(2.0, 0.0, 0.0).log_prob(value)
    expected = stats.t.logpdf(np.log(value / 2.0) / 0.01, 4) - np.log(0.01) - np.log(value)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12)


def test_a_bound_has_the_probability_of_more_also_far_out():
    """On both sides, to a thousand scales, where one minus the distribution function would be rounding."""
    t = np.array([-1e3, -5.0, -0.3, 0.0, 0.3, 5.0, 100.0, 1e3])
    found = CensoredT(0.0, 1e-3, 1.0).log_prob(np.exp(1e-3 * t))
    # scipy's far tail has some ten digits; log(exp()) leaves 1e-13 of the t's, 1e-16 / 1e-3 each.
    np.testing.assert_allclose(np.asarray(found), stats.t.logsf(t, 4), rtol=1e-9, atol=1e-12)


def test_density_and_bound_have_finite_slopes_far_out():
    for censored in (0.0, 1.0):
        slope = jax.grad(lambda middle, c=censored: CensoredT(middle, 1e-3, c).log_prob(2.5))
        assert np.isfinite([float(slope(middle)) for middle in (-30.0, 0.0, float(np.log(2.5)), 30.0)]).all()


def test_a_known_error_of_the_loss_widens_its_log():
    """A standard error of 0.04 at a loss of 2 is one of 0.02 of its log."""
    found = Censored(sigma=0.0)(2.0, 0.04, 0.0).log_prob(2.1)
    assert float(found) == pytest.approx(float(Censored(sigma=0.02)(2.0, 0.0, 0.0).log_prob(2.1)), rel=1e-12)


def test_a_new_run_is_drawn_whether_it_would_be_censored_or_not():
    """Quartiles of a t of four degrees of freedom are 0.741 of its scale: to five standard errors of 20,000 draws."""
    for censored in (0.0, 1.0):
        drawn = np.log(CensoredT(jnp.log(2.0), 0.01, censored).sample(jax.random.key(0), (20_000,)))
        share = np.mean(np.abs(drawn - np.log(2.0)) < 0.01 * stats.t.ppf(0.75, 4))
        assert abs(share - 0.5) < 5 * 0.5 / np.sqrt(20_000)


def runs(censored):
    table = {"params": [1e7, 1e8, 1e9, 1e10], "loss": [3.4, 3.0, 2.6, 2.3], "censored": censored}
    return read_quietly(pd.DataFrame(table), law=KaplanN)


def laid(table):
    return lay_out(KaplanN, table, None, design_anchors(KaplanN, table), Censored)


def test_the_model_sums_densities_and_probabilities():
    layout = laid(runs([0, 1, 0, 0]))
    model = build_model(KaplanN, noise=find_noise("censored"), pooling=Pooling("complete"))
    values = {"L_N": 2.9, "alpha_N": 0.06, "sigma": 0.02}
    values = {name: jnp.asarray(value) for name, value in values.items()}
    outcome = model.outcome(values, None, layout.arrays)
    each = np.asarray(outcome.log_prob(layout.arrays["value"]["observed"]))[layout.position]
    anchors = design_anchors(KaplanN, runs([0, 1, 0, 0]))
    curve = np.array([2.9 * (n / anchors["N0"]) ** -0.06 for n in (1e7, 1e8, 1e9, 1e10)])
    t = np.log(np.array([3.4, 3.0, 2.6, 2.3]) / curve) / 0.02
    measured = stats.t.logpdf(t, 4) - np.log(0.02) - np.log([3.4, 3.0, 2.6, 2.3])
    np.testing.assert_allclose(each, np.where([False, True, False, False], stats.t.logsf(t, 4), measured), rtol=1e-9)


def test_a_run_that_is_neither_measured_nor_censored_is_refused():
    message = "The table cannot be fitted: loss 3 in row 2 has no positive value, or censored is neither 0 nor 1 there."
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        laid(runs([0, 0.5, 0, 0]))
