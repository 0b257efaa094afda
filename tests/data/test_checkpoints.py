"""Early checkpoints are dropped by two rules, counted and said, and never without being asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.checkpoints import DROPPED
from bayescale.data.read import read_quietly


@pytest.fixture
def table() -> pd.DataFrame:
    """Two runs of ten checkpoints, up to 1e11 and 2e11 tokens, and one of three up to 9e9."""
    tokens = [np.arange(1, 11) * 1e10, np.arange(1, 11) * 2e10, np.arange(1, 4) * 3e9]
    rows = [pd.DataFrame({"run": f"r{i}", "params": 1e9 * (i + 1), "tokens": place}) for i, place in enumerate(tokens)]
    out = pd.concat(rows, ignore_index=True)
    return out.assign(loss=2.0 + 400 / out["params"] ** 0.35 + 400 / out["tokens"] ** 0.3)


def test_both_rules_are_counted_and_said(table):
    table.loc[0, "tokens"] = 0.99e10
    runs = read_quietly(table)
    with pytest.warns(bs.DataWarning) as caught:
        kept = runs.drop_early()
    assert str(caught[0].message) == (
        f"[{DROPPED}] early checkpoints were dropped: 4 of 23 rows (1 in the first 10 % of their run and 4 below 1e+10 "
        "tokens), with them all rows of 1 of 3 runs."
    )
    assert len(kept) == 19
    assert kept.table["tokens"].min() == 2e10
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("fraction", "tokens", "left"), [(0.0, 0.0, 23), (0.35, 0.0, 7 + 7 + 2), (0.0, 5e10, 6 + 8), (0.35, 9e10, 2 + 6)]
)
def test_each_rule_can_be_changed_and_switched_off(table, fraction, tokens, left):
    runs = read_quietly(table)
    if left == len(runs):
        assert len(runs.drop_early(fraction, tokens)) == left
        return
    with pytest.warns(bs.DataWarning, match=DROPPED):
        assert len(runs.drop_early(fraction, tokens)) == left


def test_nothing_is_dropped_unless_asked_for(table):
    with pytest.warns(bs.DataWarning, match="checkpoints-as-runs") as caught:
        assert len(bs.read_runs(table)) == 23
    assert "runs.drop_early() leaves them out" in str(caught[0].message)


@pytest.mark.parametrize(("drop", "left"), [(True, 20), (bs.Early(0.35, 0.0), 16)], ids=str)
def test_the_door_drops_them_and_says_so(table, drop, left):
    with pytest.warns(bs.DataWarning) as caught:
        runs = bs.read_runs(table, drop_early=drop)
    assert len(runs) == left
    assert [warning.message.code for warning in caught] == [DROPPED, "checkpoints-as-runs"]


def test_what_was_dropped_stays_with_the_runs(table):
    with pytest.warns(bs.DataWarning):
        kept = read_quietly(table).drop_early()
    part = kept.subset(kept.table["run"].to_numpy() == "r1")
    assert next(warning.code for warning in part.warnings) == DROPPED
    assert DROPPED in repr(part)


def test_steps_do_where_there_are_no_tokens():
    table = pd.DataFrame({"step": np.arange(1, 21) * 100.0, "compute": 1e20, "loss": 3.0, "run": "r"})
    from bayescale.laws import KaplanC

    runs = read_quietly(table.assign(loss=3.0 - np.arange(20) / 100), law=KaplanC)
    with pytest.raises(bs.DataError, match="The first tokens of a run cannot be dropped from a table without tokens"):
        runs.drop_early()
    with pytest.warns(bs.DataWarning, match="1 of 20 rows"):
        assert len(runs.drop_early(tokens=0)) == 19


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        ({"fraction": 1.0}, bs.SettingsError, "fraction must be at least 0 and below 1, got 1.0"),
        ({"tokens": -1.0}, bs.SettingsError, "tokens must be a number of tokens, or 0"),
        ({"tokens": 1e12}, bs.DataError, "All rows are early checkpoints: 23 of 23 rows"),
    ],
)
def test_rules_that_leave_nothing_are_refused(table, rule, error, message):
    with pytest.raises(error, match=message):
        read_quietly(table).drop_early(**rule)
