"""The rest of a run: its next checkpoints, given the last one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

TAU, SD = 0.5, 0.01


@pytest.fixture(scope="module")
def runs() -> bs.Runs:
    """Six runs whose residuals are correlated; the last checkpoint of the last one is far above its curve."""
    rng = np.random.default_rng(0)
    rows = []
    for run, params in enumerate(np.geomspace(1e8, 1e10, 6)):
        tokens = np.geomspace(2e9, 2e11, 30)
        place = np.log(tokens)
        root = np.linalg.cholesky(np.exp(-np.abs(place[:, None] - place) / TAU))
        loss = (1.8 + 482 / params**0.348 + 2085 / tokens**0.366) * np.exp(SD * root @ rng.standard_normal(30))
        rows.append(pd.DataFrame({"params": params, "tokens": tokens, "loss": loss, "run": f"run {run}"}))
    table = pd.concat(rows, ignore_index=True)
    table.loc[table.index[-1], "loss"] *= 1.03
    with pytest.warns(bs.DataWarning, match="checkpoints-as-runs"):
        return bs.read_runs(table)


@pytest.fixture(scope="module")
def fit(runs) -> bs.Fit:
    return bs.fit("chinchilla", runs, noise="normal", residuals="ou")


def flat(prediction) -> np.ndarray:
    return np.log(prediction.draws["loss"].to_numpy()).reshape(-1, prediction.draws.sizes["point"])


def test_a_continuation_begins_at_the_last_checkpoint_and_ends_at_a_new_run(fit, runs):
    last = runs.table.iloc[-1]
    tokens = [2.0000001e11, 4e11, 2e15]
    made = bs.continue_run(fit, "run 5", tokens=tokens)
    assert (made.kind, made.group) == ("continuation", "run 5")
    near, middle, far = flat(made).T
    assert np.abs(near - np.log(last["loss"])).max() < 1e-4
    curve = flat(bs.predict(fit, params=last["params"], tokens=tokens, kind="law", discrepancy=None))
    above = np.log(last["loss"]) - curve[:, 0].mean()
    # What is left of the residual after log 2, and the spread that has come back.
    tau, sigma = (fit.posterior[name].to_numpy().ravel() for name in ("tau", "sigma"))
    fades = np.exp(-np.log(2.0) / tau)
    expected = curve[:, 1] + fades * (np.log(last["loss"]) - curve[:, 0])
    draws = middle.size
    spread = sigma * np.sqrt(1.0 - fades**2)
    standard = (middle - expected) / spread
    assert abs(standard.mean()) < 5 / np.sqrt(draws)
    assert standard.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * draws))
    assert above > SD  # else near and far would be the same
    new = flat(bs.predict(fit, params=last["params"], tokens=tokens[2], discrepancy=None))[:, 0]
    assert far.std() == pytest.approx(new.std(), rel=0.05)


def test_points_of_one_answer_are_of_one_run(fit):
    """Two near points are nearly the same, in whatever order they are asked for."""
    first, second = flat(bs.continue_run(fit, "run 2", tokens=[4.0001e11, 4e11])).T
    assert np.corrcoef(first, second)[0, 1] > 0.99
    table = bs.continue_run(fit, "run 2", tokens=[4e11, 8e11]).table()
    assert table["extrapolation"].tolist() == pytest.approx(
        (table["tokens"] * 1e8 * 100 ** (2 / 5) / (1e10 * 2e11)).tolist()
    )
    assert table["kind"].tolist() == ["continuation"] * 2


def test_a_run_is_chosen_by_its_size_too(fit, runs):
    size = runs.table.loc[runs.table["run"] == "run 2", "params"].iloc[0]
    one, two = (flat(bs.continue_run(fit, "run 2", tokens=4e11, **more)) for more in ({}, {"params": size}))
    np.testing.assert_array_equal(one, two)
    with pytest.raises(bs.SettingsError, match="must have one run 'run 2'"):
        bs.continue_run(fit, "run 2", tokens=4e11, params=2 * size)


def test_the_answer_is_repeated(fit):
    one, two = (flat(bs.continue_run(fit, "run 2", tokens=4e11)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"run": "run 9", "tokens": 4e11}, "must have one run 'run 9'; it has run 0, run 1"),
        ({"run": "run 2", "tokens": 1e11}, "have tokens beyond the run's last row, 2e\\+11, each once"),
        ({"run": "run 2", "tokens": [4e11, 4e11]}, "each once"),
        ({"run": "run 2"}, "continue_run needs 'tokens', which differs between the rows of the run"),
        ({"run": "run 2", "tokens": 4e11, "lr": 1e-3}, "does not take the input 'lr'"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_questions_without_an_answer_are_refused(fit, asked, message):
    with pytest.raises(bs.SettingsError, match=message):
        bs.continue_run(fit, **asked)


def test_independent_residuals_have_no_continuation(runs):
    with pytest.warns(bs.SettingsWarning, match="independent-checkpoints"):
        fit = bs.fit("chinchilla", runs, noise="normal")
    with pytest.raises(bs.SettingsError, match="needs a fit with residuals='ou' or 'ar1'"):
        bs.continue_run(fit, "run 2", tokens=4e11)


def test_replicates_of_a_run_are_correlated(fit, runs):
    """Posterior predictive draws of neighbours go together as the data do, and single rows scatter by sigma."""
    draws = np.log(fit.posterior_predictive["loss"].to_numpy().reshape(-1, len(runs)))
    table = runs.table
    rows = np.flatnonzero(table["run"] == "run 1")
    law = flat(bs.predict(fit, params=table["params"][rows], tokens=table["tokens"][rows], kind="law"))
    residual = draws[:, rows] - law[:: max(1, len(law) // len(draws))][: len(draws)]
    found = np.mean([np.corrcoef(residual[:, i], residual[:, i + 1])[0, 1] for i in range(29)])
    gap = np.log(100.0) / 29
    expected = float(np.exp(-gap / fit.posterior["tau"]).mean())
    assert found == pytest.approx(expected, abs=0.05)


def test_a_fit_with_residuals_comes_back_from_disk(fit, tmp_path):
    fit.save(tmp_path / "fit.nc")
    assert fit.data["constant_data"]["run_name"].to_numpy()[[0, -1]].tolist() == ["run 0", "run 5"]
    back = bs.load(tmp_path / "fit.nc")
    assert back.model == fit.model
    np.testing.assert_array_equal(*(flat(bs.continue_run(one, "run 2", tokens=[4e11, 8e11])) for one in (fit, back)))


def test_log_likelihoods_are_of_each_checkpoint_given_those_before(fit):
    """They add up to that of all, and the row after the outlier is judged from where the run was."""
    total = fit.log_likelihood["loss"]
    assert total.sizes["run"] == len(fit.runs)
    assert "given" in total.attrs["long_name"]
