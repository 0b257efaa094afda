"""What is cited for answers that have several fits, predictions or plans in them."""

from __future__ import annotations

import bayescale as bs
from bayescale.decisions import Chain, ChainPrediction, ScoreComparison, ScorePlan

BEYOND = {"params": 1e11, "tokens": 2e12}
DISCREPANCY = {"kennedy2001bayesian", "plummer2015cuts"}


def stages(fit) -> ChainPrediction:
    return ChainPrediction((fit.law.name,), (bs.predict(fit, **BEYOND, group="Pythia"),), ())


def test_a_chain_has_its_fits(fit):
    assert bs.cite(Chain((fit,), ())).reasons == bs.cite(fit).reasons


def test_predictions_of_stages_are_cited_as_predictions(fit):
    made = stages(fit)
    assert set(bs.cite(made).keys) == {*DISCREPANCY, "bradbury2018jax", "bayescale"}
    assert bs.cite(made).reasons == bs.cite(made.last).reasons
    assert bs.cite(ScoreComparison({"ours": made}, None, None)).reasons == bs.cite(made).reasons


def test_a_plan_of_scores_has_fits_plan_and_forecast(fit):
    plan = bs.allocate(fit, compute=1e18, group="Pythia", discrepancy=None)
    made = ScorePlan(Chain((fit,), ()), plan, None, None, {})
    made.__dict__["forecast"] = stages(fit)
    assert bs.cite(made).reasons == bs.cite(fit, plan, stages(fit)).reasons
    assert set(bs.cite(made).keys) > DISCREPANCY


def test_a_comparison_of_arms_has_its_fit_and_what_it_added(fit):
    asked = {"arms": ["Pythia", "Cerebras-GPT"], "compute": [1e24]}
    made = bs.compare_arms(fit, **asked)
    assert set(bs.cite(made).keys) == {*bs.cite(fit).keys, *DISCREPANCY, "hoffmann2022training"}
    plain = bs.compare_arms(fit, **asked, discrepancy=None)
    assert not DISCREPANCY & set(bs.cite(plain).keys)


def test_a_next_run_has_its_fit_and_what_it_added(fit):
    asked = {"goal": bs.goals.Forecast(**BEYOND), "candidates": fit.runs.to_frame()[["params", "tokens"]].head(3)}
    made = bs.next_run(fit, **asked, group="Pythia")
    assert set(bs.cite(made).keys) == {*bs.cite(fit).keys, *DISCREPANCY}
    plain = bs.next_run(fit, **asked, group="Pythia", discrepancy=None)
    assert bs.cite(plain).reasons == bs.cite(fit).reasons
