"""Comparisons of pooled fits, of later checkpoints and of whole families, and weights against every weight."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.validation import stacking_weights

SHORT = {"chains": 2, "draws": 100, "warmup": 100, "progress": False}
TRUTH = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
LAWS = ["chinchilla", "chinchilla-tied"]


@pytest.fixture(scope="module")
def families() -> bs.Runs:
    """Three families that differ in their floor."""
    grid = [(n, d) for n in np.geomspace(1e8, 2e9, 4) for d in np.geomspace(1e9, 4e10, 4)]
    laws = {name: TRUTH.replace(E=floor) for name, floor in (("a", 1.7), ("b", 1.8), ("c", 1.9))}
    design = pd.DataFrame([{"family": f, "params": n, "tokens": d} for f in laws for n, d in grid])
    return bs.read_runs(bs.simulate(laws, design, seed=3)[["family", "params", "tokens", "loss"]])


def test_pooled_choices_share_one_fit_of_all_families(families):
    pooling = {"default": "complete", "E": "partial"}
    made = bs.compare(LAWS, families, ratios=[4], pooling=pooling, discrepancy=None, compute=1e23, **SHORT)
    for tried in made.tried:
        assert len({id(fit) for fit in tried.fits.values()}) == 1
        assert [tried.group(name) for name in "abc"] == ["a", "b", "c"]
        assert {one.split.group for one in tried.backtest.held_out} == {"a", "b", "c"}
        assert len({id(one.fit) for one in tried.backtest.held_out}) == 1
    # The in-range scores are of one fit of all rows, each once and in the order of the table.
    assert all(found.index.tolist() == list(range(48)) for found in made.in_range.values())
    own = bs.backtest(LAWS[0], families, ratios=[4], pooling=pooling, discrepancy=None, fewest=6, **SHORT)
    found = made.scores[LAWS[0]].groupby("family").mean()
    expected = own.runs.groupby("family")["log_score"].mean()
    pd.testing.assert_series_equal(found, expected, check_names=False, rtol=1e-9)
    table = made.decision_table()
    assert table["group"].unique().tolist() == ["a", "b", "c"]
    mine = table[(table["group"] == "b") & (table["choice"] == LAWS[1]) & (table["quantity"] == "params")]
    plan = bs.allocate(made.tried[1].fits["b"], compute=1e23, group="b", seed=0).table().set_index("quantity")
    assert mine["median"].item() == pytest.approx(plan.loc["params", "median"], rel=1e-9)


def test_whole_families_are_scored_as_new_ones(families):
    """No family's own runs are in the fit that it is scored with; the fit of the decision has them all."""
    pooling = {"default": "complete", "E": "partial"}
    made = bs.compare(LAWS, families, hold_out="family", pooling=pooling, discrepancy=None, **SHORT)
    assert made.scores.index.get_level_values("ratio").unique().tolist() == [0.0]
    assert len(made.scores) == 48 and made.table()["unit"].eq("families").all()
    for tried in made.tried:
        for one in tried.backtest.held_out:
            assert one.split.family not in one.fit.groups and len(one.fit.runs) == 32
        assert set(tried.fits["a"].groups) == {"a", "b", "c"}


@pytest.fixture(scope="module")
def checkpoints() -> bs.Runs:
    """Five runs with ten checkpoints each."""
    rows = [
        {"run": f"{n:g}", "params": n, "tokens": 20 * n * part / 10}
        for n in np.geomspace(1e8, 1e9, 5)
        for part in range(1, 11)
    ]
    table = bs.simulate(TRUTH, pd.DataFrame(rows), seed=3)
    return read_quietly(table[["run", "params", "tokens", "loss"]])


def test_later_checkpoints_are_what_choices_are_scored_on(checkpoints):
    made = bs.compare(LAWS, checkpoints, ratios=[2], hold_out="future", discrepancy=None, draws=250)
    rows = made.scores.index.get_level_values("row")
    table = checkpoints.table.iloc[rows]
    assert (table["tokens"] >= 0.5 * 20 * table["params"] * (1 - 1e-9)).all() and len(rows) == 30
    assert made.table()["unit"].eq("splits").all()
    assert float(made.weights.sum()) == pytest.approx(1.0)
    own = bs.backtest(LAWS[0], checkpoints, ratios=[2], hold_out="future", discrepancy=None, fewest=6, draws=250)
    np.testing.assert_allclose(made.scores[LAWS[0]], own.runs["log_score"], rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_no_weights_on_a_grid_over_the_simplex_score_better(seed):
    """All weights in steps of a hundredth, 5,151 of them: none may be better by more than the documented 1e-6."""
    rng = np.random.default_rng(seed)
    units = [rng.normal(size=(3, n)) - 2.0 for n in (6, 25)]
    shares = np.array([1.0, 0.5])

    def score(weights: np.ndarray) -> float:
        each = [np.log(weights @ np.exp(unit)).mean() for unit in units]
        return float(np.average(each, weights=shares))

    grid = [(i / 100, j / 100, (100 - i - j) / 100) for i, j in itertools.product(range(101), repeat=2) if i + j <= 100]
    scores = np.array([score(np.array(weights)) for weights in grid])
    found = stacking_weights(units, shares)
    assert score(found) >= scores.max() - 1e-6
    # The best of the grid is near: the score is concave, and its curvature in a step of a hundredth is small.
    assert np.abs(np.array(grid[int(scores.argmax())]) - found).max() < 0.02
