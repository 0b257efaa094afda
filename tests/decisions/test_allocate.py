"""Plans: the split of a budget at which the law's loss is least."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from jax import Array

from bayescale.decisions import allocate
from bayescale.language.declare import parameter
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
    draws = allocate(one, compute=[1e20, 1e23]).draws
    for name in point:
        wanted = np.broadcast_to(point[name].values, draws[name].shape)
        np.testing.assert_allclose(draws[name].values, wanted, rtol=1e-9)
    # A higher level scales the loss and moves no optimum.
    moved = allocate(grouped, compute=[1e20, 1e23], group="books").draws
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
    message = r"^allocate splits compute into params and tokens; the law 'size-only' takes \('params',\)\.$"
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
