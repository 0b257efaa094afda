"""The front of loss, training and serving against brute force, and inference demand against Sardana et al."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.costs import RateCard, WithInference
from bayescale.decisions import allocate, pareto
from bayescale.decisions.allocation import ParamsBetween, Sizes, TokensPerParam
from bayescale.decisions.pareto import not_dominated
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla

REFIT = Chinchilla.published["besiroglu2024chinchilla"]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_dominated_is_found_one_by_one(seed):
    values = np.random.default_rng(seed).integers(0, 5, (60, 3)).astype(float)
    wanted = [not any(np.all(other <= one) and np.any(other < one) for other in values) for one in values]
    assert not_dominated(values).tolist() == wanted


def test_no_plan_of_a_grid_beats_one_of_the_front():
    """Sizes and budgets of a grid: what the front leaves out is beaten, what it has is not."""
    sizes, budgets = np.geomspace(1e9, 1e12, 31), np.geomspace(1e22, 1e24, 5)
    front = pareto(REFIT, served=1e13, compute=budgets, params=sizes).table()
    N, C = np.meshgrid(sizes, budgets)
    loss = REFIT.E + REFIT.A * N**-REFIT.alpha + REFIT.B * (C / 6 / N) ** -REFIT.beta
    points = np.stack([loss.ravel(), C.ravel(), 2 * N.ravel() * 1e13], axis=1)
    on_front = {
        (round(np.log(n), 6), round(np.log(c), 6)) for n, c in zip(front["params"], front["compute"], strict=True)
    }
    beaten = 0
    for point in points:
        others = (points <= point).all(axis=1) & (points < point).any(axis=1)
        key = (round(np.log(point[2] / 2e13), 6), round(np.log(point[1]), 6))
        assert (key in on_front) == (not others.any())
        beaten += others.any()
    assert beaten > 20
    np.testing.assert_allclose(front["serving"], 2e13 * front["params"], rtol=1e-12)


def test_the_front_of_a_budget_begins_at_its_best_size_and_goes_down():
    front = pareto(REFIT, served=1e12, compute=1e23, count=9, down_to=0.2).table()
    best = allocate(REFIT, compute=1e23).draws["params"].item()
    np.testing.assert_allclose(front["params"], best * np.geomspace(0.2, 1, 9), rtol=1e-7)
    assert (np.diff(front["expected_loss"]) < 0).all()


def test_the_cheapest_total_of_the_front_is_the_plan_for_training_and_serving():
    """Of fronts of many budgets, the least total cost at a loss is what a budget for both buys: Sardana et al."""
    both = allocate(REFIT, compute=1e24, cost=WithInference(2e12)).draws
    loss, params = both["loss"].item(), both["params"].item()
    front = pareto(REFIT, served=2e12, compute=np.geomspace(2e23, 1e24, 200), params=params * np.geomspace(0.2, 5, 81))
    table = front.table()
    good = table[table["expected_loss"] <= loss * (1 + 1e-9)]
    cheapest = good.loc[good["total"].idxmin()]
    assert cheapest["total"] == pytest.approx(1e24, rel=0.02)
    assert cheapest["total"] >= 1e24 * (1 - 1e-9)
    assert abs(np.log(cheapest["params"] / params)) < 0.15


def test_constraints_and_prices_hold_on_the_front():
    card = RateCard(1e15, 0.4, 2.0, prefill=0.5, decode=0.1)
    price = card.inference_price(answers=0.5)
    kept = [TokensPerParam(least=30), ParamsBetween(most=3e10)]
    table = pareto(
        REFIT, served=1e12, dollars=[1e6, 1e7], rate_card=card, inference_price=price, constraints=kept
    ).table()
    assert (table["tokens_per_param"] >= 30 * (1 - 1e-6)).all()
    assert (table["params"] <= 3e10 * (1 + 1e-6)).all()
    np.testing.assert_allclose(table["total"], table["compute"] + price * table["serving"])
    np.testing.assert_allclose(table["dollars"], card.dollars(table["total"]))
    listed = pareto(REFIT, served=1e12, compute=1e23, constraints=Sizes([1e9, 7e9, 3e10])).table()
    assert set(listed["params"]) <= {1e9, 7e9, 3e10}


def test_wrong_questions_are_refused():
    with pytest.raises(SettingsError, match=r"^count must be 2 or more and down_to in \(0, 1\), got 1 and 0\.1\.$"):
        pareto(REFIT, served=1e12, compute=1e23, count=1)
    with pytest.raises(SettingsError, match=r"^WithInference: served must be positive"):
        pareto(REFIT, served=0, compute=1e23)


def test_of_sizes_that_are_given_those_of_a_list_remain():
    front = pareto(REFIT, served=1e13, compute=[1e23], params=[1e9, 3e9, 9e9], constraints=[Sizes([1e9, 9e9])]).table()
    assert set(front["params"]) <= {1e9, 9e9} and len(front)


def test_sizes_of_which_constraints_leave_none_are_refused():
    with pytest.raises(SettingsError, match=r"No size of params is one that the constraints allow .* one of 2e\+09"):
        pareto(REFIT, served=1e13, compute=[1e23], params=[1e9, 3e9], constraints=[Sizes([2e9])])
