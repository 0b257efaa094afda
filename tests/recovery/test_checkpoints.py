"""Ten runs of fifty correlated checkpoints: intervals hold with residuals along runs, and without are too narrow."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsWarning
from bayescale.laws import Chinchilla

TRUTH = Chinchilla.published["besiroglu2024chinchilla"]
NAMES = ("E", "alpha", "beta", "a")
RUNS, CHECKPOINTS, TAU, SD, PROB = 10, 50, 1.0, 0.01, 0.8


def curves(seed: int) -> bs.Runs:
    """Training curves of ten sizes, their residuals normal with correlation exp(-gap / TAU) in log tokens."""
    rng = np.random.default_rng(seed)
    rows = []
    for run, params in enumerate(np.geomspace(1e8, 1e10, RUNS)):
        tokens = np.geomspace(2e9, 4e11, CHECKPOINTS) * rng.uniform(0.8, 1.25)
        place = np.log(tokens)
        covariance = np.exp(-np.abs(place[:, None] - place) / TAU)
        residual = np.linalg.cholesky(covariance) @ rng.standard_normal(CHECKPOINTS)
        loss = TRUTH.at(params=params, tokens=tokens) * np.exp(SD * residual)
        rows.append(pd.DataFrame({"params": params, "tokens": tokens, "loss": loss, "run": f"run {run}"}))
    with pytest.warns(bs.DataWarning, match="checkpoints-as-runs"):
        return bs.read_runs(pd.concat(rows))


def truth(name: str) -> float:
    return float(getattr(TRUTH, name))


def covered(fit: bs.Fit) -> list[bool]:
    """Whether the central interval of each parameter has its true value."""
    tail = (1.0 - PROB) / 2.0
    bounds = {name: np.quantile(fit.posterior[name], [tail, 1.0 - tail]) for name in NAMES}
    return [low < truth(name) < high for name, (low, high) in bounds.items()]


def both(runs: bs.Runs) -> tuple[bs.Fit, bs.Fit]:
    """With residuals along runs, and with independent ones."""
    along = bs.fit("chinchilla", runs, noise="normal", residuals="ou")
    with pytest.warns(SettingsWarning, match="independent-checkpoints"):
        return along, bs.fit("chinchilla", runs, noise="normal")


def test_independent_residuals_make_intervals_several_times_too_narrow():
    """On one table, by the posteriors alone; a warning says so before the fit."""
    along, alone = both(curves(0))
    ratio = [float(along.posterior[name].std() / alone.posterior[name].std()) for name in NAMES]
    assert min(ratio) > 2.0
    low, high = np.quantile(along.posterior["tau"], [0.005, 0.995])
    assert low < TAU < high


@pytest.mark.slow
def test_intervals_hold_along_runs_and_do_not_without():
    """80 % intervals of four parameters over forty tables.

    The number of tables whose interval holds is binomial for each parameter: below 24 of 40 has a chance of 0.0008 at
    80 %, over four parameters 0.3 %. Independent residuals would have to pass the same test, and must not.
    """
    found = np.array([[covered(fit) for fit in both(curves(seed))] for seed in range(1, 41)])
    along, alone = found[:, 0].sum(axis=0), found[:, 1].sum(axis=0)
    assert (along >= 24).all(), along
    assert (alone < 24).all(), alone


def test_run_effects_silence_the_warning_of_independent_checkpoints():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = curves(3)
        runs = runs.subset(runs.table["tokens"].to_numpy() > 1e11)
        bs.fit("chinchilla", runs, effects="run", engine="nuts", draws=50, warmup=50, chains=2)


@pytest.mark.slow
def test_both_engines_have_one_posterior():
    """Means of NUTS and of the instant engine within four Monte-Carlo errors, and sds within a tenth."""
    runs = curves(0)
    fits = [bs.fit("chinchilla", runs, noise="normal", residuals="ou", engine=engine) for engine in ("instant", "nuts")]
    for fit in fits:
        fit.check()
    for name in (*NAMES, "sigma", "tau"):
        one, other = (fit.posterior[name] for fit in fits)
        # An ESS of 1,000 at the least.
        assert abs(float(one.mean() - other.mean())) < 4 * float(one.std()) * (2 / 1000) ** 0.5, name
        assert float(other.std() / one.std()) == pytest.approx(1.0, abs=0.1), name


@pytest.mark.slow
def test_families_of_runs_are_fitted_together():
    """Three tables as families: the checks pass, and the common correlation length is the true one."""
    parts = [curves(seed).to_frame().assign(family=f"family {seed}") for seed in range(3)]
    with pytest.warns(bs.DataWarning, match="checkpoints-as-runs"):
        runs = bs.read_runs(pd.concat(parts))
    runs = runs.subset(np.arange(len(runs)) % 3 == 0)
    fit = bs.fit("chinchilla", runs, noise="normal", residuals="ou", draws=500)
    fit.check()
    assert fit.record["engine"]["name"] == "nuts"
    low, high = np.quantile(fit.posterior["tau"], [0.005, 0.995])
    assert low < TAU < high
    made = bs.continue_run(fit, "run 3", group="family 1", tokens=1e12)
    assert made.group == "family 1 / run 3"
    assert np.isfinite(made.draws["loss"]).all()
