"""Choices are scored on the same runs, the right law wins, and the mixture answers as its weights say."""

from __future__ import annotations

from dataclasses import replace

import arviz_stats
import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.validation.compare.choices import Drop
from bayescale.validation.compare.decision import STACKED


def test_the_law_that_made_the_runs_extrapolates_better_and_has_the_weight(compared):
    table = compared.table().set_index("choice")
    assert table.index[0].startswith("chinchilla-offset")
    assert table.loc[table["law"] == "chinchilla-offset", "weight"].sum() > 0.9
    plain, right = "chinchilla, all runs", "chinchilla-offset, all runs"
    assert table.loc[right, "log_score"] > table.loc[plain, "log_score"]
    assert table.loc[right, "in_range_elpd"] > table.loc[plain, "in_range_elpd"]


def test_scores_are_those_of_a_backtest_on_the_runs_that_all_keep(compared, offset_runs):
    """A backtest by itself, of the choice that drops nothing, without the held-out runs that another choice drops."""
    own = bs.backtest("chinchilla", offset_runs, ratios=[4, 8], discrepancy=None, fewest=7, draws=250).runs
    kept = own["tokens"] / own["params"] >= 5
    assert 0 < kept.sum() < len(own)
    expected = own[kept].groupby(["family", "ratio"])["log_score"].mean()
    found = compared.scores_without["chinchilla, all runs"].groupby(["family", "ratio"]).mean()
    pd.testing.assert_series_equal(found, expected, check_names=False, rtol=1e-9)


def test_differences_are_paired_over_families(compared):
    table = compared.table().set_index("choice")
    best = table.index[0]
    means = compared.scores.groupby(["family", "ratio"]).mean().groupby("family").mean()
    apart = means.sub(means[best], axis=0)
    assert table["unit"].unique().tolist() == ["families"] and table["units"].unique().tolist() == [2]
    for label in table.index[1:]:
        assert table.loc[label, "difference"] == pytest.approx(apart[label].mean())
        assert table.loc[label, "difference_se"] == pytest.approx(apart[label].std() / np.sqrt(2))
    assert table.loc[best, "difference"] == 0 and np.isnan(table.loc[best, "difference_se"])


def test_a_discrepancy_changes_scores_beyond_the_data_alone(compared):
    table = compared.table()
    assert (table["log_score"] != table["log_score_without"]).all()
    tried = tuple(replace(one, backtest=one.backtest.with_discrepancy(None)) for one in compared.tried)
    bare = replace(compared, tried=tried)
    np.testing.assert_array_equal(bare.table()["log_score"].sort_values(), table["log_score_without"].sort_values())
    np.testing.assert_array_equal(bare.table()["log_score"], bare.table()["log_score_without"])


def test_in_range_scores_are_arviz_loo_of_the_rows_that_all_keep(compared, offset_runs):
    """A choice that drops runs is fitted without them; the other is scored on what is left."""
    label = "chinchilla, all runs"
    fits = next(one for one in compared.tried if one.choice.label == label).fits
    parts = []
    for family, fit in fits.items():
        found = arviz_stats.loo(fit.data, var_name="loss", pointwise=True).elpd_i.to_numpy()
        own = offset_runs.table[offset_runs.table["family"] == family]
        parts.append(found[(own["tokens"] / own["params"] >= 5).to_numpy()])
    np.testing.assert_allclose(compared.in_range[label]["elpd"], np.concatenate(parts), rtol=1e-9)
    assert {len(found) for found in compared.in_range.values()} == {int(compared.shared.sum())}


def test_a_decision_is_the_plan_of_the_choice_and_a_its_exponent(compared):
    table = compared.decision_table(prob=0.8)
    tried = compared.tried[0]
    plan = bs.allocate(tried.fits["dense"], compute=[1e22, 1e23], discrepancy=None, seed=0).table(prob=0.8)
    own = table[(table["choice"] == tried.choice.label) & (table["group"] == "dense")]
    for name in ("params", "tokens"):
        mine, theirs = (t[t["quantity"] == name][["median", "lower", "upper"]].to_numpy() for t in (own, plan))
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    # Chinchilla's N* is a power of compute, so the exponent at any budget is the derived a.
    a = own[own["quantity"] == "a"]["median"].to_numpy()
    np.testing.assert_allclose(a, float(tried.fits["dense"].posterior["a"].median()), rtol=1e-9)


def test_the_stacked_decision_mixes_the_choices_by_weight(compared):
    decisions = compared.decisions["dense"]
    share = sum(
        compared.weights[label] * float((decisions[label].draws["a"][:, 0] < 0.45).mean()) for label in compared.labels
    )
    # Even spacing takes from 1,000 draws what 2,000 of the mixture need: off by some draws of each choice.
    assert float((decisions[STACKED].draws["a"][:, 0] < 0.45).mean()) == pytest.approx(share, abs=0.02)
    table = compared.decision_table()
    assert table["choice"].iloc[0] == STACKED and table.attrs["unplanned"] == {}
    assert table["compute"].unique().tolist() == [1e22, 1e23]


def test_the_mixture_predicts_what_its_parts_do(compared):
    asked = {"params": [1e9, 1e10], "tokens": [2e10, 2e11]}
    mixed = compared.predict(group="dense", kind="law", **asked)
    assert mixed.draws["loss"].shape == (1, 4000, 2)
    mean = sum(
        compared.weights[one.choice.label]
        * bs.predict(one.fits["dense"], kind="law", discrepancy=compared.discrepancy, seed=0, **asked)
        .draws["loss"]
        .mean(("chain", "draw"))
        for one in compared.tried
    )
    # Largest remainders round each weight to 1/4,000, and even spacing to whole draws.
    sd = mixed.draws["loss"].std(("chain", "draw"))
    assert (abs(mixed.draws["loss"].mean(("chain", "draw")) - mean) < 0.05 * sd).all()
    table = mixed.table()
    assert table["discrepancy"].iloc[1] == "brownian 0.02 per sqrt(decade)"
    assert "Leave-future-out scores give all weight to" in table.attrs["note"]


def _few() -> bs.Runs:
    return bs.datasets.load("pile-families").select(["Cerebras-GPT", "Pythia"])


@pytest.mark.parametrize(
    ("words", "error", "given"),
    [
        ("A comparison takes at least two laws", bs.SettingsError, {"laws": ["chinchilla"]}),
        ("'chinchilla' is compared with itself", bs.SettingsError, {"laws": ["chinchilla", "chinchilla"]}),
        ("laws must be a list", bs.SettingsError, {"laws": "chinchilla"}),
        ("'NAME < NUMBER'", bs.SettingsError, {"drops": [None, "small ones"]}),
        ("cannot be dropped by 'width'", bs.SettingsError, {"drops": [None, "width < 5"]}),
        ("compute asks for a split", bs.LawError, {"laws": ["chinchilla", "kaplan-n"], "compute": 1e23}),
        ("compared by one response", bs.LawError, {"laws": ["chinchilla", "step-law-lr"]}),
        ("No family can be backtested", bs.DataError, {"fewest": 50}),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_remedy(words, error, given):
    with pytest.raises(error, match=words):
        bs.compare(**{"laws": ["chinchilla", "kaplan-nd"], "runs": _few(), **given})


def test_a_comparison_without_compute_has_no_decision_and_one_of_families_asks_which(compared):
    with pytest.raises(bs.SettingsError, match="Name a family with group="):
        compared.predict(params=1e9, tokens=2e10)
    with pytest.raises(bs.SettingsError, match="No law of the comparison takes 'width'"):
        compared.predict(group="dense", params=1e9, tokens=2e10, width=3.0)


@pytest.mark.parametrize(("rule", "kept"), [("tokens_per_param < 25", 4), ("loss > 3", 4), ("compute > 1e30", 6)])
def test_rules_drop_what_they_say(rule, kept):
    design = {"params": [1e8, 1e8, 1e8, 1e9, 1e9, 1e9], "tokens": [2e9, 3e9, 4e9, 2e10, 3e10, 4e10]}
    runs = bs.read_runs(pd.DataFrame({**design, "loss": [3.3, 3.2, 3.0, 2.9, 2.8, 2.7]}))
    assert Drop.of(rule).kept(runs).sum() == kept
