"""What next_run cannot take is refused with what it wants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale import goals

LAW = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
WRONG = {
    "a cost that counts otherwise": (
        {"cost": bs.costs.DeepSeekM(bs.costs.ShapeFamily(60, 50_000, 2048, params_convention="non_embedding"))},
        r"^The cost M D counts parameters as 'non_embedding', the fit's table as 'total'; give the cost shapes",
    ),
    "a cost that is none": ({"cost": "6ND"}, r"^cost must be a Cost such as costs\.SixND\(\), got '6ND'\.$"),
    "a goal that is none": (
        {"goal": "regret"},
        r"^goal must be a Regret, Forecast or Parameters of bayescale.goals, got 'regret'\.$",
    ),
    "an unknown order": ({"order": "best"}, r"^order must be one of per_price, net, value, got 'best'\.$"),
    "no runs": ({"size": 0}, r"^size must be a whole number of runs, at least 1, got 0\.$"),
    "no budget": ({"budget": -1.0}, r"^budget must be positive and finite, in FLOP, got -1\.0\.$"),
    "no price": ({"price": "free"}, r"^price must be positive and finite, a price per FLOP such as 2e-18, or a costs"),
    "no cost": ({"cost": "6ND"}, r"^cost must be a Cost such as costs\.SixND\(\), got '6ND'\.$"),
    "an unknown family": ({"group": "web"}, r"^The fit has no family 'web'; its table had no families"),
    "an unknown discrepancy": ({"discrepancy": 0.1}, r"^discrepancy must be 'learnt', None or a Discrepancy, got 0\.1"),
    "net of no worth": (
        {"goal": goals.Parameters(), "order": "net"},
        r"^order='net' takes the price from the value; give",
    ),
    "an unknown parameter": (
        {"goal": goals.Parameters("G")},
        r"^The law 'chinchilla' has no parameter 'G'; it has E, A,",
    ),
    "a forecast of half": (
        {"goal": goals.Forecast(params=1e9)},
        r"^The law 'chinchilla' needs the input 'tokens'; its",
    ),
    "candidates of half": ({"candidates": {"params": [1e9]}}, r"^The law 'chinchilla' needs the input 'tokens'; its"),
    "candidates below 0": ({"candidates": {"params": [1e9], "tokens": [-1]}}, r"^tokens must be positive and finite"),
    "no candidates": (
        {"candidates": pd.DataFrame({"params": [], "tokens": []})},
        r"^There are no candidates; give a table with a row per run that might be trained\.$",
    ),
    "candidates that are none": ({"candidates": 3}, r"^candidates must be a DataFrame with a row per run, a mapping"),
    "a box of half": ({"candidates": bs.Box(params=(1e8, 1e9))}, r"^The law 'chinchilla' needs the input 'tokens'"),
    "costs below 0": (
        {"candidates": pd.DataFrame({"params": [1e9], "tokens": [1e10], "cost": [0.0]})},
        r"^compute must be positive and finite",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_arguments_that_cannot_be_are_refused(one, case):
    given, message = WRONG[case]
    with pytest.raises(bs.SettingsError, match=message):
        bs.next_run(one, given.pop("goal", goals.Regret(1e22)), **given)


def test_goals_and_boxes_are_checked_where_they_are_made():
    with pytest.raises(bs.SettingsError, match=r"^compute must be positive and finite, the budget of the plan in FLOP"):
        goals.Regret(0)
    with pytest.raises(bs.SettingsError, match=r"^worth must be positive and finite, in the unit of prices, or None"):
        goals.Parameters(worth=-1)
    with pytest.raises(bs.SettingsError, match=r"^Forecast needs the inputs of the runs, such as Forecast\("):
        goals.Forecast(worth=1.0)
    for ends in ((1e9, 1e8), (0, 1e9), 1e9, (1e8, 1e9, 1e10)):
        with pytest.raises(bs.SettingsError, match=r"^Box: params must be two positive finite numbers in order, got"):
            bs.Box(params=ends)
    with pytest.raises(bs.SettingsError, match=r"^Box needs bounds"):
        bs.Box()


def test_a_law_at_values_has_no_draws():
    with pytest.raises(bs.SettingsError, match=r"^next_run values runs by the draws of a Fit, got Chinchilla\.$"):
        bs.next_run(LAW)


def test_a_noise_of_the_response_itself_is_refused(one):
    noisy = replace(one, model=replace(one.model, noise=bs.models.NormalValue))
    with pytest.raises(
        bs.SettingsError, match=r"^next_run updates the log of the response, and the noise 'normal-value'"
    ):
        bs.next_run(noisy, goals.Parameters())


def test_a_nested_check_takes_counts_and_no_model_error(one, scattered):
    found = bs.next_run(scattered, goals.Regret(1e22))
    with pytest.raises(bs.SettingsError, match=r"^replicates must be a whole number of at least 1, got 0\.$"):
        found.nested(replicates=0)
    erring = replace(scattered, runs=scattered.runs.with_model_error(0.04))
    with pytest.raises(bs.SettingsError, match=r"^A nested check simulates runs without the model error"):
        bs.next_run(erring, goals.Regret(1e22)).nested()


def test_a_model_error_widens_runs_below_the_largest(scattered):
    runs = pd.DataFrame({"params": [1e8, 1e9], "tokens": [6e9, 6e10]})  # two decades below the largest, and it
    erring = replace(scattered, runs=scattered.runs.with_model_error(0.04))
    plain, widened = (
        bs.next_run(fit, goals.Parameters("E"), runs, discrepancy=None).table().set_index("params")["value"]
        for fit in (scattered, erring)
    )
    assert widened[1e9] == pytest.approx(plain[1e9], rel=1e-9)
    assert widened[1e8] < 0.5 * plain[1e8]


def test_noise_is_what_its_information_says(one, pile_fit):
    from bayescale.costs import SixND
    from bayescale.decisions.next_run.situation import Situation

    point = {"params": np.array([1e9]), "tokens": np.array([2e10])}
    for fit, group in ((one, None), (pile_fit, "Pythia")):
        made = Situation(fit, group, 0, SixND(), None)
        ratio = 1.0
        if fit is pile_fit:
            nu = made.family.values("nu")
            ratio = (nu + 3) / (nu + 1)
        # 32 of the draws stand for all: 5 errors of their mean.
        each = made.family.values("sigma") ** 2 * ratio
        assert made.noise_variance(point).item() == pytest.approx(
            each.mean(), abs=1e-4 * each.mean() + 5 * each.std() / np.sqrt(32)
        )
