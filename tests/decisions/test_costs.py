"""Plans and predictions with compute that is counted otherwise than 6ND, pays for serving, or has an error."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

from bayescale.costs import (
    ActiveSixND,
    ComputeError,
    Cost,
    DeepSeekM,
    HoffmannF,
    KaplanForward,
    ShapeFamily,
    SixND,
    WithInference,
)
from bayescale.decisions import allocate, predict
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla

REFIT = Chinchilla.published["besiroglu2024chinchilla"]
SHAPES = ShapeFamily(aspect=60, vocabulary=50_000, context=2048)
EXPERTS = ShapeFamily(aspect=60, vocabulary=50_000, context=2048, experts=16, experts_per_token=2)
COSTS = [
    KaplanForward(SHAPES),
    DeepSeekM(SHAPES),
    HoffmannF(SHAPES),
    HoffmannF(SHAPES, vocabulary=True),
    ActiveSixND(EXPERTS),
    WithInference(1e12),
    WithInference(1e12, training=HoffmannF(SHAPES), price=3.0),
]
BUDGETS = np.array([1e22, 1e24, 1e26])


def slopes(cost: Cost, params: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Elasticity of a cost in params and in tokens, by central differences."""
    up, down = np.exp(1e-5), np.exp(-1e-5)
    size = np.log(cost(params * up, tokens) / cost(params * down, tokens)) / 2e-5
    data = np.log(cost(params, tokens * up) / cost(params, tokens * down)) / 2e-5
    return size, data


@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: cost.name)
def test_a_plan_spends_its_budget_where_no_exchange_is_worth_it(cost):
    """Lagrange: alpha u over beta v is the ratio of what a relative step in size and in data costs."""
    plan = allocate(REFIT, compute=BUDGETS, cost=cost).draws
    params, tokens = (plan[name].values.ravel() for name in ("params", "tokens"))
    np.testing.assert_allclose(cost(params, tokens), BUDGETS, rtol=1e-9)
    size, data = slopes(cost, params, tokens)
    u, v = REFIT.A * params**-REFIT.alpha, REFIT.B * tokens**-REFIT.beta
    np.testing.assert_allclose(REFIT.alpha * u / (REFIT.beta * v), size / data, rtol=1e-6)


def test_serving_makes_the_best_model_smaller_and_trained_for_longer():
    """Sardana et al.: at the optimum alpha u / (beta v) = 1 + D_inference / (3 D), for 6 N D + 2 N D_inference."""
    plan = allocate(REFIT, compute=BUDGETS, cost=WithInference(5e12)).draws
    params, tokens = (plan[name].values.ravel() for name in ("params", "tokens"))
    u, v = REFIT.A * params**-REFIT.alpha, REFIT.B * tokens**-REFIT.beta
    np.testing.assert_allclose(REFIT.alpha * u / (REFIT.beta * v), 1 + 5e12 / (3 * tokens), rtol=1e-7)
    # Against a model trained for this loss alone: fewer parameters, more tokens.
    chinchilla = allocate(REFIT, compute=SixND()(params, tokens)).draws
    assert np.all(chinchilla["params"].values > params)
    assert np.all(chinchilla["loss"].values < plan["loss"].values)


@pytest.mark.parametrize("cost", [None, HoffmannF(SHAPES)], ids=["closed form", "generic"])
def test_an_error_of_compute_is_a_part_of_every_draw(one, cost):
    """All draws of the fit are alike, so what a plan spends in the cost's count is the error and nothing else."""
    exact = allocate(one, compute=[1e21, 1e23], cost=cost).draws
    plan = allocate(one, compute=[1e21, 1e23], cost=cost, compute_error=ComputeError(0.1)).draws
    counted = (cost or SixND())(plan["params"], plan["tokens"]).values / np.array([1e21, 1e23])
    np.testing.assert_allclose(counted[..., 0], counted[..., 1], rtol=1e-9)
    # One chance in a million of a false alarm, at this seed.
    assert stats.kstest(counted[..., 0].ravel(), stats.norm(1.0, 0.1).cdf).pvalue > 1e-6
    np.testing.assert_allclose(plan["params"].median(("chain", "draw")), exact["params"][0, 0], rtol=0.01)
    np.testing.assert_allclose(plan["extrapolation"], exact["extrapolation"])
    np.testing.assert_allclose(plan["compute"], [1e21, 1e23])


def test_a_plan_says_that_compute_has_an_error(one):
    assert allocate(one, compute=1e21).table()["cost"].unique().tolist() == ["6ND"]
    plan = allocate(one, compute=1e21, compute_error=ComputeError(0.1))
    assert plan.table()["cost"].unique().tolist() == ["6ND, sd 0.1"]
    made = predict(one, params=1e9, tokens=1e11, compute_error=ComputeError(0.1))
    assert made.draws.attrs["compute_error"] == "sd 0.1"


@pytest.mark.parametrize("kind", ["law", "run"])
def test_a_prediction_at_a_compute_has_the_error_of_the_plan(one, kind):
    """Tokens are compute over 6 params there: each draw's are (1 + e) times as many, with the e that a plan has."""
    error, params = ComputeError(0.1), np.array([1e9, 3e9])
    tokens = 1e21 / (6 * params)
    plan = allocate(one, compute=1e21, compute_error=error).draws
    ratio = SixND()(plan["params"], plan["tokens"]).values / 1e21
    asked = {"params": params, "tokens": tokens, "discrepancy": None}
    made = predict(one, **asked, kind=kind, compute_error=error).draws["loss"].values
    law = Chinchilla(1.8, 0.4, 0.5, 0.35, 0.36, **one.anchors)
    with jax.enable_x64(True):
        wanted = np.asarray(law.at(params=params, tokens=tokens * ratio))
        exact = np.asarray(law.at(params=params, tokens=tokens))
    if kind == "run":
        # A run has the same luck with and without the error.
        wanted = wanted * predict(one, **asked).draws["loss"].values / exact
    np.testing.assert_allclose(made, wanted, rtol=1e-9)


def test_a_new_family_has_an_error_beside_its_own_scatter(grouped):
    sds = []
    for error in (None, ComputeError(0.2)):
        plan = allocate(grouped, compute=1e22, compute_error=error).draws
        sds.append(float(np.log(plan["params"] * plan["tokens"]).std()))
    assert sds[0] < 1e-9
    assert sds[1] == pytest.approx(0.2, rel=0.1)


def test_what_is_no_error_of_compute_is_refused_in_a_sentence(one):
    calls = [lambda fit, error: allocate(fit, compute=1e21, compute_error=error)]
    calls.append(lambda fit, error: predict(fit, params=1e9, tokens=1e9, kind="law", compute_error=error))
    for ask in calls:
        with pytest.raises(SettingsError, match=r"^compute_error must be a costs.ComputeError such as .*, got 0.1.$"):
            ask(one, 0.1)
        with pytest.raises(SettingsError, match=r"^A law at parameter values has no draws to spread over; leave the"):
            ask(REFIT, ComputeError())
