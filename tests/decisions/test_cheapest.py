"""The least budget for a loss, against the forward question and brute force."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.costs import HoffmannF, RateCard, ShapeFamily, SixND, WithInference
from bayescale.decisions import allocate, cheapest
from bayescale.decisions.allocation import ParamsBetween, Quantile, Sizes, TokensBetween
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla

REFIT = Chinchilla.published["besiroglu2024chinchilla"]
SHAPES = ShapeFamily(aspect=60, vocabulary=50_000, context=2048)
COSTS = [SixND(), HoffmannF(SHAPES), WithInference(1e12)]


def frontier(loss: float) -> float:
    """The closed form: L = E + K (C/6)^-gamma."""
    law = REFIT
    total = law.alpha + law.beta
    a, gamma = law.beta / total, law.alpha * law.beta / total
    K = total * (law.A / law.beta) ** a * (law.B / law.alpha) ** (1 - a)
    return 6 * ((loss - law.E) / K) ** (-1 / gamma)


def test_of_a_law_the_least_budget_is_that_of_the_closed_form():
    losses = np.array([2.4, 2.1, 1.95])
    found = cheapest(REFIT, loss=losses).table()
    np.testing.assert_allclose(found["compute"], [frontier(loss) for loss in losses], rtol=1e-6)
    assert found["reached"].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(found["expected_loss"], losses, rtol=1e-9)


@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: cost.name)
def test_budget_and_loss_go_there_and_back(cost):
    budgets = np.array([1e23, 1e25])
    losses = allocate(REFIT, compute=budgets, cost=cost).draws["loss"].values.ravel()
    found = cheapest(REFIT, loss=losses, cost=cost).table()
    np.testing.assert_allclose(found["compute"], budgets, rtol=1e-6)


def test_the_probability_is_that_of_the_best_plan_with_the_discrepancy(grouped):
    """Draws differ by the discrepancy and the family; the forward question at that budget has the quantile there."""
    target = 2.5  # above what is irreducible in nine families of ten
    for prob in (0.5, 0.9):
        row = cheapest(grouped, loss=target, prob=prob).table().iloc[0]
        plan = allocate(grouped, compute=row["compute"], objective=Quantile(prob))
        assert plan.action["objective"].item() == pytest.approx(target, rel=1e-5)
        assert row["reached"] == pytest.approx(prob, abs=2 / 10_000)
        # A tenth less is not enough.
        less = allocate(grouped, compute=0.9 * row["compute"], objective=Quantile(prob))
        assert less.action["objective"].item() > target
    budgets = [cheapest(grouped, loss=target, prob=prob).table()["compute"].item() for prob in (0.5, 0.9)]
    assert budgets[1] > budgets[0]


def test_constraints_make_a_loss_dearer_and_are_named():
    free = cheapest(REFIT, loss=2.0).table().iloc[0]
    most = free["params"] / 4
    held = cheapest(REFIT, loss=2.0, constraints=ParamsBetween(most=most)).table().iloc[0]
    assert held["compute"] > free["compute"]
    assert held["binding"] == f"at most {most:.4g} parameters"
    # Tokens that this size needs for the loss, by hand.
    tokens = (REFIT.B / (2.0 - REFIT.E - REFIT.A * most**-REFIT.alpha)) ** (1 / REFIT.beta)
    assert held["compute"] == pytest.approx(6 * most * tokens, rel=1e-6)


def test_where_constraints_end_the_search_stays_within():
    """No more tokens and no larger models: above some budget nothing is allowed, below it the answer lies."""
    kept = [ParamsBetween(most=1e11), TokensBetween(most=5e12)]
    found = cheapest(REFIT, loss=2.0, constraints=kept).table()
    assert found["compute"].item() == pytest.approx(frontier(2.0), rel=1e-6)
    with pytest.raises(
        SettingsError, match=r"^No budget up to .* reaches a loss of 1\.9 with probability 0\.9; the least"
    ):
        cheapest(REFIT, loss=1.9, constraints=kept)
    listed = cheapest(REFIT, loss=2.0, constraints=Sizes([1e9, 1e10, 7e10])).table()
    assert listed["params"].item() == 7e10


def test_dollars_come_with_a_rate_card():
    card = RateCard(flop_per_second=1e15, utilisation=0.4, dollars_per_device_hour=2.0)
    row = cheapest(REFIT, loss=2.0, rate_card=card).table().iloc[0]
    assert row["dollars"] == pytest.approx(frontier(2.0) / (1e15 * 0.4 * 3600) * 2.0, rel=1e-6)


def test_a_loss_below_what_is_irreducible_is_refused():
    message = r"^No budget up to 1e\+32 FLOP reaches a loss of 1\.8 with probability 0\.9; the least that"
    with pytest.raises(SettingsError, match=message):
        cheapest(REFIT, loss=1.8)
    with pytest.raises(SettingsError, match=r"^prob must lie strictly between 0 and 1"):
        cheapest(REFIT, loss=2.0, prob=1.0)
    with pytest.raises(SettingsError, match=r"^loss must be positive and finite"):
        cheapest(REFIT, loss=-2.0)
