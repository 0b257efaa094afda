"""The Bayes action and its relatives against brute force: no size of a fine grid does better."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from bayescale.costs import HoffmannF, ShapeFamily, SixND, WithInference
from bayescale.decisions import allocate
from bayescale.decisions.allocation import (
    CVaR,
    Exceedance,
    Mean,
    Memory,
    ParamsBetween,
    Quantile,
    Sizes,
    TokensBetween,
    TokensPerParam,
    UniqueTokens,
)
from bayescale.decisions.allocation.action import best_action, best_of_draws
from bayescale.decisions.allocation.feasible import feasible
from bayescale.decisions.allocation.problem import Problem
from bayescale.language.declare import parameter
from bayescale.language.errors import SettingsError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Chinchilla, Law

SHAPES = ShapeFamily(aspect=60, vocabulary=50_000, context=2048)
COSTS = [SixND(), HoffmannF(SHAPES), WithInference(2e12), WithInference(1e12, training=HoffmannF(SHAPES), price=2.5)]
FINE = 4001


def grid(low: np.ndarray, high: np.ndarray, count: int = FINE) -> np.ndarray:
    return np.exp(np.linspace(np.log(low), np.log(high), count))


@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: cost.name)
@pytest.mark.parametrize("seed", range(3))
def test_no_size_of_a_fine_grid_has_a_smaller_expected_loss(doubtful, by_hand, cost, seed):
    rng = np.random.default_rng(seed)
    budgets = np.exp(rng.uniform(np.log(1e22), np.log(1e26), 5))
    shift = 0.02 * rng.standard_normal((400, 5))
    problem = Problem(doubtful(seed), budgets, cost, shift=shift)
    found = best_action(problem, Mean(), feasible((), cost, budgets))
    low, high = 0.5 * problem.best.min(axis=0), 2.0 * problem.best.max(axis=0)
    sizes = grid(low, high)
    with np.errstate(over="ignore"):
        means = by_hand(problem, sizes).mean(axis=1)
    best = sizes[means.argmin(axis=0), np.arange(5)]
    # Half a step of the grid, and what rounding of means adds where the loss is flat to 1e-16.
    step = np.log(high / low) / (FINE - 1)
    assert np.all(np.abs(np.log(found / best)) < 0.5 * step + 1e-6)
    assert np.all(problem.losses(found).mean(axis=0) <= means.min(axis=0) * (1 + 1e-15))


def random_constraints(rng: np.random.Generator, problem: Problem) -> list:
    """Some that budgets of 1e22 to 1e24 can keep, drawn around the best sizes."""
    middle = float(np.median(problem.best))
    ratio = float(np.median(problem.tokens(problem.best) / problem.best))
    up, down = np.exp(rng.uniform(0.0, 1.5, 2))
    kinds = [
        [ParamsBetween(least=middle / down / 2)],
        [ParamsBetween(most=middle / down * 2)],
        [TokensPerParam(least=ratio * up)],
        [TokensPerParam(most=ratio / up), ParamsBetween(most=middle * 50)],
        [TokensBetween(most=ratio * middle / down)],
        [Memory(2 * middle / down)],
        [UniqueTokens(ratio * middle / down, epochs=2)],
        [Sizes(middle * np.exp(rng.uniform(-2, 2, 6)))],
        [Sizes(middle * np.exp(np.linspace(-3, 3, 9))), TokensPerParam(least=ratio / 10, most=ratio * 10)],
    ]
    return kinds[rng.integers(len(kinds))]


@pytest.mark.parametrize("seed", range(24))
def test_constrained_plans_are_the_best_of_those_that_keep_the_constraints(doubtful, by_hand, seed):
    """Random laws, costs, constraints and objectives; the grid knows the constraints by their definitions only."""
    rng = np.random.default_rng(100 + seed)
    cost = COSTS[seed % len(COSTS)]
    budgets = np.exp(rng.uniform(np.log(3e22), np.log(1e24), 2))
    problem = Problem(doubtful(seed), budgets, cost)
    constraints = random_constraints(rng, problem)
    objective = [Mean(), Quantile(0.9), CVaR(0.8)][seed % 3]
    allowed = feasible(constraints, cost, budgets)
    found = best_action(problem, objective, allowed)
    listed = next((np.sort(one.params) for one in constraints if isinstance(one, Sizes)), None)
    for i in range(budgets.size):
        one = problem.part(np.array([i]))
        sizes = grid(problem.best[:, i].min() / 30, problem.best[:, i].max() * 30, 1501) if listed is None else listed
        sizes = sizes[kept(constraints, cost, sizes, budgets[i])]
        with np.errstate(over="ignore"):
            values = np.array([objective.value(rows)[0] for rows in by_hand(one, sizes[:, None])])
        assert kept(constraints, cost, found[i : i + 1], budgets[i], slack=1e-9).all()
        got = objective.value(one.losses(found[i : i + 1]))[0]
        # An empirical quantile of 400 draws is jagged: it may end in one of its small dents.
        allowance = 1e-12 if isinstance(objective, Mean) or listed is not None else 2e-5
        assert got <= values.min() * (1 + allowance)


def kept(constraints: list, cost, sizes: np.ndarray, budget: float, slack: float = 0.0) -> np.ndarray:
    """Which sizes keep constraints, by what these say of params and tokens."""
    tokens = np.asarray(cost.tokens(sizes, budget), float)
    good = np.ones(sizes.size, bool)
    for one in constraints:
        match one:
            case ParamsBetween():
                value, least, most = sizes, one.least, one.most
            case TokensPerParam():
                value, least, most = tokens / sizes, one.least, one.most
            case TokensBetween():
                value, least, most = tokens, one.least, one.most
            case UniqueTokens():
                value, least, most = tokens / one.unique, None, one.epochs
            case Memory():
                value, least, most = sizes * one.bytes_per_param, None, one.most
            case Sizes():
                continue
        good &= (value >= (least or 0.0) * (1 - slack)) & (value <= (most or np.inf) * (1 + slack))
    return good


@pytest.mark.parametrize("seed", range(4))
def test_each_draws_best_allowed_size_is_that_of_a_grid(doubtful, by_hand, seed):
    rng = np.random.default_rng(seed)
    cost, budgets = COSTS[seed], np.array([1e23])
    problem = Problem(doubtful(seed), budgets, cost)
    middle = float(np.median(problem.best))
    for constraints in ([ParamsBetween(least=middle)], [Sizes(middle * np.exp(rng.uniform(-2, 2, 7)))]):
        found = best_of_draws(problem, feasible(constraints, cost, budgets))[:, 0]
        is_list = isinstance(constraints[0], Sizes)
        sizes = np.sort(constraints[0].params) if is_list else grid(middle, 100 * middle, 2001)
        losses = by_hand(problem, sizes[:, None])[..., 0]
        best = sizes[losses.argmin(axis=0)]
        np.testing.assert_allclose(found, best, rtol=1e-12 if is_list else 0.5 * np.log(100) / 2000 + 1e-6)


def test_each_objective_has_a_plan_of_its_own(doubtful):
    """Caution moves a plan: that of each objective is better by it than those of the others."""
    budgets, objectives = np.array([1e26]), (Mean(), Quantile(0.95), CVaR(0.95))
    problem, free = Problem(doubtful(1), budgets, SixND()), feasible((), SixND(), budgets)
    losses = [problem.losses(best_action(problem, objective, free)) for objective in objectives]
    values = np.array([[objective.value(one).item() for one in losses] for objective in objectives])
    assert values.argmin(axis=1).tolist() == [0, 1, 2]


def test_the_least_probability_to_miss_a_loss_is_found(doubtful, by_hand):
    budgets = np.array([1e23, 1e24])
    problem = Problem(doubtful(2), budgets, SixND())
    target = float(np.median(problem.losses(problem.best)[:, 0]))
    objective = Exceedance(target)
    found = best_action(problem, objective, feasible((), SixND(), budgets))
    sizes = grid(problem.best.min(axis=0), problem.best.max(axis=0), 1001)
    values = (by_hand(problem, sizes) > target).mean(axis=1)
    # Steps are of one draw; a grid between others may find one draw more.
    assert np.all(objective.value(problem.losses(found)) <= values.min(axis=0) + 1 / 400 + 1e-12)
    # With the second budget all draws reach it, over a range of sizes: the expected loss decides.
    mean = best_action(problem, Mean(), feasible((), SixND(), budgets))
    assert values.min(axis=0)[1] == 0.0
    np.testing.assert_allclose(found[1], mean[1], rtol=1e-3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("objective", [CVaR(0.999), Quantile(0.999)], ids=str)
def test_the_few_draws_that_decide_are_all_looked_at(doubtful, by_hand, objective, seed):
    """Far from the data, of 4,000 draws that scatter widely, where a tail is of four."""
    budgets = np.array([1e24, 1e28])
    shift = 0.05 * np.random.default_rng(seed).standard_normal((4000, 2))
    problem = Problem(doubtful(seed, draws=4000, times=4.0), budgets, SixND(), shift=shift)
    found = best_action(problem, objective, feasible((), SixND(), budgets))
    sizes = grid(problem.best.min(axis=0), problem.best.max(axis=0), 301)
    with np.errstate(over="ignore"):
        values = np.array([objective.value(rows) for rows in by_hand(problem, sizes)])
    got = objective.value(problem.losses(found))
    # A quantile of draws is jagged: it may end in one of its small dents.
    assert np.all(got <= values.min(axis=0) * (1 + 2e-5))


def test_worst_cases_by_hand():
    losses = np.array([[1.0], [3.0], [2.0], [5.0], [4.0]])
    assert CVaR(0.6).value(losses).item() == pytest.approx(4.5)
    assert CVaR(0.5).value(losses).item() == pytest.approx((5 + 4 + 0.5 * 3) / 2.5)
    assert Quantile(0.5).value(losses).item() == 3.0
    assert Exceedance(3.0).value(losses).item() == pytest.approx(0.4)


def test_many_budgets_get_the_plans_that_each_gets_alone(doubtful):
    budgets = np.geomspace(1e20, 1e26, 60)
    law = doubtful(3)
    for cost in (SixND(), COSTS[3]):
        budgets = budgets if cost.name == "6ND" else budgets * 1e3
        together = Problem(law, budgets, cost)
        free = feasible((), cost, budgets)
        found = best_action(together, Mean(), free)
        for i in (0, 17, 41, 59):
            alone = Problem(law, budgets[i : i + 1], cost)
            np.testing.assert_allclose(together.best[:, i], alone.best[:, 0], rtol=1e-8)
            one = best_action(alone, Mean(), free.part(np.array([0])))
            np.testing.assert_allclose(found[i], one[0], rtol=1e-7)


class TwoValleys(Law):
    """The first draws have their best size far below that of the others, and a flat loss between."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))
    centre: Array = parameter("log of the best size", prior=LogNormal(20.0, 0.1))

    def __call__(self, N: Size, D: Tokens) -> Loss:
        away = (jnp.log(N) - self.centre) ** 2
        return self.E + away / (1 + away) + 1e-4 * away + 0.0 * D


def test_the_deeper_of_two_valleys_of_the_expected_loss_is_chosen():
    """Two draws of three have the larger size best: the expected loss has a valley at both, the deeper there."""
    law = TwoValleys(E=np.ones((3, 1)), centre=np.array([[18.0], [25.0], [25.0]]))
    problem = Problem(law, np.array([1e22]), SixND())
    free = feasible((), SixND(), problem.budgets)
    assert np.log(best_action(problem, Mean(), free)).item() == pytest.approx(25.0, abs=0.1)
    # Where that is not allowed, the best is in the other valley and not at the limit.
    limit = feasible([ParamsBetween(most=float(np.exp(22.0)))], SixND(), problem.budgets)
    assert np.log(best_action(problem, Mean(), limit)).item() == pytest.approx(18.0, abs=0.1)


def test_a_plan_of_a_fit_has_the_action_with_the_discrepancy(make_fit):
    """All draws of this fit are alike, so what they do best the action does."""
    fit = make_fit()
    plan = allocate(fit, compute=[1e21, 1e23])
    np.testing.assert_allclose(plan.action["params"], plan.draws["params"][0, 0], rtol=1e-8)
    np.testing.assert_allclose(plan.action["loss"], plan.draws["loss"], rtol=1e-12)
    assert plan.action["objective"].values == pytest.approx(plan.draws["loss"].mean(("chain", "draw")).values)
    assert plan.action["tokens"].attrs["units"] == "tokens"
    assert jax.config.jax_enable_x64 is False


def test_what_is_no_objective_is_refused():
    law = Chinchilla.published["besiroglu2024chinchilla"]
    with pytest.raises(SettingsError, match=r"^objective must be one of allocation\.Mean\(\), .*, got 'mean'\.$"):
        allocate(law, compute=1e21, objective="mean")
    for wrong in (lambda: Quantile(1.0), lambda: CVaR(0), lambda: Exceedance(-2.0), lambda: Exceedance(True)):
        with pytest.raises(SettingsError):
            wrong()
