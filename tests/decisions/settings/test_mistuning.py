"""What settings lose: against algebra, brute force and simulated truths."""

from __future__ import annotations

import math
import re

import jax
import numpy as np
import pytest

import bayescale as bs
from bayescale.laws import StepLawRate

PLAN = {"params": 1e9, "tokens": 1e11}


def rows_of(table) -> dict[str, dict]:
    return {row["choice"]: row for row in table.to_dict("records")}


@pytest.fixture(scope="module")
def scattered(bowl_law):
    """The law at 400 draws whose best settings scatter by 25 and 20 per cent, correlated."""
    rng = np.random.default_rng(0)
    rate, own = rng.standard_normal((2, 400))
    batch = 0.6 * rate + 0.8 * own
    many = {name: np.full(400, value) for name, value in bowl_law.values.items()}
    eta, size = bowl_law.eta_0 * np.exp(0.25 * rate), bowl_law.B_0 * np.exp(0.2 * batch)
    return bowl_law.replace(**many | {"eta_0": eta, "B_0": size})


def above(bowl_law, settings, eta_0, B_0):
    """The bowl by its formula in NumPy, relative to the floor."""
    lr, batch = settings
    u = np.log(lr / (eta_0 * PLAN["params"] ** bowl_law.a_N * PLAN["tokens"] ** bowl_law.a_D))
    w = np.log(batch / (B_0 * PLAN["tokens"] ** bowl_law.b_D))
    z = bowl_law.skew * (u - bowl_law.tilt * w)
    rate = bowl_law.k_eta * (np.expm1(z) - z) / bowl_law.skew**2
    return rate + 0.5 * bowl_law.k_B * np.exp(bowl_law.twist * u) * w**2


def test_of_a_law_the_best_loses_nothing_and_others_what_the_bowl_says(bowl_law):
    found = rows_of(bs.mistuning(bowl_law, **PLAN, lr=3e-3, batch_tokens=5e5).table())
    centre = bowl_law.centre(**PLAN)
    np.testing.assert_allclose([found["best"]["lr"], found["best"]["batch_tokens"]], centre, rtol=1e-3)
    assert found["best"]["percent"] < 1e-5
    assert (found["given"]["lr"], found["given"]["batch_tokens"]) == (3e-3, 5e5)
    wanted = above(bowl_law, (3e-3, 5e5), bowl_law.eta_0, bowl_law.B_0)
    assert found["given"]["percent"] == pytest.approx(100 * wanted, rel=1e-6)
    floor = float(bowl_law(N=1e9, D=1e11, eta=centre[0], B=centre[1]))
    assert found["given"]["loss"] == pytest.approx(floor * wanted, rel=1e-6)
    assert found["best"]["within"] == 1 and found["given"]["within"] == float(wanted <= 0.0025)


def test_the_best_choice_has_the_least_expected_loss_of_a_grid(bowl_law, scattered):
    """The grid is 2 % fine in either setting; within it the flat bowl changes by less than its third digit."""
    found = rows_of(bs.mistuning(scattered, **PLAN).table())["best"]
    lr, batch = bowl_law.centre(**PLAN)
    steps = np.exp(np.arange(-0.3, 0.3, 0.02))
    grid = [(lr * a, batch * b) for a in steps for b in steps]
    means = [above(bowl_law, one, scattered.eta_0, scattered.B_0).mean() for one in grid]
    best = int(np.argmin(means))
    np.testing.assert_allclose([found["lr"], found["batch_tokens"]], grid[best], rtol=0.021)
    assert found["percent"] <= 100 * means[best] * (1 + 1e-9)
    assert found["percent"] == pytest.approx(100 * means[best], rel=5e-3)


def test_intervals_and_shares_are_those_of_the_draws(bowl_law, scattered):
    found = rows_of(bs.mistuning(scattered, **PLAN, lr=2e-3, batch_tokens=2e6).table(prob=0.8, within=0.004))["given"]
    lost = above(bowl_law, (2e-3, 2e6), scattered.eta_0, scattered.B_0)
    np.testing.assert_allclose(
        [found[f"percent{end}"] for end in ("", "_lower", "_upper")],
        100 * np.array([lost.mean(), *np.quantile(lost, [0.1, 0.9])]),
        rtol=1e-6,
    )
    assert found["within"] == pytest.approx((lost <= 0.004).mean())
    assert (found["prob"], found["share"]) == (0.8, 0.004)


def test_a_power_of_two_is_the_better_of_the_two_beside_the_best(bowl_law, scattered):
    found = rows_of(bs.mistuning(scattered, **PLAN).table())
    batch = found["power of two"]["batch_tokens"]
    assert math.log2(batch) == round(math.log2(batch))
    beside = [2.0**k for k in (math.floor(math.log2(found["best"]["batch_tokens"])) + i for i in (0, 1))]
    lost = [rows_of(bs.mistuning(scattered, **PLAN, batch_tokens=one).table())["given"]["percent"] for one in beside]
    assert batch == beside[int(np.argmin(lost))]
    assert found["power of two"]["percent"] == pytest.approx(min(lost), rel=1e-6)
    assert found["best"]["percent"] < found["power of two"]["percent"]


def test_beside_a_batch_the_learning_rate_is_the_best_for_it(bowl_law):
    """To second order that is the batch to the power of the tilt; half an e-fold off the twist and the skew show."""
    lr, batch = bowl_law.centre(**PLAN)
    found = rows_of(bs.mistuning(bowl_law, **PLAN, batch_tokens=batch * math.exp(0.1)).table())["given"]
    assert found["lr"] == pytest.approx(lr * math.exp(0.1 * bowl_law.tilt), rel=0.01)
    rates = lr * np.exp(np.arange(-0.2, 0.3, 0.001))
    best = rates[np.argmin(above(bowl_law, (rates, found["batch_tokens"]), bowl_law.eta_0, bowl_law.B_0))]
    assert found["lr"] == pytest.approx(best, rel=0.002)


def test_the_expected_loss_is_that_over_truths_drawn_alike(bowl_law, scattered):
    """Truths from the distribution of the draws: the mean of what the best choice loses there is what was expected,
    to five standard errors of both means, and 90 % intervals hold 90 % of truths."""
    found = rows_of(bs.mistuning(scattered, **PLAN).table())["best"]
    rng = np.random.default_rng(1)
    rate, own = rng.standard_normal((2, 4000))
    eta = bowl_law.eta_0 * np.exp(0.25 * rate)
    size = bowl_law.B_0 * np.exp(0.2 * (0.6 * rate + 0.8 * own))
    lost = 100 * above(bowl_law, (found["lr"], found["batch_tokens"]), eta, size)
    away = 5 * lost.std() * math.sqrt(1 / 400 + 1 / 4000)
    assert abs(found["percent"] - lost.mean()) < away
    inside = ((lost >= found["percent_lower"]) & (lost <= found["percent_upper"])).mean()
    assert abs(inside - 0.9) < 5 * math.sqrt(0.9 * 0.1 * (1 / 400 + 1 / 4000))


def test_of_a_fit_a_cell_has_its_own_best(bowl_fit, bowl_law):
    plan = {"params": 2e8, "tokens": 2e10}
    found = rows_of(bs.mistuning(bowl_fit, **plan, group="small", lr=1e-3).table())
    rate, batch = bowl_law.centre(**plan)
    np.testing.assert_allclose(
        [found["best"]["lr"], found["best"]["batch_tokens"]], [1.2 * rate, 1.2 * batch], rtol=1e-3
    )
    assert found["best"]["group"] == "small"
    made = bs.mistuning(bowl_fit, params=[8e8, 8e9], tokens=2e10).table()
    np.testing.assert_allclose(made["extrapolation"], [1, 1, 10, 10])
    assert made.attrs["note"].startswith("Extrapolated 10x in compute without a discrepancy")
    # A new cell scatters, so that the best choice loses something.
    assert (made["percent"] > 0.01).all()


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"lr": -1.0}, bs.SettingsError, "lr must be positive and finite, one number or a flat list, got -1.0."),
        ({"lr": [1e-3, 2e-3]}, bs.SettingsError, "lr must be one number or 1, one per plan, got 2."),
    ],
    ids=["negative", "lengths"],
)
def test_a_question_that_has_no_answer_is_refused(bowl_law, asked, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        bs.mistuning(bowl_law, **PLAN, **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"within": 0.0}, "within must be positive and finite, a share of the loss such as 0.0025, got 0.0."),
        ({"prob": 1.0}, "prob must lie strictly between 0 and 1, got 1.0; 0.9 is a 90 % interval."),
    ],
    ids=["share", "prob"],
)
def test_a_table_that_cannot_be_is_refused(bowl_law, asked, message):
    with pytest.raises(bs.SettingsError, match=f"^{re.escape(message)}$"):
        bs.mistuning(bowl_law, **PLAN).table(**asked)


def test_a_result_has_labelled_draws_and_prints_its_table(scattered):
    made = bs.mistuning(scattered, params=[1e9, 1e10], tokens=1e11, lr=2e-3)
    lost = made.draws["percent"].sel(choice="given", point=1)
    row = made.table().set_index(["params", "choice"]).loc[(1e10, "given")]
    assert float(lost.mean()) == row["percent"]
    assert made.draws["loss"].attrs == {"long_name": "loss above the best", "units": "nats/token"}
    assert made.draws["lr"].sel(choice="given").to_numpy().tolist() == [2e-3, 2e-3]
    assert repr(made).startswith("Loss above the best settings, step-law\n") and "power of two" in repr(made)


def test_a_law_without_a_bowl_is_refused():
    message = (
        "What settings lose is known from one law with a bowl over both of them, such as step-law; got step-law-lr."
    )
    with pytest.raises(bs.LawError, match=f"^{re.escape(message)}$"):
        bs.mistuning(StepLawRate.published["li2025predictable"], **PLAN)


def test_the_loss_at_the_formula_is_the_laws(bowl_law):
    """The formula of these tests is that of the law, which has tests of its own."""
    with jax.enable_x64(True):
        centre = bowl_law.centre(**PLAN)
        ratio = float(bowl_law(N=1e9, D=1e11, eta=3e-3, B=5e5) / bowl_law(N=1e9, D=1e11, eta=centre[0], B=centre[1]))
    assert ratio - 1 == pytest.approx(above(bowl_law, (3e-3, 5e5), bowl_law.eta_0, bowl_law.B_0), rel=1e-9)
