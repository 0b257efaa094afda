"""Whether a run is worth its price: units of price, budgets, and values that are Monte-Carlo noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

TARGET = {"params": 1e10, "tokens": 6e11}
CARD = bs.costs.RateCard(flop_per_second=1e15, utilisation=0.4, dollars_per_device_hour=2.0)
STOP = "No affordable run is worth its price: stop here."


def test_prices_change_the_unit_of_a_regret_and_not_the_verdict(scattered, candidates):
    plain, paid, priced = (
        bs.next_run(scattered, bs.goals.Regret(1e26), candidates, price=price, discrepancy=None)
        for price in (None, CARD, 3e-18)
    )
    for found, per_flop, unit in ((paid, CARD.dollars(1.0), "dollars"), (priced, 3e-18, "units of price")):
        for column in ("value", "price"):
            np.testing.assert_allclose(found.table()[column], per_flop * plain.table()[column], rtol=1e-12)
        assert found.table()["unit"].eq(unit).all()
        assert found.worth_it == plain.worth_it
    # What 1e26 FLOP cost is a thousand times the price of these runs and more.
    assert plain.worth_it and paid.note.startswith("The first run is worth ")


def test_it_stops_when_what_can_be_won_is_less_than_any_run_costs(scattered, candidates):
    far, near = (bs.next_run(scattered, bs.goals.Regret(c), candidates, size=2, discrepancy=None) for c in (1e26, 1e19))
    assert far.worth_it and len(far.batch()) == 2
    assert near.worth_it is False and near.note.startswith(STOP) and near.batch().empty
    assert list(near.batch().columns) == list(far.batch().columns)
    # The whole regret of the near plan is less than the cheapest run.
    assert near.table()["value"].max() < near.table()["price"].min()


@pytest.mark.parametrize("goal", [bs.goals.Forecast, bs.goals.Parameters])
def test_a_worth_gives_forecasts_and_parameters_a_price(scattered, candidates, goal):
    inputs = TARGET if goal is bs.goals.Forecast else {}
    bare = bs.next_run(scattered, goal(**inputs), candidates, discrepancy=None)
    assert bare.worth_it is None and bare.note.startswith("What knowing more is worth was not said")
    for worth, verdict in ((1e16, False), (1e25, True)):
        found = bs.next_run(scattered, goal(worth=worth, **inputs), candidates, discrepancy=None)
        np.testing.assert_allclose(found.table()["value"], worth * bare.table()["value"], rtol=1e-12)
        assert found.worth_it is verdict and found.table()["unit"].eq("FLOP").all()


def test_what_the_budget_does_not_pay_for_comes_last_and_never_into_a_batch(scattered, candidates):
    budget = 6.5e20
    found = bs.next_run(scattered, bs.goals.Forecast(**TARGET), candidates, budget=budget, size=9, order="value")
    table, batch = found.table(), found.batch()
    assert (table["affordable"] == (table["cost"] <= budget)).all()
    assert table["affordable"].tolist() == sorted(table["affordable"], reverse=True)
    assert found.best["cost"] <= budget and batch["cost"].sum() <= budget and len(batch) > 1
    poor = bs.next_run(scattered, bs.goals.Forecast(**TARGET), candidates, budget=1e15)
    assert poor.batch().empty and poor.note.startswith("No candidate is affordable; the cheapest costs 2.4e+19 FLOP.")
    with pytest.raises(bs.SettingsError, match=r"^No candidate is affordable"):
        _ = poor.best


def test_a_value_that_is_the_noise_of_draws_is_not_worth_a_cheap_run(one):
    """The run's draws have nothing to do with the plan's: sample correlations of 10,000 give it a value all the same.

    A squared correlation above twice its jackknife error takes a correlation four standard errors from zero: 6e-5 for
    each of 20 independent seeds, 1e-3 in all.
    """
    runs = pd.DataFrame({"params": [1e9], "tokens": [5e10], "cost": [1.0]})
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sites = one.unconstrained.copy(deep=True)
        # The level of the loss moves, and with it no plan: N* hangs on A and alpha alone here.
        for name in ("E", "A"):
            sites[name] = sites[name] + 0.05 * rng.standard_normal(sites[name].shape)
        if seed == 0:
            known = bs.next_run(replace(one, unconstrained=sites), bs.goals.Regret(1e23), runs, discrepancy=None)
            assert known.worth_it  # A is seen, since E varies no more
        sites["A"] = one.unconstrained["A"]
        sites["B"] = sites["B"] + 1e-9 * rng.standard_normal(sites["B"].shape)
        found = bs.next_run(replace(one, unconstrained=sites), bs.goals.Regret(1e40), runs, discrepancy=None)
        assert found.table()["value"].item() > found.table()["price"].item()
        assert found.worth_it is False
