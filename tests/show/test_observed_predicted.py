"""The figure of observed against predicted responses, for laws of any response."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.show import figures


@pytest.fixture(scope="module")
def curve():
    """A fit of a law from model size alone; its last run is far off."""
    params = np.geomspace(1e7, 1e10, 14)
    loss = (8.8e13 / params) ** 0.076 * np.exp(0.004 * np.cos(5 * np.arange(14)))
    loss[-1] *= 1.5
    runs = bs.read_runs(pd.DataFrame({"params": params, "loss": loss}), law="kaplan-n")
    return bs.fit("kaplan-n", runs, seed=0, progress=False)


def test_the_table_has_every_run_beside_its_predictive_distribution(curve):
    data = figures.observed_predicted_data(curve, prob=0.8)
    assert data["observed"].tolist() == curve.runs.table["loss"].tolist()
    draws = curve.posterior_predictive["loss"].to_numpy().reshape(-1, 14)
    assert data["lower"].to_numpy() == pytest.approx(np.quantile(draws, 0.1, axis=0))
    assert data["median"].to_numpy() == pytest.approx(np.median(draws, axis=0))
    assert data["outside"].tolist() == [
        not low <= x <= high for x, low, high in data[["observed", "lower", "upper"]].values
    ]
    assert bool(data["outside"].iloc[-1])


def test_the_figure_names_quantity_interval_and_what_lies_outside(curve):
    data = figures.observed_predicted_data(curve)
    ax = figures.observed_predicted(data)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted loss (nats/token)", "observed loss (nats/token)")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == "all runs"
    assert texts[1] == "posterior predictive\n90% equal-tailed interval"
    assert texts[2] == f"outside it: {data['outside'].sum()} of 14 runs,\n1.4 expected"


def test_what_is_no_fit_is_refused():
    with pytest.raises(bs.SettingsError, match="observed_predicted_data takes a Fit or its table, got int"):
        figures.observed_predicted(3)
