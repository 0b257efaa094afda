"""Predictions: the curve, a run around it, a family that is known or new."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from bayescale.decisions import allocate, predict
from bayescale.inference.evaluate import new_runs
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla

LAW = np.log([1.8, 0.4, 0.5, 0.35, 0.36])
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
        "group", "params", "tokens", "kind", "unit", "prob", "median", "lower", "upper", "extrapolation",
        "discrepancy",
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


def test_answers_about_a_new_family_are_about_the_same_one_draw_by_draw(grouped):
    """A run lies within its noise of the curve though families scatter by 0.2, and a plan's loss lies on the curve."""
    curve, run = (np.log(predict(grouped, params=1e9, tokens=6e10, kind=kind).draws["loss"]) for kind in ("law", "run"))
    assert float(curve.std()) > 10 * SIGMA
    # Of the families' noise scales, 0.01 exp(0.3 z), one in 1e4 is above 0.03; eight times that is never reached.
    assert float(abs(run - curve).max()) < 8 * 0.03
    assert float((run - curve).std()) < 2 * SIGMA
    plan = allocate(grouped, compute=1e23).draws
    size, tokens, loss = (plan[name].values.ravel()[:12] for name in ("params", "tokens", "loss"))
    found = predict(grouped, params=size, tokens=tokens, kind="law").draws["loss"].values.reshape(-1, 12)
    np.testing.assert_allclose(np.diagonal(found), loss, rtol=1e-12)


def test_the_seed_chooses_the_new_family_of_predictions_and_plans_alike(grouped):
    plan = allocate(grouped, compute=1e23, seed=8).draws
    assert not np.allclose(plan["loss"], allocate(grouped, compute=1e23).draws["loss"])
    first = {n: float(plan[n].values.ravel()[0]) for n in ("params", "tokens")}
    loss = predict(grouped, **first, kind="law", seed=8).draws["loss"].values.ravel()[0]
    assert loss == pytest.approx(float(plan["loss"].values.ravel()[0]), rel=1e-12)


@pytest.mark.parametrize("seed", ["abc", -1, 1.0, True])
def test_a_seed_that_is_none_is_refused(grouped, seed):
    for ask in (partial(predict, params=1e9, tokens=1e10), partial(allocate, compute=1e21)):
        with pytest.raises(SettingsError, match=r"^seed must be an integer from 0 to 2\*\*63 - 1, got .*\.$"):
            ask(grouped, seed=seed)


def test_a_point_has_the_draws_it_has_alone_and_no_program_of_its_own(grouped):
    alone = predict(grouped, params=1e9, tokens=6e10).draws["loss"].values
    programs = new_runs._cache_size()
    for count in (2, 3, 4):
        among = predict(grouped, params=[1e9] * count, tokens=6e10).draws["loss"].values
        np.testing.assert_allclose(among[..., :1], alone, rtol=1e-12)
        assert count == 1 or not np.allclose(among[..., 1], among[..., 0])
    assert new_runs._cache_size() == programs


def test_many_points_are_predicted_in_parts(one):
    sizes = np.geomspace(1e8, 1e9, 300)
    made = predict(one, params=sizes, tokens=6e10, kind="law").draws["loss"].values[0, 0]
    law = Chinchilla(*np.exp(LAW), **one.anchors)
    np.testing.assert_allclose(made, [float(law.at(params=n, tokens=6e10)) for n in sizes], rtol=1e-12)


def test_every_variable_has_a_name_and_a_unit(grouped):
    made = predict(grouped, params=1e9, tokens=6e10, group="web").draws
    assert {n: v.attrs["units"] for n, v in made.variables.items() if n not in ("chain", "draw")} == {
        "loss": "nats/token", "params": "parameters", "tokens": "tokens", "extrapolation": "",
    }  # fmt: skip
    assert made["params"].attrs["long_name"] == "model size"
    about = {"group": "web", "kind": "run", "cost": "6ND", "params_convention": "total"}
    assert made.attrs == {**about, "discrepancy": "none", "note": "", "notes": ("",)}
    plan = allocate(grouped, compute=1e21, group="web").draws
    assert {n: v.attrs["units"] for n, v in plan.variables.items() if n not in ("chain", "draw")} == {
        "params": "parameters", "tokens": "tokens", "tokens_per_param": "tokens/parameter", "loss": "nats/token",
        "compute": "FLOP", "extrapolation": "",
    }  # fmt: skip
    assert all(v.attrs["long_name"] for n, v in plan.variables.items() if n not in ("chain", "draw"))


def test_the_way_in_which_parameters_are_counted_stays_known(make_fit):
    fit = make_fit(params_convention="non_embedding")
    assert predict(fit, params=1e9, tokens=6e10).draws.attrs["params_convention"] == "non_embedding"
    assert allocate(fit, compute=1e21).draws.attrs["params_convention"] == "non_embedding"


def test_the_only_family_has_its_name_everywhere(make_fit):
    fit = make_fit(("web",))
    assert set(fit.table()["group"]) == {"web"}
    for group in (None, "web"):
        assert predict(fit, params=1e9, tokens=6e10, group=group).group == "web"
        assert allocate(fit, compute=1e21, group=group).group == "web"


def test_a_law_at_parameter_values_predicts_its_curve_and_nothing_else():
    made = predict(Chinchilla(1.8, 0.4, 0.5, 0.35, 0.36), params=[1.0, 1.0], tokens=1.0, kind="law")
    np.testing.assert_allclose(made.draws["loss"].values, [[[2.7, 2.7]]], rtol=1e-12)
    assert made.group == "chinchilla"
    assert made.table()["extrapolation"].isna().all()
    with pytest.raises(SettingsError, match=r"^A law at parameter values has no noise; ask for its curve with .*$"):
        predict(Chinchilla(1.8, 0.4, 0.5, 0.35, 0.36), params=1.0, tokens=1.0)
    with pytest.raises(SettingsError, match=r"^A law at parameter values has no families; leave the group out.$"):
        predict(Chinchilla(1.8, 0.4, 0.5, 0.35, 0.36), params=1.0, tokens=1.0, kind="law", group="web")


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


def test_inputs_far_outside_the_data_are_spoken_of_though_their_compute_is_within(one):
    sizes = one.runs.table["params"]
    below = predict(one, params=sizes.min() / 1000, tokens=2e10)
    assert below.note.startswith(f"params {sizes.min() / 1000:.3g} is 1e+03x below the smallest of the data (")
    within = predict(one, params=[sizes.min() / 1.5, sizes.max()], tokens=one.runs.table["tokens"].min())
    assert within.note == ""
    both = predict(one, params=[sizes.min() / 1000, 1e12], tokens=[2e10, 1e13])
    assert both.note.startswith("Extrapolated ") and "below the smallest" in both.note
