"""The best learning rate and batch size of a plan, from a law and from the draws of a fit."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import bayescale as bs
from bayescale.laws import Chinchilla, StepLawRate

BETWEEN = 0.15


def test_of_a_law_they_are_its_centre(bowl_law):
    made = bs.hyperparameters(bowl_law, params=[1e9, 1e10], tokens=1e11).table()
    assert made[["group", "params", "tokens", "setting", "unit"]].to_numpy().tolist() == [
        ["step-law", 1e9, 1e11, "lr", ""],
        ["step-law", 1e9, 1e11, "batch_tokens", "tokens"],
        ["step-law", 1e10, 1e11, "lr", ""],
        ["step-law", 1e10, 1e11, "batch_tokens", "tokens"],
    ]
    rates = [1.79 * n**-0.713 * 1e11**0.307 for n in (1e9, 1e10)]
    batch = 0.58 * 1e11**0.571
    np.testing.assert_allclose(made["median"], [rates[0], batch, rates[1], batch], rtol=1e-9)
    np.testing.assert_array_equal(made["lower"], made["upper"])


def test_a_cell_of_the_data_has_settings_of_its_own(bowl_fit, bowl_law):
    plan = {"params": 2e8, "tokens": 2e10}
    rate, batch = bowl_law.centre(**plan)
    for group, factor in (("small", 1.2), ("large", 1.0)):
        made = bs.hyperparameters(bowl_fit, **plan, group=group).table()
        np.testing.assert_allclose(made["median"], [factor * rate, factor * batch], rtol=1e-8)
        assert set(made["group"]) == {group}


def test_a_plan_of_ones_own_scatters_as_the_cells_do(bowl_fit, bowl_law):
    """The 90 % interval of a log-normal of sd 0.15; its ends from 4,000 draws are known to 0.15 * 2.1 / sqrt(4000)
    each, of which five are 2.5 %."""
    plan = {"params": 1e10, "tokens": 1e12}
    made = bs.hyperparameters(bowl_fit, **plan).table(prob=0.9)
    for value, row in zip(bowl_law.centre(**plan), made.itertuples(), strict=True):
        np.testing.assert_allclose(
            [row.lower, row.upper], value * np.exp(BETWEEN * 1.645 * np.array([-1, 1])), rtol=0.03
        )
    assert made["prob"].tolist() == [0.9, 0.9]
    pd.testing.assert_frame_equal(made, bs.hyperparameters(bowl_fit, **plan).table(prob=0.9))
    other = bs.hyperparameters(bowl_fit, **plan, seed=7).table()
    assert not np.array_equal(made["median"], other["median"])


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"params": 1e9}, bs.SettingsError, "A plan by the law 'step-law' needs 'tokens'; it has params, tokens."),
        (
            {"params": 1e9, "tokens": 1e10, "lr": 1e-3},
            bs.SettingsError,
            "A plan by the law 'step-law' does not take 'lr'; it has params, tokens.",
        ),
        (
            {"params": [1e9, 2e9], "tokens": [1e10] * 3},
            bs.SettingsError,
            "The inputs must have one length, or be single numbers; got params 2, tokens 3.",
        ),
        (
            {"params": 1e9, "tokens": 1e10, "group": "x"},
            bs.SettingsError,
            "A law at parameter values has no families; leave the group out.",
        ),
        (
            {"params": 1e9, "tokens": -1.0},
            bs.SettingsError,
            "tokens must be positive and finite, one number or a flat list, got -1.0.",
        ),
    ],
    ids=["missing", "setting", "lengths", "group", "negative"],
)
def test_a_question_that_has_no_answer_is_refused(bowl_law, asked, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        bs.hyperparameters(bowl_law, **asked)


def test_laws_of_one_setting_give_their_curves_and_papers_are_called_by_key():
    made = bs.hyperparameters("li2025predictable", params=[7e9, 1e9], tokens=1.4e12).table()
    assert made["source"].unique().tolist() == ["published li2025predictable"]
    assert made[["group", "params", "setting"]].to_numpy().tolist() == [
        ["step-law-lr", 7e9, "lr"],
        ["step-law-lr", 1e9, "lr"],
        ["step-law-batch", 7e9, "batch_tokens"],
        ["step-law-batch", 1e9, "batch_tokens"],
    ]
    rates = [1.79 * n**-0.713 * 1.4e12**0.307 for n in (7e9, 1e9)]
    np.testing.assert_allclose(made["median"], [*rates, *[0.58 * 1.4e12**0.571] * 2], rtol=1e-9)
    np.testing.assert_array_equal(made["lower"], made["upper"])
    assert made["extrapolation"].isna().all()
    assert made.attrs["note"] == ""


def test_laws_of_compute_take_that_of_the_plan():
    deepseek = bs.hyperparameters("bi2024deepseek", params=7e9, tokens=1.4e12).table()
    compute = 6 * 7e9 * 1.4e12
    np.testing.assert_allclose(deepseek["median"], [0.2920 * compute**0.3271, 0.3118 * compute**-0.1250], rtol=1e-9)
    assert deepseek["compute"].tolist() == [compute, compute]
    same = bs.hyperparameters("bi2024deepseek", compute=compute).table()
    np.testing.assert_array_equal(same["median"], deepseek["median"])
    both = bs.hyperparameters(["li2025predictable", "bi2024deepseek"], params=7e9, tokens=1.4e12).table()
    assert list(both.columns[:6]) == ["group", "source", "params", "tokens", "compute", "setting"]
    np.testing.assert_array_equal(both["median"][2:], deepseek["median"])


def test_a_law_with_arrays_is_draws_such_as_a_bootstrap():
    """A law at 4,001 draws that are quantiles of a log-normal has its median and its 90 % interval."""
    rates = 1.79 * np.exp(0.1 * norm.ppf((np.arange(4001) + 0.5) / 4001))
    made = bs.hyperparameters(StepLawRate(eta_0=rates, a_N=-0.713, a_D=0.307), params=1e9, tokens=1e11).table()
    assert made["source"].item() == "given draws"
    middle = 1.79 * 1e9**-0.713 * 1e11**0.307
    wanted = middle * np.exp(0.1 * norm.ppf([0.5, 0.05, 0.95]))
    np.testing.assert_allclose(made[["median", "lower", "upper"]].to_numpy()[0], wanted, rtol=1e-3)


def test_the_authors_bootstrap_has_their_intervals(real_file):
    """Their 1,000 draws as they are, by their own formula in NumPy: eta = exp(i) N^a D^b, the batch in sequences."""
    table = pd.read_csv(real_file("step-law/1004_fitted_lr_bs_scaling_model_parameters.csv"))
    law = StepLawRate(
        eta_0=np.exp(table["lr_intercept"].to_numpy()), a_N=table["lr_coefN"].to_numpy(),
        a_D=table["lr_coefD"].to_numpy(),
    )  # fmt: skip
    made = bs.hyperparameters(law, params=1e9, tokens=1e11).table()
    draws = np.exp(table["lr_intercept"]) * 1e9 ** table["lr_coefN"] * 1e11 ** table["lr_coefD"]
    np.testing.assert_allclose(
        made[["median", "lower", "upper"]].to_numpy()[0], np.quantile(draws, [0.5, 0.05, 0.95]), rtol=1e-9
    )
    assert made["lower"].item() < made["upper"].item()


def test_plans_beyond_the_data_say_how_far_and_that_nothing_is_added(bowl_fit):
    made = bs.hyperparameters(bowl_fit, params=[8e8, 8e9], tokens=2e10).table()
    np.testing.assert_allclose(made["extrapolation"], [1, 1, 10, 10])
    assert made.attrs["note"] == "Extrapolated 10x in compute without a discrepancy: intervals there are too narrow."


def test_a_result_has_labelled_draws_per_source_and_prints_its_table(bowl_fit, bowl_law):
    made = bs.hyperparameters([bowl_fit, bowl_law], params=[8e8, 8e9], tokens=2e10)
    fitted, given = made.draws
    assert [one.attrs["source"] for one in made.draws] == ["posterior", "given values"]
    assert fitted["lr"].dims == ("draw", "point") and given.sizes["draw"] == 1
    assert fitted["batch_tokens"].attrs["units"] == fitted["tokens"].attrs["units"] == "tokens"
    middle = np.median(fitted["lr"], axis=0)
    table = made.table()
    np.testing.assert_array_equal(table.query("source == 'posterior' and setting == 'lr'")["median"], middle)
    assert repr(made).startswith("Best settings\n") and repr(made).endswith(made.note)
    with pytest.raises(bs.SettingsError, match=r"^prob must lie strictly between 0 and 1, got 2"):
        made.table(prob=2)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (
            Chinchilla.published["hoffmann2022training"],
            bs.LawError,
            "The law 'chinchilla' says loss and has no bowl over learning rate and batch size; take one that has, such "
            "as step-law, or one of a setting, such as step-law-lr.",
        ),
        (
            "hoffmann2022training",
            bs.LawError,
            "No paper 'hoffmann2022training' has laws of learning rate or batch size here; there are "
            "li2025predictable, bi2024deepseek.",
        ),
        (3, bs.SettingsError, "Settings come from a Fit, a law at parameter values or a paper's key, got 3."),
        ([], bs.SettingsError, "Give a fit, a law or the key of a paper that says settings; got none."),
    ],
    ids=["chinchilla", "paper", "number", "nothing"],
)
def test_what_says_no_settings_is_refused(asked, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        bs.hyperparameters(asked, params=1e9, tokens=1e10)
