"""The figure of next runs: candidates with their errors, what is chosen, and the line of prices."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.show import figures

CANDIDATES = pd.DataFrame({"params": [1e8, 1e9, 1e10], "tokens": [2e10, 2e10, 2e11]})


def found(fit, goal, **more):
    return bs.next_run(fit, goal, CANDIDATES, group="Pythia", discrepancy=None, **more)


def test_the_table_has_the_place_of_each_candidate_in_the_batch(fit):
    data = figures.next_run_data(found(fit, bs.goals.Parameters(), size=2, once=True, order="value"))
    assert sorted(data["chosen"]) == [0, 1, 2] and not data["priced"].any()
    assert data.loc[data["chosen"] == 1, "value"].item() == data["value"].max()


def test_prices_are_a_line_and_what_the_budget_leaves_out_is_hollow(fit):
    answer = found(fit, bs.goals.Regret(1e24), budget=1e21)
    axes = figures.next_run(answer)
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"beyond the budget", "worth its price above"} <= set(words)
    line = next(one for one in axes.get_lines() if one.get_linestyle() == "--")
    np.testing.assert_allclose(line.get_ydata(), line.get_xdata())  # compute is paid in compute
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("cost of the run (FLOP)", "value (FLOP)")
    assert axes.get_title() == "next run for log N* at 1e+24 FLOP"


def test_values_without_a_price_have_no_such_line(fit):
    axes = figures.next_run(figures.next_run_data(found(fit, bs.goals.Parameters())))
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    assert "worth its price above" not in [text.get_text() for text in axes.get_legend().get_texts()]


def test_other_things_are_refused(fit):
    with pytest.raises(SettingsError, match=r"^next_run takes a NextRun or its table, got Fit\.$"):
        figures.next_run(fit)
    with pytest.raises(SettingsError, match=r"^The table lacks goal, cost"):
        figures.next_run(pd.DataFrame({"rank": [1]}))
