"""Next runs are valued as the draws of predictions and plans say they should be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale import goals
from bayescale.decisions.allocation.regret import wasted_compute
from bayescale.decisions.next_run.aim import wasted_share
from bayescale.decisions.next_run.regret import size_and_rate
from bayescale.decisions.next_run.situation import Situation

SIGMA = 0.01  # of the fits made by hand
TARGET = {"params": 1e10, "tokens": 6e11}  # two decades beyond
PATH = bs.Discrepancy.brownian(0.05, drift=-0.02)


def log_draws(fit, inputs, discrepancy, kind="law") -> np.ndarray:
    """Log losses by the door of predictions, draw x point."""
    made = bs.predict(fit, **inputs, kind=kind, discrepancy=discrepancy)
    values = np.log(made.draws["loss"].to_numpy())
    return values.reshape(-1, values.shape[-1])


def variance_after(target: np.ndarray, run: np.ndarray, noise: float) -> float:
    both = np.cov(target, run)
    return both[0, 0] - both[0, 1] ** 2 / (both[1, 1] + noise)


def place_of(row, candidates: pd.DataFrame) -> int:
    return int(candidates.index[(candidates["params"] == row.params) & (candidates["tokens"] == row.tokens)][0])


@pytest.mark.parametrize("discrepancy", [None, PATH])
def test_a_forecast_is_known_better_by_what_its_draws_share_with_a_run(scattered, candidates, discrepancy):
    found = bs.next_run(scattered, goals.Forecast(**TARGET), candidates, discrepancy=discrepancy)
    target = log_draws(scattered, TARGET, discrepancy)[:, 0]
    runs = log_draws(scattered, {name: candidates[name] for name in candidates}, discrepancy)
    table = found.table()
    for row in table.itertuples():
        place = place_of(row, candidates)
        after = variance_after(target, runs[:, place], SIGMA**2)
        assert row.sd_before == pytest.approx(target.std(ddof=1), rel=1e-9)
        assert row.sd_after == pytest.approx(np.sqrt(after), rel=1e-4)  # the information of normal noise, by integral
        assert row.value == pytest.approx(1 - after / target.var(ddof=1), rel=1e-3)
        assert row.cost == row.price == pytest.approx(6 * row.params * row.tokens)
    assert table["unit"].eq("share of the variance").all() and found.worth_it is None


def test_a_run_tells_of_the_path_of_the_discrepancy_up_to_where_it_is(one):
    """The law is exactly known, so only the path is not: variances of 10,000 draws within five standard errors."""
    scale, target, inputs = 0.05, 2.0, {"params": [1e9, 2e9, 6e9], "tokens": [5e10, 1.8e11, 3e11]}
    largest = 6 * 1e9 * 6e10
    added = bs.Discrepancy.brownian(scale)
    found = bs.next_run(one, goals.Forecast(**TARGET), pd.DataFrame(inputs), discrepancy=added, order="value")
    table = found.table().sort_values("cost")
    distance = np.log10(np.maximum(table["cost"] / largest, 1.0))
    share = distance**2 * scale**2 / (distance * scale**2 + SIGMA**2) / target
    np.testing.assert_allclose(table["value"], share, atol=5 * 2 / np.sqrt(10_000))
    assert table["value"].iloc[0] < 1e-9 and table["value"].is_monotonic_increasing
    assert "valued with the discrepancy brownian 0.05" in found.note


def test_the_regret_of_a_plan_is_what_a_normal_log_size_wastes(scattered, candidates):
    compute = 1e23
    found = bs.next_run(scattered, goals.Regret(compute), candidates, discrepancy=None)
    plan = bs.allocate(scattered, compute=compute, discrepancy=None)
    size = np.log(plan.draws["params"].to_numpy()).ravel()
    rate = 0.5 * float((scattered.posterior["alpha"] + scattered.posterior["beta"]).mean())
    runs = log_draws(scattered, {name: candidates[name] for name in candidates}, None)
    for row in found.table().itertuples():
        place = place_of(row, candidates)
        fall = size.var(ddof=1) - variance_after(size, runs[:, place], SIGMA**2)
        wasted = [_wasted(rate, variance) for variance in (size.var(ddof=1), size.var(ddof=1) - fall)]
        assert row.value == pytest.approx((wasted[0] - wasted[1]) * compute, rel=1e-3)
        assert row.value <= rate * fall * compute  # that of small distances
        assert row.sd_before == pytest.approx(size.std(ddof=1), rel=1e-9)
    assert found.table()["unit"].eq("FLOP").all()


def _wasted(rate: float, variance: float) -> float:
    """The mean of 1 - exp(-rate x^2) over a normal x, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return float(1 - (weights * np.exp(-rate * variance * nodes**2)).sum() / weights.sum())


def test_no_run_is_worth_more_than_the_whole_budget():
    """Seven runs at 20 tokens per parameter leave the best size open; what is wasted is less than all there is."""
    runs = bs.datasets.load("pile-families").select("Cerebras-GPT")
    fit = bs.fit("chinchilla", runs)
    grid = {"params": [1e8, 1e9, 1e10], "tokens": [2e10, 2e11, 1e12]}
    table = bs.next_run(fit, goals.Regret(1e22), grid).table()
    assert table["sd_before"].iloc[0] > 1.5
    assert (table["value"] < 1e22).all()


@pytest.mark.parametrize("compute", [1e22, 1e23, 1e24])
def test_what_a_plan_wastes_is_that_of_every_draw_s_own_frontier(compute):
    """Of seven runs on a line, where half of the compute is wasted: .512 of .518, .526 of .537 and .542 of .556."""
    fit = bs.fit("chinchilla", bs.datasets.load("pile-families").select("Cerebras-GPT"))
    plan = bs.allocate(fit, compute=compute, discrepancy=None)
    exact = (1 - 1 / wasted_compute(plan.problem, plan.action["params"].to_numpy())).mean()
    log_size, rate = size_and_rate(Situation(fit, None, fit.seed, bs.costs.SixND(), None), compute)
    assert wasted_share(np.atleast_2d(log_size.var(ddof=1)), rate) == pytest.approx(exact, abs=0.02)


def test_what_costs_more_than_it_is_worth_does_not_end_a_batch_by_value():
    """The run of the highest value costs more than that; a cheaper one is worth its price and is chosen."""
    runs = bs.datasets.load("pile-families").select("Cerebras-GPT")
    grid = {"params": [1e8, 1e9, 1e10], "tokens": [2e10, 2e11, 1e12]}
    found = bs.next_run(bs.fit("chinchilla", runs), goals.Regret(1e20), grid, order="value")
    table = found.table()
    assert table["value"].iloc[0] < table["price"].iloc[0]
    worth = table[table["value"] > table["price"]]
    assert len(worth)
    first = found.batch().iloc[0]
    assert f"Run {worth['rank'].iloc[0]} is the first that is worth its price" in found.note
    assert (first["params"], first["tokens"]) == tuple(worth.sort_values("value").iloc[-1][["params", "tokens"]])


def test_parameters_are_known_better_in_nats_of_all_or_of_some(scattered, candidates):
    inputs = {name: candidates[name] for name in candidates}
    runs = log_draws(scattered, inputs, None)
    sites = {name: scattered.unconstrained[name].to_numpy().ravel() for name in ("E", "A", "B", "alpha", "beta")}
    for names in ((), ("beta",), ("A", "alpha")):
        found = bs.next_run(scattered, goals.Parameters(*names), candidates, discrepancy=None).table()
        targets = np.stack([sites[name] for name in names or sites])
        for row in found.itertuples():
            place = place_of(row, candidates)
            both = np.cov(np.concatenate([targets, runs[:, place][None]]))
            k = len(targets)
            after = both[:k, :k] - np.outer(both[:k, k], both[:k, k]) / (both[k, k] + SIGMA**2)
            gain = 0.5 * (np.linalg.slogdet(both[:k, :k])[1] - np.linalg.slogdet(after)[1])
            assert row.value == pytest.approx(gain, rel=1e-3, abs=1e-9)
            if k == 1:
                assert row.sd_before == pytest.approx(np.sqrt(both[0, 0]), rel=1e-9)


def test_a_batch_is_greedy_and_its_second_run_knows_the_first(scattered, candidates):
    found = bs.next_run(scattered, goals.Forecast(**TARGET), candidates, size=3, discrepancy=PATH)
    batch = found.batch()
    assert batch["rank"].tolist() == [1, 2, 3]
    assert batch.loc[0, "value"] == pytest.approx(found.best["value"])
    np.testing.assert_allclose(batch["sd_before"].iloc[1:], batch["sd_after"].iloc[:-1], rtol=1e-12)
    # All three together, by one update.
    target = log_draws(scattered, TARGET, PATH)[:, 0]
    runs = log_draws(scattered, {name: batch[name] for name in ("params", "tokens")}, PATH)
    both = np.cov(np.concatenate([target[None], runs.T]))
    spread = both[1:, 1:] + SIGMA**2 * np.eye(3)
    after = both[0, 0] - both[0, 1:] @ np.linalg.solve(spread, both[0, 1:])
    assert batch["sd_after"].iloc[-1] == pytest.approx(np.sqrt(after), rel=1e-4)


def test_a_batch_of_each_once_takes_no_candidate_twice(scattered, candidates):
    twice, once = (
        bs.next_run(scattered, goals.Parameters("E"), candidates, size=9, once=flag, order="value").batch()
        for flag in (False, True)
    )
    assert len(twice) == 9 and len(once) == len(candidates)
    assert not once.duplicated(["params", "tokens"]).any()


def test_runs_cost_what_their_column_or_the_cost_says_and_the_order_follows(scattered, candidates):
    own = candidates.assign(cost=[1e18, 2e18, 3e18, 4e18, 5e18])
    found = bs.next_run(scattered, goals.Forecast(**TARGET), own, discrepancy=PATH).table()
    assert sorted(found["cost"]) == own["cost"].tolist()
    np.testing.assert_allclose(found["value_per_price"], found["value"] / found["cost"], rtol=1e-12)
    assert found["value_per_price"].is_monotonic_decreasing
    by_value = bs.next_run(scattered, goals.Forecast(**TARGET), own, order="value", discrepancy=PATH).table()
    assert by_value["value"].is_monotonic_decreasing
    net = bs.next_run(scattered, goals.Forecast(worth=1e19, **TARGET), own, order="net", discrepancy=PATH).table()
    assert (net["value"] - net["price"]).is_monotonic_decreasing


def test_a_grid_is_all_combinations_and_the_default_one_spans_the_runs(scattered):
    grid = {"params": [1e8, 1e9], "tokens": [1e10, 2e10, 4e10]}
    found = bs.next_run(scattered, goals.Parameters(), grid).table()
    assert {(n, d) for n, d in zip(found["params"], found["tokens"], strict=True)} == {
        (n, d) for n in grid["params"] for d in grid["tokens"]
    }
    default = bs.next_run(scattered).table()
    assert default["extrapolation"].max() == pytest.approx(1.0)
    assert default["goal"].iloc[0] == "log N* at 3.6e+21 FLOP"  # ten times the largest run


def test_a_box_is_searched_until_no_grid_in_it_is_better(scattered):
    ends = {"params": (1e8, 1e10), "tokens": (1e9, 1e12)}
    grid = {name: np.geomspace(low, high, 25) for name, (low, high) in ends.items()}
    for order in ("value", "per_price"):
        box, listed = (
            bs.next_run(scattered, goals.Regret(1e23), where, order=order, budget=1e21)
            for where in (bs.Box(**ends), grid)
        )
        column = {"value": "value", "per_price": "value_per_price"}[order]
        assert box.best[column] > 0.98 * listed.best[column]
        assert box.best["cost"] <= 1e21


def test_a_new_family_and_a_known_one_are_other_questions(grouped, candidates):
    answers = [bs.next_run(grouped, goals.Forecast(**TARGET), candidates, group=g).best for g in (None, "web")]
    # Families of this fit are exactly known, a new one is not.
    assert answers[0]["sd_before"] > 1.5 * answers[1]["sd_before"]


def test_it_prints_with_its_note(scattered, candidates):
    found = bs.next_run(scattered, goals.Regret(1e23), candidates, discrepancy=None)
    assert repr(found).startswith("Next run for log N* at 1e+23 FLOP, (all): 5 candidates\n")
    assert repr(found).endswith(found.note) and found.table().attrs["note"] == found.note
    assert found.note.endswith("Runs beyond the data are valued as if the law were exact there.")
