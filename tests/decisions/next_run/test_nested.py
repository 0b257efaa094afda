"""The linear values against posteriors: importance weights, and refits of simulated runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale import goals
from bayescale.decisions.next_run.nested import weighted_covariance

TARGET = {"params": 1e10, "tokens": 6e11}


@pytest.mark.parametrize("goal", [goals.Regret(1e23), goals.Forecast(**TARGET), goals.Parameters("alpha", "beta")])
def test_weighing_draws_agrees_with_linear_updating_where_all_is_nearly_normal(scattered, candidates, goal):
    """Within four Monte-Carlo errors, plus a twentieth for what is not normal."""
    found = bs.next_run(scattered, goal, candidates, order="value", discrepancy=None)
    nested = found.nested(top=3, replicates=96)
    assert (nested["unreliable"] < 0.1).all()
    gap = np.abs(nested["nested"] - nested["value"])
    assert (gap < 4 * nested["nested_error"] + 0.05 * nested["value"]).all(), nested.to_string()


def test_the_path_of_the_discrepancy_is_part_of_the_simulated_runs(one):
    """The law is exactly known: normal path, normal run, so that both are the same."""
    runs = pd.DataFrame({"params": [2e9, 6e9], "tokens": [1.8e11, 3e11]})
    path = bs.Discrepancy.brownian(0.01)
    found = bs.next_run(one, goals.Forecast(**TARGET), runs, discrepancy=path)
    nested = found.nested(replicates=200)
    assert (np.abs(nested["nested"] - nested["value"]) < 4 * nested["nested_error"] + 0.02).all(), nested.to_string()


def test_weights_that_are_equal_give_the_plain_covariance():
    draws = np.random.default_rng(0).standard_normal((40, 3))
    made = weighted_covariance(draws, np.full(40, 1 / 40))
    np.testing.assert_allclose(made, np.cov(draws, rowvar=False), rtol=1e-10)


def test_candidates_are_in_the_order_that_refits_put_them_in():
    """Twelve runs of a known truth; a run of each candidate is simulated 30 times from the posterior, and all refitted.

    The linear variances are within four Monte-Carlo errors and a tenth of those of refits, which also learn of the
    noise, and three candidates that differ by more than three such errors are in the same order.
    """
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    grid = [(n, d) for n in (1e8, 4e8, 1.6e9) for d in (2e9, 8e9, 3e10, 1e11)]
    base = bs.simulate(truth, pd.DataFrame(grid, columns=["params", "tokens"]), sigma=0.01, nu=np.inf, seed=3)
    options = {"noise": "normal", "draws": 500}
    fit = bs.fit("chinchilla", bs.read_runs(base), seed=0, **options)
    candidates = pd.DataFrame({"params": [4e8, 1e10, 5e7, 3e8], "tokens": [8e9, 4e9, 4e11, 1e12]})
    compute, repeats = 1e22, 30
    found = bs.next_run(fit, goals.Regret(compute), candidates, order="value", discrepancy=None).table()
    tables = {}
    for place, point in candidates.iterrows():
        runs = bs.predict(fit, **point, discrepancy=None).draws["loss"].to_numpy().ravel()
        for repeat, loss in enumerate(np.random.default_rng(place).choice(runs, repeats, replace=False)):
            tables[f"{place} {repeat}"] = pd.concat([base, pd.DataFrame([{**point, "loss": loss}])], ignore_index=True)
    fits = bs.fit_many("chinchilla", tables, seed=0, **options)
    variances = np.array([
        np.log(bs.allocate(fits[label], compute=compute, discrepancy=None).draws["params"]).to_numpy().var()
        for label in fits
    ]).reshape(len(candidates), repeats)  # fmt: skip
    linear = found.set_index("params")["sd_after"].loc[candidates["params"]].to_numpy() ** 2
    refitted, error = variances.mean(axis=1), variances.std(axis=1, ddof=1) / np.sqrt(repeats)
    assert (np.abs(linear - refitted) < 4 * error + 0.1 * refitted).all(), (linear, refitted, error)
    apart = [0, 1, 3]
    assert np.argsort(linear[apart]).tolist() == np.argsort(refitted[apart]).tolist() == [1, 2, 0]
