"""What a backtest fits and what it holds out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly
from bayescale.language.errors import SettingsError
from bayescale.validation.backtest.splits import splits_of

BUDGETS = (1e18, 2e18, 4e18, 8e18, 1.6e19)


@pytest.fixture(scope="module")
def runs():
    """Three families of fifteen runs, three at each budget; of the last family only one budget."""
    rows = [
        {"family": family, "params": n, "tokens": c / (6 * n), "loss": 2.0 + 1e-9 * n + 1e17 / c}
        for family, budgets in (("a", BUDGETS), ("b", BUDGETS), ("c", BUDGETS[-1:]))
        for c in budgets
        for n in (1e8, 3e8, 7e8)
    ]
    return read_quietly(pd.DataFrame(rows), group="family")


@pytest.mark.parametrize(("ratio", "below"), [(2, 9), (4, 6), (8, 3)])
def test_a_run_at_the_cut_is_held_out_whatever_the_rounding(runs, ratio, below):
    first = splits_of(runs, [ratio], "compute", 1)[0]
    assert (first.family, first.label, first.fitted.sum()) == ("a", f"a / {ratio}x", below)
    assert first.held_out.sum() == 15 - below
    compute = 6 * runs.table["params"] * runs.table["tokens"]
    assert compute[first.fitted].max() < compute[first.held_out].min() * (1 - 1e-6)
    assert not (first.fitted & first.held_out).any()
    assert set(runs.table["family"][first.fitted | first.held_out]) == {"a"}


def test_too_few_rows_below_a_cut_are_a_reason_and_no_error(runs):
    reasons = {split.label: split.reason for split in splits_of(runs, [4, 8], "compute", 4)}
    assert reasons == {
        "a / 4x": "",
        "a / 8x": "3 run(s) lie below the cut, and at least 4 are fitted",
        "b / 4x": "",
        "b / 8x": "3 run(s) lie below the cut, and at least 4 are fitted",
        "c / 4x": "0 run(s) lie below the cut, and at least 4 are fitted",
        "c / 8x": "0 run(s) lie below the cut, and at least 4 are fitted",
    }


def test_the_future_is_cut_along_every_run_and_not_across_them():
    rows = [
        {"run": run, "params": 1e8, "tokens": last * part, "loss": 3 - part}
        for run, last in (("short", 1e9), ("long", 1e11))
        for part in (0.1, 0.2, 0.5, 0.6, 1.0)
    ]
    (split,) = splits_of(read_quietly(pd.DataFrame(rows)), [2], "future", 2)
    assert split.fitted.tolist() == [True, True, False, False, False] * 2
    assert split.held_out.tolist() == [False, False, True, True, True] * 2


def test_whole_families_are_held_out_one_by_one(runs):
    splits = splits_of(runs, [], "family", 99)
    assert [split.family for split in splits] == ["a", "b", "c"]
    for split in splits:
        assert np.isnan(split.ratio)
        assert split.held_out.tolist() == (runs.table["family"] == split.family).tolist()
        assert (split.fitted ^ split.held_out).all()


@pytest.mark.parametrize("ratios", [[], [1.0], [2, np.inf], [0.5], [np.nan]])
def test_ratios_lie_above_one(runs, ratios):
    with pytest.raises(SettingsError, match=r"^ratios must be finite numbers above 1, such as 2 4 8 16, got \[.*\]\.$"):
        splits_of(runs, ratios, "compute", 4)


def test_what_cannot_be_held_out_is_refused(runs):
    with pytest.raises(SettingsError, match=r"^hold_out must be one of compute, future, family, got 'time'\.$"):
        splits_of(runs, [2], "time", 4)
    message = r"^hold_out='family' needs a table with at least three families; read it with group=\.\.\.$"
    with pytest.raises(SettingsError, match=message):
        splits_of(runs.select(["a", "b"]), [2], "family", 4)
