"""Plans: the split of a budget at which the law's loss is least."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array
from jax.scipy.special import logsumexp

from bayescale.costs import Cost, SixND
from bayescale.decisions import allocate, predict, simulate
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Chinchilla, Law

REFIT = Chinchilla.published["besiroglu2024chinchilla"]


def test_a_law_at_parameter_values_gives_a_point_answer():
    """Besiroglu et al.'s parameters with C = 6ND, computed once."""
    plan = allocate(REFIT, compute=[1e21, 5.76e23, 3.8e25])
    np.testing.assert_allclose(plan.draws["params"].values.ravel(), [2.778e9, 7.225e10, 6.187e11], rtol=1e-3)
    assert plan.group == "chinchilla"
    assert plan.draws["extrapolation"].isnull().all()


def test_the_plan_of_a_fit_is_the_plan_of_its_draws(one, grouped):
    law = Chinchilla(1.8, 0.4, 0.5, 0.35, 0.36, **one.anchors)
    point = allocate(law, compute=[1e20, 1e23]).draws
    draws = allocate(one, compute=[1e20, 1e23], discrepancy=None).draws
    for name in point:
        wanted = np.broadcast_to(point[name].values, draws[name].shape)
        np.testing.assert_allclose(draws[name].values, wanted, rtol=1e-9)
    # A higher level scales the loss and moves no optimum.
    moved = allocate(grouped, compute=[1e20, 1e23], group="books", discrepancy=None).draws
    np.testing.assert_allclose(moved["params"].values[0, 0], point["params"].values[0, 0], rtol=1e-9)
    np.testing.assert_allclose(moved["loss"].values[0, 0], np.exp(0.2) * point["loss"].values[0, 0], rtol=1e-9)


def test_plans_are_labelled(grouped):
    plan = allocate(grouped, compute=[1e23, 1e21])
    table = plan.table(prob=0.8)
    assert table["group"].unique().tolist() == ["(new family)"]
    assert table["compute"].tolist() == [1e23] * 4 + [1e21] * 4
    assert table["quantity"].tolist()[:4] == ["params", "tokens", "tokens_per_param", "loss"]
    assert table["unit"].tolist()[:4] == ["parameters", "tokens", "tokens/parameter", "nats/token"]
    assert ((table["lower"] < table["median"]) & (table["median"] < table["upper"])).all()
    np.testing.assert_allclose(table["extrapolation"][0], 1e23 / (6 * 1e9 * 6e10))
    assert repr(plan).startswith("Compute-optimal plan, (new family)\n")


@dataclasses.dataclass
class Serving(Cost):
    """Training and serving; a plain dataclass, which cannot be hashed."""

    served: float = 1e9

    def __call__(self, params, tokens):
        return 6.0 * params * tokens + 2.0 * params * self.served


def test_extrapolation_is_over_the_largest_cost_of_a_run_under_the_same_cost(one, grouped):
    for fit, group in ((one, None), (grouped, None), (grouped, "web")):
        for cost, largest in ((None, 6 * 1e9 * 6e10), (Serving(), 6 * 1e9 * 6e10 + 2 * 1e9 * 1e9)):
            plan = allocate(fit, compute=[largest, 10 * largest], cost=cost, group=group)
            np.testing.assert_allclose(plan.draws["extrapolation"], [1.0, 10.0])


def test_a_plan_knows_what_its_budgets_count(one):
    assert allocate(one, compute=1e21).cost.name == "6ND"
    plan = allocate(one, compute=1e21, cost=Serving())
    assert (plan.cost, plan.draws.attrs["cost"]) == (Serving(), "Serving")
    assert plan.table()["cost"].unique().tolist() == ["Serving"]


VALUES = {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}


class Stacked(Law):
    """Chinchilla's law written for one run only: on arrays its terms have different shapes, which do not stack."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss from finite size at N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    B: Array = parameter("loss from finite data at D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N")
    D0: float = anchor("D")

    pooled = Chinchilla.pooled
    pool, unpool = staticmethod(Chinchilla.pool), staticmethod(Chinchilla.unpool)

    def __call__(self, N: Size, D: Tokens) -> Loss:
        size = jnp.log(self.A) - self.alpha * jnp.log(N / self.N0)
        data = jnp.log(self.B) - self.beta * jnp.log(D / self.D0)
        return jnp.exp(logsumexp(jnp.stack([jnp.log(self.E), size, data])))

    def optimum(self, compute, cost):
        if type(cost) is not SixND:
            return None
        logs = jnp.stack([jnp.log(self.alpha * self.A), jnp.log(self.beta * self.B)])
        total, budget = self.alpha + self.beta, compute / (6.0 * self.N0 * self.D0)
        params = self.N0 * jnp.exp(logs @ jnp.array([1.0, -1.0]) / total) * budget ** (self.beta / total)
        return params, cost.tokens(params, compute)


class Unrecognised(Cost):
    """6ND of a class that no closed form knows."""

    def __call__(self, params, tokens):
        return 6.0 * params * tokens


@pytest.mark.parametrize("cost", [SixND(), Unrecognised()], ids=["closed form", "generic"])
def test_formulas_for_one_run_are_enough_to_plan(make_fit, cost):
    own, usual = Stacked(**VALUES), Chinchilla(**VALUES)
    pairs = [(own, usual, None)]
    for families, group in ((), None), (("web", "code"), "code"), (("web", "code"), None):
        pairs.append((make_fit(families, law=Stacked), make_fit(families, law=Chinchilla), group))
    for one, other, group in pairs:
        found = allocate(one, compute=[1e21, 1e23], cost=cost, group=group).draws
        wanted = allocate(other, compute=[1e21, 1e23], group=group).draws
        for name in wanted:
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6)


class AnyCost(Law):
    """Its optimum takes whatever the cost, and so runs into the bisection that inverts one of one's own."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + (N / 1e9) ** -0.3 + (D / 1e9) ** -0.3

    def optimum(self, compute, cost):
        params = (compute / 6.0) ** 0.5
        return params, cost.tokens(params, compute)


def test_a_closed_form_that_cannot_be_used_gives_way_to_the_generic_solver():
    own, usual = (allocate(AnyCost(1.7), compute=[1e21, 1e23], cost=cost).draws for cost in (Unrecognised(), SixND()))
    for name in usual:
        np.testing.assert_allclose(own[name], usual[name], rtol=1e-6)


def test_a_formula_for_one_run_is_enough_to_simulate_and_predict(make_fit):
    own, usual = Stacked(**VALUES), Chinchilla(**VALUES)
    design = pd.DataFrame({"params": [1e8, 1e9, 1e10], "tokens": [2e9, 2e10, 2e11]})
    losses = [simulate(one, design)["loss"] for one in (own, usual)]
    np.testing.assert_allclose(*losses, rtol=1e-12)
    for families, group in ((), None), (("web", "code"), "code"), (("web", "code"), None):
        fits = [make_fit(families, law=law) for law in (Stacked, Chinchilla)]
        losses = [predict(fit, params=[1e8, 1e10], tokens=1e11, group=group).draws["loss"] for fit in fits]
        np.testing.assert_allclose(*losses, rtol=1e-11)


@pytest.mark.parametrize("compute", [-1.0, 0.0, float("nan"), float("inf"), [], [[1e21]]])
def test_budgets_that_are_not_positive_are_refused(compute):
    with pytest.raises(SettingsError, match=r"^compute must be positive and finite, in FLOP, got .*$"):
        allocate(REFIT, compute=compute)


def test_words_are_no_budget():
    with pytest.raises(SettingsError, match=r"^compute must be a number or a list of numbers, got 'much'.$"):
        allocate(REFIT, compute="much")


def test_a_cost_that_is_none_is_refused():
    with pytest.raises(SettingsError, match=r"^cost must be a Cost such as costs\.SixND\(\), got '6ND'\.$"):
        allocate(REFIT, compute=1e21, cost="6ND")


def test_a_law_at_values_has_no_families():
    message = "^A law at parameter values has no families; leave the group out.$"
    with pytest.raises(SettingsError, match=message):
        allocate(REFIT, compute=1e21, group="web")


class SizeOnly(Law):
    """Knows no tokens."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))

    def __call__(self, N: Size) -> Loss:
        return self.E + 1e3 / N


class Endless(Law):
    """Does not care for data, so the largest model is best."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + 1e3 / N**0.1 + 0.0 * D


def test_a_law_without_tokens_has_no_plan():
    message = r"^A plan splits compute into params and tokens; the law 'size-only' takes \('params',\)\.$"
    with pytest.raises(LawError, match=message):
        allocate(SizeOnly(1.7), compute=1e21)


def test_a_law_without_a_trade_off_has_no_plan():
    message = (
        "^The law 'endless' has no compute-optimal size at some budget: its loss keeps falling towards "
        "no parameters or no tokens. Check the parameters and the cost.$"
    )
    with pytest.raises(LawError, match=message):
        allocate(Endless(1.7), compute=1e21)


def test_planning_leaves_the_callers_precision_alone():
    allocate(REFIT, compute=1e21)
    assert jax.config.jax_enable_x64 is False
