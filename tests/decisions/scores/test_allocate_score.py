"""Plans for a score: against predictions of the chain, brute force over sizes, and Jensen's inequality."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.decisions.allocation import CVaR, Exceedance, Mean, ParamsBetween, Quantile
from bayescale.decisions.scores.link import Link, OfScore, _every
from bayescale.language.quantities import ACCURACY
from bayescale.laws import DownstreamAccuracy, DownstreamError

BUDGETS = [1e21, 1e23]


@pytest.fixture(scope="module")
def plan(to_error):
    return bs.allocate_score(to_error, compute=BUDGETS, target=0.6)


def test_the_score_of_the_plan_is_that_of_the_chains_curve(to_error, plan):
    """The same draws in the same pairs, to the last digit but those of compiling."""
    action = plan.plan.action
    made = bs.predict(to_error, params=action["params"].to_numpy(), tokens=action["tokens"].to_numpy(), kind="law")
    wanted = made.last.draws["error"].to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(plan.scores, wanted, rtol=1e-10)
    table = plan.action_table()
    np.testing.assert_allclose(table["expected"], wanted.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(table[["lower", "upper"]].T, np.quantile(wanted, [0.05, 0.95], axis=0), rtol=1e-9)
    np.testing.assert_allclose(table["outside"], made.outside[1], atol=0.02)


def test_the_best_split_has_the_least_expected_error_of_all_sizes(to_error, plan):
    """By predictions of the chain at sizes 2 % apart: near its least the mean error is flat to its fifth digit."""
    best = plan.action_table()
    for budget, row in zip(BUDGETS, best.to_dict("records"), strict=True):
        sizes = row["params"] * np.exp(np.arange(-0.6, 0.6, 0.02))
        made = bs.predict(to_error, params=sizes, tokens=budget / (6 * sizes), kind="law")
        means = made.last.draws["error"].mean(("chain", "draw")).to_numpy()
        assert row["expected"] <= means.min() * (1 + 1e-9)
        assert row["params"] == pytest.approx(sizes[means.argmin()], rel=0.03)


def test_the_posterior_of_the_split_is_that_of_the_loss(to_error, plan):
    """Under a draw an error that rises with the loss is least where the loss is."""
    alone = bs.allocate(to_error.fits[0], compute=BUDGETS).table()
    table = plan.table()
    same = table[table["quantity"] != "error"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, alone)
    errors = table[table["quantity"] == "error"]
    assert errors["compute"].tolist() == BUDGETS
    losses = bs.allocate(to_error.fits[0], compute=BUDGETS).draws["loss"].to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(errors["median"], np.median(plan.link.scores(losses), axis=0), rtol=1e-10)


def test_jensen_moves_the_plan_from_that_of_the_loss_and_never_for_the_worse(to_error, plan):
    """An error that bends with the loss weighs draws otherwise than the loss does."""
    table = plan.action_table()
    loss = bs.allocate(to_error.fits[0], compute=BUDGETS).action_table()
    np.testing.assert_allclose(table["loss_params"], loss["params"], rtol=1e-9)
    assert (table["loss_regret"] >= 0).all() and (table["regret"] > 0).all()
    assert table["loss_regret"].iloc[1] > 0
    assert abs(np.log(table["params"] / table["loss_params"])).iloc[1] > 0.001


def test_through_a_straight_line_the_plan_is_that_of_the_loss(to_error, plan):
    """An error that is a straight line of the loss has the same best plan; sizes are searched to a thousandth."""
    law = DownstreamError(eps=np.full((1, 1), 5e5), K=5e5, gamma=1e-6, L0=1.0)
    straight = replace(plan.link, laws=(law,))
    rises = np.diff(straight.scores(np.linspace(1.5, 3.0, 4)[None])[0])
    np.testing.assert_allclose(rises, 0.25, rtol=1e-4)
    found = bs.allocate(to_error.fits[0], compute=BUDGETS, objective=OfScore(Mean(), straight)).action["params"]
    wanted = bs.allocate(to_error.fits[0], compute=BUDGETS).action["params"]
    np.testing.assert_allclose(found, wanted, rtol=3e-3)


def test_a_new_run_scatters_more_than_the_curve_and_reaches_a_target_as_often_as_predicted(to_error, plan):
    table = plan.action_table()
    assert (table["run_upper"] - table["run_lower"] > table["upper"] - table["lower"]).all()
    made = bs.predict(
        to_error, params=table["params"].to_numpy(), tokens=table["tokens"].to_numpy(), kind="run"
    ).last.draws["error"]
    np.testing.assert_allclose(table["reaches"], (made <= 0.6).mean(("chain", "draw")), atol=1e-12)
    assert 0.05 < table["reaches"].iloc[0] < 0.9999 or 0.05 < table["reaches"].iloc[1] < 0.9999
    assert "reaches" not in bs.allocate_score(to_error, compute=1e21).action_table()


@pytest.mark.parametrize("objective", [Quantile(0.9), CVaR(0.8), Exceedance(0.5)], ids=str)
def test_other_objectives_are_of_the_error(to_error, objective):
    """Within the noise of one draw no size that is 5 % apart has a lower value."""
    found = bs.allocate_score(to_error, compute=1e23, objective=objective)
    action = found.plan.action
    value, params = float(action["objective"].item()), float(action["params"].item())
    sizes = params * np.exp(np.arange(-0.5, 0.5, 0.05))
    made = bs.predict(to_error, params=sizes, tokens=1e23 / (6 * sizes), kind="law").last.draws["error"]
    values = objective.value(made.to_numpy().reshape(-1, sizes.size))
    assert value <= values.min() + (1 / found.scores.shape[0] if isinstance(objective, Exceedance) else 1e-6)
    assert found.plan.objective.name == objective.name.replace("the loss", "error").replace("loss", "error")


def test_constraints_hold_the_plan_back_and_say_so(to_error):
    found = bs.allocate_score(to_error, compute=1e23, constraints=ParamsBetween(most=1e10)).action_table()
    assert found["params"].item() == pytest.approx(1e10)
    assert found["binding"].item() == "at most 1e+10 parameters"


def test_accuracy_is_made_most(scattered):
    """At values known exactly the plan of a law of accuracy is that of its loss, and one less it the badness."""
    law = DownstreamAccuracy(ceiling=np.full((1, 1), 0.9), k=np.full((1, 1), 4.0), half=np.full((1, 1), 2.4), L0=1.0)
    link = Link((law,), ("loss",), {"chance": 0.25}, ACCURACY)
    losses = np.array([[2.0, 2.4, 3.0]])
    wanted = 0.25 + 0.75 * 0.9 / (1 + np.exp(4.0 * (losses - 2.4)))
    np.testing.assert_allclose(link.scores(losses), wanted, rtol=1e-12)
    np.testing.assert_allclose(link.badness(losses), 1 - wanted, rtol=1e-12)
    assert link.rises and not link.badness(losses).argmin()


@pytest.mark.parametrize(("draws", "most"), [(4000, 1000), (4500, 1000), (1001, 200), (10, 7), (7, 7)])
def test_fewer_rows_are_those_of_every_so_many_draws(draws, most):
    """As a problem is thinned: draw i of every step-th."""
    law = DownstreamError(eps=np.arange(float(draws))[:, None], K=0.0, gamma=1.0)
    step = -(-draws // most)
    kept = np.arange(draws)[::step]
    np.testing.assert_array_equal(_every(law, kept.size).eps[:, 0], kept)


def test_three_stages_go_through_a_task_loss(scattered, errors):
    """Loss to a task's loss to its error: the plan's scores are those of the chain's own prediction."""
    source = np.linspace(1.9, 4.1, 20)
    noise = np.exp(0.002 * np.random.default_rng(0).standard_normal(20))
    table = pd.DataFrame({"source_loss": source, "loss": (0.3 + 0.9 * source) * noise})
    middle = bs.fit("loss-offset", bs.read_runs(table, law="loss-offset"), seed=0)
    chain = bs.chain(scattered, middle, errors)
    found = bs.allocate_score(chain, compute=1e22)
    action = found.plan.action
    made = bs.predict(chain, params=action["params"].item(), tokens=action["tokens"].item(), kind="law")
    np.testing.assert_allclose(found.scores, made.last.draws["error"].to_numpy().reshape(-1, 1), rtol=1e-10)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": 1.4}, "error must be finite, at least 0 and at most 1, one number or a flat list, got 1.4."),
        (
            {"chance": 0.25},
            "allocate_score takes no 'chance'; further inputs of chinchilla then downstream-error: none.",
        ),
        ({"group": "web"}, "The fit has no family 'web'; its table had no families, leave the group out."),
        ({"compute": None}, "Give budgets in one of compute, dollars, device_hours, hours; got nothing."),
    ],
    ids=["target", "input", "group", "budget"],
)
def test_a_question_that_has_no_answer_is_refused(to_error, asked, message):
    with pytest.raises(bs.SettingsError, match=f"^{re.escape(message)}$"):
        bs.allocate_score(to_error, **{"compute": 1e21} | asked)


def test_chains_and_fits_are_not_taken_for_each_other(to_error, scattered):
    with pytest.raises(
        bs.SettingsError, match=r"^allocate_score takes a chain of fits, bs\.chain\(loss, accuracy\), got"
    ):
        bs.allocate_score(scattered, compute=1e21)
    message = "allocate plans for a loss, and chinchilla then downstream-error is a chain; bs.allocate_score plans for"
    with pytest.raises(bs.SettingsError, match=f"^{message}"):
        bs.allocate(to_error, compute=1e21)
