"""Predictions: the curve, a run around it, a family that is known or new."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bayescale.decisions import predict
from bayescale.language.errors import SettingsError

BETWEEN_LEVEL, SIGMA, DRAWS = 0.2, 0.01, 10_000


def at_anchors(fit, **choices):
    """Log loss where the law is E + A + B: there the pooled level is all that counts."""
    return np.log(
        predict(fit, params=fit.anchors["N0"], tokens=fit.anchors["D0"], **choices).draws["loss"].values.ravel()
    )


def test_the_curve_of_draws_that_are_alike_does_not_scatter(one):
    level = at_anchors(one, kind="law")
    np.testing.assert_allclose(level, math.log(1.8 + 0.4 + 0.5), rtol=1e-12)


def test_a_run_scatters_around_the_curve_as_the_noise_says(one):
    """Five standard errors of mean and sd of 10,000 normal draws; false alarms 6e-7 each."""
    residual = (at_anchors(one) - math.log(2.7)) / SIGMA
    assert abs(residual.mean()) < 5 / math.sqrt(DRAWS)
    assert abs(residual.std() - 1) < 5 / math.sqrt(2 * DRAWS)


def test_a_known_family_has_its_own_level(grouped):
    for i, family in enumerate(("web", "code", "books")):
        level = at_anchors(grouped, kind="law", group=family)
        np.testing.assert_allclose(level, math.log(2.7) + 0.1 * i, rtol=1e-10)


def test_new_families_have_the_populations_mean_and_sd(grouped):
    """Their level is normal with the population's mean and sd; five standard errors, false alarms 6e-7 each."""
    level = (at_anchors(grouped, kind="law") - math.log(2.7)) / BETWEEN_LEVEL
    assert abs(level.mean()) < 5 / math.sqrt(DRAWS)
    assert abs(level.std() - 1) < 5 / math.sqrt(2 * DRAWS)


def test_predictions_are_labelled(one, grouped):
    made = predict(grouped, params=[1e9, 7e10], tokens=[2e10, 1.4e12], group="code")
    assert made.draws["loss"].dims == ("chain", "draw", "point")
    table = made.table(prob=0.5)
    assert table.columns.tolist() == [
        "group", "params", "tokens", "kind", "prob", "median", "lower", "upper", "extrapolation",
    ]  # fmt: skip
    assert table["group"].tolist() == ["code", "code"]
    assert table["prob"].tolist() == [0.5, 0.5]
    assert (table["lower"] < table["median"]).all()
    assert (table["median"] < table["upper"]).all()
    expected = np.array([1e9 * 2e10, 7e10 * 1.4e12]) / (1e9 * 6e10)
    np.testing.assert_allclose(table["extrapolation"], expected)
    assert repr(made).startswith("Prediction of loss, run, code\n")
    assert predict(one, params=1e9, tokens=1e10).group == "(all)"
    assert predict(grouped, params=1e9, tokens=1e10).group == "(new family)"


def test_single_numbers_go_with_lists(one):
    made = predict(one, params=[1e8, 1e9, 1e10], tokens=1e11, kind="law")
    apart = [predict(one, params=n, tokens=1e11, kind="law").draws["loss"].values for n in (1e8, 1e9, 1e10)]
    np.testing.assert_allclose(made.draws["loss"].values, np.concatenate(apart, axis=-1), rtol=1e-13)


def test_the_seed_decides(grouped):
    first, again, other = (at_anchors(grouped, **choice) for choice in ({}, {}, {"seed": 8}))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


REFUSED = {
    "a kind": ({"kind": "mean"}, "kind must be one of run, law, got 'mean'."),
    "a family": ({"group": "cod"}, "The fit has no family 'cod'; it has web, code, books."),
    "a size": ({"params": -1.0}, r"params must be positive and finite, one number or a flat list, got -1\.0\."),
    "tokens": ({"tokens": [1e9, math.nan]}, "tokens must be positive and finite, one number or a flat list, got .*"),
    "no points": ({"tokens": []}, r"tokens must be positive and finite, one number or a flat list, got \[\]\."),
    "a table": ({"params": [[1e9]]}, "params must be positive and finite, one number or a flat list, got .*"),
    "words": ({"params": "7B"}, "params must be a number or a list of numbers, got '7B'."),
    "lengths": (
        {"params": [1e9, 2e9], "tokens": [1e9, 2e9, 3e9]},
        "The inputs must have one length, or be single numbers; got params 2, tokens 3.",
    ),
    "an input": (
        {"lr": 1e-3},
        "The law 'chinchilla' does not take the input 'lr'; its inputs: params, tokens.",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_inputs_that_make_no_sense_are_refused(grouped, what):
    given, message = REFUSED[what]
    with pytest.raises(SettingsError, match=f"^{message}$"):
        predict(grouped, **({"params": 1e9, "tokens": 2e10} | given))


def test_a_family_of_a_fit_without_any_is_refused(one):
    message = "^The fit has no family 'web'; its table had no families, leave the group out.$"
    with pytest.raises(SettingsError, match=message):
        predict(one, params=1e9, tokens=1e10, group="web")


@pytest.mark.parametrize("prob", [0, 1, 90, -0.5, "0.9", True])
def test_probabilities_lie_between_zero_and_one(one, prob):
    message = "^prob must lie strictly between 0 and 1, got .*; 0.9 is a 90 % interval.$"
    with pytest.raises(SettingsError, match=message):
        predict(one, params=1e9, tokens=1e10, kind="law").table(prob=prob)
