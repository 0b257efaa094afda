"""The figure of a score against compute: what is drawn is what the plan says."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.show import figures


@pytest.fixture(scope="module")
def plan(fit):
    """The short fit, and errors of its runs without noise."""
    table = fit.runs.table
    law = bs.laws.DownstreamError(eps=0.8, K=0.15, gamma=2.5, L0=2.2)
    noise = np.exp(0.01 * np.random.default_rng(0).standard_normal(len(table)))
    error = np.asarray(law(table["loss"].to_numpy())) * noise
    made = table[["family", "params", "tokens", "loss"]].assign(error=error)
    priors = {"eps": bs.LogitNormal(0.8, 0.1), "gamma": bs.LogNormal(2.5, 0.15), "K": bs.LogNormal(0.15, 0.3)}
    runs = bs.read_runs(made.drop(columns="family"), law="downstream-error")
    errors = bs.fit("downstream-error", runs, priors=priors, seed=0)
    budgets = np.geomspace(1e20, 1e25, 6)
    return bs.allocate_score(bs.chain(fit, errors), compute=budgets, target=0.6, group="Pythia")


def test_the_curve_is_the_plans_and_runs_are_points(plan):
    data = figures.score_forecast_data(plan)
    table, forecast = plan.action_table(), data[data["part"] == "forecast"]
    np.testing.assert_array_equal(forecast["median"], table["expected"])
    np.testing.assert_array_equal(forecast[["lower", "upper"]], table[["run_lower", "run_upper"]])
    runs = data[data["part"] == "run"]
    assert len(runs) == len(plan.chain.fits[1].runs.table)
    axes = figures.score_forecast(data)
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    points = [line for line in axes.get_lines() if line.get_linestyle() == "None"]
    np.testing.assert_allclose(points[0].get_ydata(), runs["median"])
    drawn = np.concatenate([line.get_ydata() for line in axes.get_lines() if line.get_marker() == "None"])
    assert all(np.isclose(drawn, value).any() for value in table["expected"])
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words[0] == "expected, and 90% equal-tailed interval\nof a new run"
    assert words[1] == "run of the table" and words[2].startswith("extrapolation beyond") and words[3] == "target 0.6"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("training compute 6ND (FLOP)", "task error")


def test_the_interval_is_the_one_that_is_asked_for(plan):
    words = figures.score_forecast(plan, prob=0.5).get_legend().get_texts()[0].get_text()
    assert words == "expected, and 50% equal-tailed interval\nof a new run"
    half = figures.score_forecast_data(plan, prob=0.5)
    wanted = plan.action_table(prob=0.5)[["run_lower", "run_upper"]]
    np.testing.assert_array_equal(half[half["part"] == "forecast"][["lower", "upper"]], wanted)


def test_without_target_and_runs_there_are_none(plan):
    data = figures.score_forecast_data(plan)
    axes = figures.score_forecast(data[data["part"] == "forecast"].assign(target=None))
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(words) == 2


def test_what_is_no_plan_for_a_score_is_refused():
    with pytest.raises(SettingsError, match=r"^score_forecast takes a ScorePlan or its table, got int\.$"):
        figures.score_forecast(3)
    with pytest.raises(SettingsError, match=r"^The table lacks part, compute, response"):
        figures.score_forecast(pd.DataFrame({"loss": [1.0]}))
