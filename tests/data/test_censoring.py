"""Losses far above the best of their plan become lower bounds, and nothing is dropped."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly

TABLE = pd.DataFrame(
    {
        "params": [1e8] * 4 + [1e9] * 3,
        "tokens": 1e10,
        "loss": [2.5, 2.54, 2.6, np.nan, 2.0, 9.0, np.inf],
        "lr": [1e-3, 2e-3, 4e-3, 8e-3, 1e-3, 2e-3, 4e-3],
    }
)


def test_runs_far_from_the_best_of_their_cell_say_that_they_are():
    made = bs.censor(TABLE, excess=0.02)
    assert made["censored"].tolist() == [0, 0, 1, 1, 0, 1, 1]
    np.testing.assert_allclose(made["loss"], [2.5, 2.54, 2.55, 2.55, 2.0, 2.04, 2.04], rtol=1e-12)
    pd.testing.assert_frame_equal(made[["params", "tokens", "lr"]], TABLE[["params", "tokens", "lr"]])
    assert "censored" not in TABLE


def test_without_a_limit_only_runs_without_a_loss_are_bounds():
    """They are at least as bad as the worst that has one."""
    made = bs.censor(TABLE, excess=np.inf)
    assert made["censored"].tolist() == [0, 0, 0, 1, 0, 0, 1]
    assert made["loss"].tolist() == [2.5, 2.54, 2.6, 2.6, 2.0, 9.0, 9.0]


def test_bounds_are_read_with_their_column():
    runs = read_quietly(bs.censor(TABLE).assign(batch_tokens=1e6), law="step-law")
    assert runs.table["censored"].tolist() == [0, 0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({}, {"excess": 0.0}, "excess must be a positive share of the best loss such as 0.02, got 0.0."),
        ({}, {"excess": True}, "excess must be a positive share of the best loss such as 0.02, got True."),
        ({}, {"by": ("size",)}, "The table has no column 'size'; it has params, tokens, loss, lr."),
        ({"censored": 0}, {}, "The table has a column 'censored' already; leave it out, or take the table as it is."),
        ({"loss": -1.0}, {}, "loss must be positive, or missing for runs that diverged; got -1."),
        (
            {"loss": [np.nan] * 4 + [2.0] * 3},
            {},
            "No run at params 1e+08, tokens 1e+10 has a loss, so there is no bound either; leave these runs out.",
        ),
    ],
    ids=["excess", "bool", "by", "twice", "negative", "no loss"],
)
def test_what_cannot_be_censored_is_refused(change, settings, message):
    with pytest.raises(bs.SettingsError, match=f"^{re.escape(message)}$"):
        bs.censor(TABLE.assign(**change), **settings)
