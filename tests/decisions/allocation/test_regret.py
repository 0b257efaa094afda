"""Regret against closed forms, published numbers and each draw's own frontier."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from bayescale.costs import Cost, HoffmannF, ShapeFamily, SixND, WithInference
from bayescale.decisions import allocate
from bayescale.decisions.allocation import ParamsBetween, UniqueTokens
from bayescale.decisions.allocation.problem import Problem
from bayescale.decisions.allocation.regret import wasted_compute
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla, DataConstrained

REFIT = Chinchilla.published["besiroglu2024chinchilla"]
SHAPES = ShapeFamily(aspect=60, vocabulary=50_000, context=2048)


class Unrecognised(Cost):
    """6ND of a class that no closed form knows."""

    def __call__(self, params, tokens):
        return 6.0 * params * tokens

    def tokens(self, params, compute):
        return compute / (6.0 * params)


def exact_waste(law: Chinchilla, times: np.ndarray) -> np.ndarray:
    """Of a size ``times`` the best one: R = R* (beta t^-alpha + alpha t^beta) / (alpha + beta), R* ~ C^-gamma."""
    alpha, beta = law.alpha, law.beta
    ratio = (beta * times**-alpha + alpha * times**beta) / (alpha + beta)
    return ratio ** ((alpha + beta) / (alpha * beta))


@pytest.mark.parametrize("cost", [SixND(), Unrecognised()], ids=["closed form", "generic"])
def test_waste_of_compute_is_that_of_the_closed_form(doubtful, cost):
    law = doubtful(0)
    problem = Problem(law, np.array([1e21, 1e24]), cost)
    for times in (0.05, 0.5, 0.99, 1.0, 1.25, 3.0, 20.0):
        found = wasted_compute(problem, times * problem.best)
        np.testing.assert_allclose(found, np.broadcast_to(exact_waste(law, np.array(times)), found.shape), rtol=1e-7)


@pytest.mark.parametrize(
    ("served", "times"),
    [*((served, times) for served in (1e11, 1e12) for times in (0.1, 2.0, 3.0)), (1e13, 0.1)],
)
def test_waste_is_that_of_a_search_of_the_frontier_where_serving_takes_much_of_the_budget(served, times):
    """Size grows faster than the root of compute there, so that a long step along the frontier has no good start."""
    cost = WithInference(served)
    plan = allocate(REFIT, compute=1e23, cost=cost)
    params = times * plan.draws["params"].item()
    wanted = float(REFIT(params, cost.tokens(params, 1e23)))

    def excess(log_compute: float) -> float:
        return allocate(REFIT, compute=np.exp(log_compute), cost=cost).draws["loss"].item() - wanted

    least = np.exp(brentq(excess, np.log(1e18), np.log(1e23), xtol=1e-9))
    assert plan.regret(params=params)["percent"].item() == pytest.approx(100 * (1e23 / least - 1), rel=1e-5)


def test_published_wastes_come_out():
    """Computed once for Besiroglu et al.'s parameters, by a search of the frontier."""
    plan = allocate(REFIT, compute=1e21)
    best = plan.draws["params"].item()
    for times, percent in ((1.25, 1.8), (1.5, 6.0), (2.0, 18.5), (3.0, 52.0)):
        found = plan.regret(params=times * best)["percent"].item()
        assert found == pytest.approx(percent, rel=0.02)
        assert plan.regret(params=best / times)["percent"].item() == pytest.approx(percent, rel=0.12)


def test_small_regrets_are_half_the_sum_of_exponents_times_the_square_of_the_log_of_the_ratio(doubtful):
    law = doubtful(1)
    problem = Problem(law, np.array([1e23]), SixND())
    for x in (1e-3, 1e-2):
        found = wasted_compute(problem, np.exp(x) * problem.best) - 1
        # What is left out of the series is smaller by x (beta - alpha) / 3 and terms of x^2.
        np.testing.assert_allclose(found, 0.5 * (law.alpha + law.beta) * x**2, rtol=0.3 * x)


@pytest.mark.parametrize("cost", [HoffmannF(SHAPES), WithInference(2e12)], ids=lambda cost: cost.name)
def test_less_compute_split_at_best_reaches_the_loss_of_a_plan(doubtful, cost):
    """What remains of the budget after the waste, planned anew, has the loss of the wasteful plan, draw by draw."""
    law, budget = doubtful(2), np.array([1e26])
    problem = Problem(law, budget, cost)
    size = 3.0 * problem.best
    waste = wasted_compute(problem, size)
    assert np.all(waste > 1.05)
    frontier = Problem(law, budget, cost, counted=budget / waste)
    np.testing.assert_allclose(frontier.curves(frontier.best), problem.curves(size), rtol=1e-9)


def test_the_expected_regret_of_the_action_is_that_of_the_scatter_of_best_sizes(doubtful):
    """0.5 (alpha + beta) E[(log N - log N*)^2], draw by draw; the scatter here is small enough for it."""
    law = doubtful(4)
    budgets = np.array([1e21, 1e22])
    problem = Problem(law, budgets, SixND())
    size = np.exp(np.log(problem.best).mean(axis=0))
    found = 100 * (wasted_compute(problem, size) - 1)
    scatter = np.log(size / problem.best)
    second_order = 50 * (law.alpha + law.beta) * scatter**2
    np.testing.assert_allclose(found.mean(axis=0), second_order.mean(axis=0), rtol=0.05)


def test_regret_is_against_the_best_plan_that_is_allowed():
    plan = allocate(REFIT, compute=[1e21, 1e23], constraints=ParamsBetween(most=1e9))
    table = plan.regret()
    np.testing.assert_allclose(table["params"], 1e9, rtol=1e-9)
    np.testing.assert_allclose(table[["loss", "percent"]], 0.0, atol=1e-7)
    best = allocate(REFIT, compute=[1e21, 1e23]).draws["params"].values.ravel()
    wanted = 100 * (exact_waste(REFIT, 1e9 / best) - 1)
    np.testing.assert_allclose(table["constraints_percent"], wanted, rtol=1e-6)
    # A smaller size than allowed is judged against the limit.
    other = plan.regret(params=5e8)
    ratio = exact_waste(REFIT, 5e8 / best) / exact_waste(REFIT, 1e9 / best)
    np.testing.assert_allclose(other["percent"], 100 * (ratio - 1), rtol=1e-6)


def test_the_probability_to_be_within_a_share_counts_draws(make_fit):
    plan = allocate(make_fit(("web", "code")), compute=1e23)
    action = plan.action["params"].item()
    ratio = np.log(action / plan.draws["params"].values.ravel())
    law = plan.problem.one_law
    waste = exact_waste(law, np.exp(ratio)[:, None])
    for within in (0.001, 0.01, 0.05):
        assert plan.regret(within=within)["within"].item() == pytest.approx((waste <= 1 + within).mean(), abs=1e-3)
    table = plan.regret(prob=0.8)
    np.testing.assert_allclose(table["percent"], 100 * (waste.mean() - 1), rtol=1e-4)
    np.testing.assert_allclose(table["percent_upper"], 100 * (np.quantile(waste, 0.9) - 1), rtol=1e-3)


def test_regret_of_a_law_that_knows_repeats():
    """Unique tokens come from the constraint; the frontier is that of the law with them."""
    law = DataConstrained.published["muennighoff2023scaling"]
    plan = allocate(law, compute=1e23, constraints=UniqueTokens(25e9, epochs=None))
    sizes = plan.draws["params"].item() * np.exp(np.linspace(-2, 2, 2001))
    tokens = 1e23 / 6 / sizes
    losses = np.array(
        [float(law.at(params=n, tokens=d, unique_tokens=25e9)) for n, d in zip(sizes, tokens, strict=True)]
    )
    assert plan.draws["loss"].item() <= losses.min() * (1 + 1e-6)
    assert abs(np.log(plan.draws["params"].item() / sizes[losses.argmin()])) < 0.05
    assert plan.regret(params=1.5 * plan.draws["params"].item())["percent"].item() > 0


def test_sizes_that_are_not_one_or_one_each_are_refused():
    plan = allocate(REFIT, compute=[1e21, 1e22, 1e23])
    with pytest.raises(SettingsError, match=r"^params must be one size or 3, one per budget, got 2\.$"):
        plan.regret(params=[1e9, 1e10])


def test_a_size_that_serving_leaves_no_tokens_is_refused():
    plan = allocate(REFIT, compute=1e23, cost=WithInference(1e12))
    message = r"^A model of 6e\+10 parameters leaves no tokens of 1e\+23 FLOP: 6ND \+ inference takes them all\. Give a"
    with pytest.raises(SettingsError, match=message):
        plan.regret(params=6e10)
    assert np.isfinite(plan.regret(params=4e10)["percent"].item())
