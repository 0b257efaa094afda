"""Steps against compute: the algebra of McCandlish et al., Kaplan's formulas, and draws of a critical batch."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.costs import KaplanForward, RateCard, ShapeFamily
from bayescale.laws import Chinchilla, StepLawBatch, StepLawRate, critical_batch, least_compute, least_steps

PLAN = {"params": 7e9, "tokens": 1.4e12}
BATCHES = [2.5e5, 1e6, 2e6, 4e6, 1.6e7]
CARD = RateCard(flop_per_second=1e15, utilisation=0.4, dollars_per_device_hour=2.0, devices=512)


def test_steps_and_tokens_obey_the_hyperbola():
    """(S / S_min - 1)(E / E_min - 1) = 1 at every batch; at the critical one both are twice the least."""
    table = bs.batch_trade_off(2e6, **PLAN, batch_tokens=BATCHES).table()
    least, few = 1.4e12, 1.4e12 / 2e6
    np.testing.assert_allclose((table["step"] / few - 1) * (table["tokens"] / least - 1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(table["step"] * table["batch_tokens"], table["tokens"], rtol=1e-12)
    np.testing.assert_allclose(table["compute"], 6 * 7e9 * table["tokens"], rtol=1e-12)
    at = table[table["batch_tokens"] == 2e6]
    assert at[["ratio", "more_steps", "more_compute", "step", "tokens"]].to_numpy().tolist() == [
        [1.0, 100.0, 100.0, 2 * few, 2 * least]
    ]


def test_it_inverts_kaplans_corrections():
    """From any batch back to S_min and C_min by the formulas of the laws."""
    found = bs.batch_trade_off(3e6, **PLAN, batch_tokens=BATCHES, planned_batch=1e6).table()
    least = 1.4e12 / (1 + 1e6 / 3e6)
    np.testing.assert_allclose(least_steps(found["step"], found["batch_tokens"], 3e6), least / 3e6, rtol=1e-12)
    np.testing.assert_allclose(least_compute(found["compute"], found["batch_tokens"], 3e6), 6 * 7e9 * least, rtol=1e-12)
    planned = found[found["batch_tokens"] == 1e6]
    np.testing.assert_allclose(planned["tokens"], 1.4e12, rtol=1e-12)


def test_doubt_about_the_critical_batch_reaches_every_column():
    draws = 2e6 * np.exp(0.3 * np.random.default_rng(0).standard_normal(5000))
    found = bs.batch_trade_off(draws, **PLAN, batch_tokens=BATCHES, planned_batch=1e6)
    table = found.table(prob=0.8)
    for row in table.to_dict("records"):
        tokens = 1.4e12 / (1 + 1e6 / draws) * (1 + row["batch_tokens"] / draws)
        for name, values in (("tokens", tokens), ("step", tokens / row["batch_tokens"])):
            wanted = np.quantile(values, [0.5, 0.1, 0.9])
            np.testing.assert_allclose([row[name], row[f"{name}_lower"], row[f"{name}_upper"]], wanted, rtol=1e-9)
        assert row["ratio"] == pytest.approx(np.median(row["batch_tokens"] / draws))
    # What the planned batch takes is known: its tokens are those of the plan.
    planned = table[table["batch_tokens"] == 1e6]
    np.testing.assert_allclose(planned["tokens_upper"], planned["tokens_lower"], rtol=1e-12)
    critical = found.critical_table(prob=0.8)
    np.testing.assert_allclose(
        critical[["median", "lower", "upper"]].to_numpy()[0], np.quantile(draws, [0.5, 0.1, 0.9])
    )
    assert critical["source"].item() == "given"


def test_kaplans_critical_batch_follows_from_the_loss():
    law = Chinchilla.published["besiroglu2024chinchilla"]
    wanted = critical_batch(float(law(N=7e9, D=1.4e12)))
    for loss in (law, float(law(N=7e9, D=1.4e12))):
        found = bs.batch_trade_off(loss=loss, **PLAN)
        assert found.critical_table()["median"].item() == pytest.approx(wanted, rel=1e-9)
        assert found.source == "published kaplan2020scaling"
        assert found.note.startswith("The critical batch is Kaplan et al.'s function of the loss, whose constants come")
    np.testing.assert_allclose(found.table()["ratio"], 2.0 ** np.arange(-3, 4), rtol=1e-12)


def test_of_a_fit_of_the_loss_the_critical_batch_has_the_doubt_about_the_loss(grouped):
    """A new family's losses at a plan beyond the data, with what a discrepancy adds, through Kaplan's formula."""
    found = bs.batch_trade_off(loss=grouped, **PLAN)
    made = bs.predict(grouped, kind="law", **PLAN)
    losses = made.draws["loss"].to_numpy().ravel()
    np.testing.assert_allclose(found.draws["critical_batch"], 2.1e8 / losses ** (1 / 0.21), rtol=1e-9)
    row = found.critical_table().iloc[0]
    assert row["lower"] < row["median"] < row["upper"]
    assert found.note.startswith(made.note)
    one = bs.batch_trade_off(loss=grouped, **PLAN, group="web", seed=3)
    other = bs.predict(grouped, kind="law", group="web", seed=3, **PLAN).draws["loss"].to_numpy().ravel()
    np.testing.assert_allclose(one.draws["critical_batch"], 2.1e8 / other ** (1 / 0.21), rtol=1e-9)


def test_a_fit_of_measured_critical_batches_covers_the_true_one():
    """Thirty tables of twelve measurements from a known power of tokens: at a planned run beyond them the truth is in
    the 90 % interval 27 times in the mean; below 20 is less likely than one in ten thousand, as is missing none at
    all in intervals that are three times too wide."""
    inside, widths = 0, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        tokens = np.geomspace(1e9, 1e11, 12)
        truth = StepLawBatch(B_0=7.0, b_D=0.47)
        batch = np.asarray(truth(tokens)) * np.exp(0.1 * rng.standard_normal(12))
        runs = bs.read_runs(pd.DataFrame({"tokens": tokens, "batch_tokens": batch}), law="step-law-batch")
        fit = bs.fit("step-law-batch", runs, noise="normal", seed=seed)
        row = bs.batch_trade_off(fit, **PLAN).critical_table().iloc[0]
        inside += row["lower"] <= float(truth(1.4e12)) <= row["upper"]
        widths.append(np.log(row["upper"] / row["lower"]))
        assert row["source"] == "posterior of step-law-batch"
    assert inside >= 20
    # Least squares: sd of the line 1.4e12 / 1e10 away, in 12 points over two decades with sd 0.1.
    x = np.log(np.geomspace(1e9, 1e11, 12))
    sd = 0.1 * np.sqrt(1 / 12 + (np.log(1.4e12) - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    assert np.median(widths) == pytest.approx(2 * 1.645 * sd, rel=0.35)


def test_hours_follow_steps_where_devices_grow_and_compute_where_they_do_not():
    known = {"batch_tokens": BATCHES, "rate_card": CARD}
    fixed = bs.batch_trade_off(2e6, **PLAN, **known).table()
    np.testing.assert_allclose(fixed["hours"], CARD.hours(fixed["compute"]), rtol=1e-12)
    np.testing.assert_allclose(fixed["dollars"], CARD.dollars(fixed["compute"]), rtol=1e-12)
    growing = bs.batch_trade_off(2e6, **PLAN, **known, tokens_per_device=8192).table()
    # A device does its share of a step in a time that no batch changes.
    seconds = 6 * 7e9 * 8192 / (1e15 * 0.4)
    np.testing.assert_allclose(growing["hours"], growing["step"] * seconds / 3600, rtol=1e-12)
    np.testing.assert_array_equal(growing["dollars"], fixed["dollars"])
    timed = bs.batch_trade_off(2e6, **PLAN, batch_tokens=BATCHES, seconds_per_step=2.5).table()
    np.testing.assert_allclose(timed["hours"], timed["step"] * 2.5 / 3600, rtol=1e-12)
    assert "dollars" not in timed and "hours" not in bs.batch_trade_off(2e6, **PLAN).table()


def test_compute_is_counted_by_the_cost_that_is_given():
    cost = KaplanForward(ShapeFamily(aspect=60, vocabulary=50_000, context=2048))
    table = bs.batch_trade_off(2e6, **PLAN, cost=cost).table()
    np.testing.assert_allclose(table["compute"], cost(7e9, table["tokens"]), rtol=1e-12)
    assert table["cost"].unique().tolist() == [cost.name]


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (
            {},
            bs.SettingsError,
            "Kaplan's critical batch follows from the loss that the run reaches; give loss=2.1, or a fit of the loss.",
        ),
        (
            {"critical": 2e6, "loss": 2.0},
            bs.SettingsError,
            "loss is for critical='kaplan2020scaling', which follows from it; leave it out.",
        ),
        (
            {"critical": "zhang"},
            bs.SettingsError,
            "critical takes 'kaplan2020scaling', tokens, a fit or a law of batch sizes, got 'zhang'.",
        ),
        (
            {"critical": StepLawRate.published["li2025predictable"]},
            bs.LawError,
            "A law of the batch size is needed here, and 'step-law-lr' says learning rate.",
        ),
        (
            {"loss": StepLawBatch.published["li2025predictable"]},
            bs.LawError,
            "A law of the loss is needed here, and 'step-law-batch' says batch size.",
        ),
        (
            {"critical": 2e6, "tokens_per_device": 8192},
            bs.SettingsError,
            "tokens_per_device needs rate_card=costs.RateCard(...), which says how fast a device is.",
        ),
        (
            {"critical": 2e6, "rate_card": CARD, "tokens_per_device": 8192, "seconds_per_step": 1.0},
            bs.SettingsError,
            "seconds_per_step and tokens_per_device both say how long a step takes; give one of them.",
        ),
        (
            {"critical": -2e6},
            bs.SettingsError,
            "critical must be positive and finite, tokens, or draws of them, got -2000000.0.",
        ),
    ],
    ids=["no loss", "loss", "paper", "rate", "not loss", "no card", "two times", "negative"],
)
def test_a_question_that_has_no_answer_is_refused(asked, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        bs.batch_trade_off(**PLAN, **asked)
