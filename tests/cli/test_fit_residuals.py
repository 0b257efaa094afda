"""``bayescale fit --residuals``: checkpoints of runs on the command line, from the table to a forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

SHORT = ("--engine", "instant", "--chains", "2", "--draws", "400")
TAU = 1.0
EARLY = (
    "warning [checkpoints-as-runs]: 6 runs have more than one row: errors along a run are correlated, so the intervals "
    "are too narrow unless the model has residuals along runs (--residuals ou), or one row per run is kept; the first "
    "checkpoints of a run follow no law, runs.drop_early() leaves them out."
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Fifteen checkpoints of each of six runs, their errors correlated over an e-fold of tokens."""
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    rng, rows = np.random.default_rng(0), []
    for run, params in enumerate(np.geomspace(1e8, 1e10, 6)):
        tokens = np.geomspace(2e10, 4e11, 15) * rng.uniform(0.8, 1.25)
        place = np.log(tokens)
        root = np.linalg.cholesky(np.exp(-np.abs(place[:, None] - place) / TAU))
        loss = truth.at(params=params, tokens=tokens) * np.exp(0.01 * root @ rng.standard_normal(15))
        rows.append(pd.DataFrame({"run": f"run {run}", "params": params, "tokens": tokens, "loss": loss}))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def written(table, tmp_path_factory) -> Path:
    """The checkpoints as a file, and beside it tables that lack something."""
    folder = tmp_path_factory.mktemp("checkpoints")
    table.to_csv(folder / "checkpoints.csv", index=False)
    table.drop(columns="run").to_csv(folder / "nameless.csv", index=False)
    table.rename(columns={"run": "curve"}).to_csv(folder / "curves.csv", index=False)
    pd.concat([table, table.tail(1).assign(loss=3.0)]).to_csv(folder / "twice.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def _there(written, monkeypatch):
    monkeypatch.chdir(written)


def fit(bayescale, table: str, out: str, *words: str):
    return bayescale("fit", table, "--out", out, *SHORT, *words)


@pytest.mark.parametrize(("name", "own"), [("ou", "tau"), ("ar1", "rho")])
def test_the_fit_is_that_of_python(bayescale, table, name, own):
    made = fit(bayescale, "checkpoints.csv", f"{name}.nc", "--residuals", name)
    assert made.code == 0, made.err
    assert f"  noise    normal, residuals {name} along runs\n" in made.out
    # Several rows of a run are what residuals are for, and nothing to warn of.
    assert [line for line in made.err.splitlines() if not line.startswith("sampling, attempt ")] == []
    saved = bs.load(f"{name}.nc")
    assert saved.model.residuals.name == saved.record["residuals"] == name
    with pytest.warns(bs.DataWarning, match="checkpoints-as-runs"):
        runs = bs.read_runs(table)
    settings = bs.Settings(engine="instant", chains=2, draws=400)
    mine = bs.fit("chinchilla", runs, residuals=name, settings=settings)
    for parameter in ("E", "alpha", own):
        np.testing.assert_array_equal(saved.posterior[parameter], mine.posterior[parameter])


def test_the_correlation_is_found_and_the_option_named_where_it_is_missing(bayescale):
    """What it does to intervals is a matter of the model, and tried in tests/recovery/test_checkpoints.py."""
    along = fit(bayescale, "checkpoints.csv", "along.nc", "--residuals", "ou")
    alone = fit(bayescale, "checkpoints.csv", "alone.nc", "--noise", "normal")
    assert along.code == alone.code == 0
    assert "independent-checkpoints" not in along.err
    assert (
        "warning [independent-checkpoints]: runs have several rows, and the model takes their errors for independent: "
        "intervals are too narrow. Declare --residuals ou (or --effects run), or keep one row per run with "
        "runs.subset(mask).\n"
    ) in alone.err
    assert EARLY in alone.err.splitlines()
    tau = next(row for row in bayescale("summary", "along.nc", "--format", "json").records if row["parameter"] == "tau")
    assert tau["lower"] < TAU < tau["upper"]
    assert tau["meaning"] == "distance in log tokens over which residuals of a run are forgotten"
    assert "tau" not in bs.load("alone.nc").posterior


def test_the_saved_fit_predicts_plans_and_makes_its_command_again(bayescale):
    assert fit(bayescale, "checkpoints.csv", "whole.nc", "--residuals", "ou").code == 0
    asked = ("predict", "whole.nc", "--params", "2e10", "--tokens", "4e11", "--format", "json")
    (law,), (run,) = (bayescale(*asked, "--kind", kind).records for kind in ("law", "run"))
    # A new run has the whole scale of the residuals around the law.
    assert run["lower"] < law["lower"] < law["upper"] < run["upper"]
    assert bayescale("allocate", "whole.nc", "--compute", "1e22").code == 0
    assert bayescale("report", "whole.nc", "--out", "report").code == 0
    card = next(Path("report").rglob("*.json")).read_text("utf-8")
    assert "--residuals ou" in card


def test_another_name_of_the_runs_column_is_an_option(bayescale):
    refused = fit(bayescale, "curves.csv", "named.nc", "--residuals", "ou")
    assert refused.code == 2
    made = fit(bayescale, "curves.csv", "named.nc", "--residuals", "ou", "--columns", "run=curve")
    assert made.code == 0
    assert list(bs.load("named.nc").runs.table["run"].unique()) == [f"run {i}" for i in range(6)]


def test_noise_that_is_not_normal_warns_of_what_it_cannot_say(bayescale):
    made = fit(bayescale, "checkpoints.csv", "heavy.nc", "--residuals", "ou", "--noise", "student-t")
    assert made.code == 0
    assert "warning [residuals-not-normal]: residuals along runs with student-t noise: the first checkpoint" in made.err
    assert made.err.endswith("Their intervals can be too narrow; --noise normal has neither fault.\n")
    assert "  noise    student-t, residuals ou along runs\n" in made.out


BAD = {
    "unknown name": (
        ("checkpoints.csv", "--residuals", "arma"),
        "residuals must be 'ou', 'ar1', a Residuals class, or None for independent ones, got 'arma'.",
    ),
    "no runs": (
        ("nameless.csv", "--residuals", "ou"),
        "Residuals 'ou' are along runs, and the table has no column that names the run of each checkpoint; map it with "
        "--columns run=COLUMN.",
    ),
    "one place twice": (
        ("twice.csv", "--residuals", "ar1"),
        "Residuals along runs cannot be ordered: row 91, tokens: '415276188835.419' is that of another row of its run; "
        "keep one row per checkpoint.",
    ),
    "noise of the value": (
        ("checkpoints.csv", "--residuals", "ou", "--noise", "normal-value"),
        "Residuals 'ou' are of the log of the response, and the noise 'normal-value' is of the response itself; take "
        "'normal' or 'student-t' noise, or --effects run.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_one_line_and_leaves_no_file(bayescale, case):
    (name, *words), message = BAD[case]
    refused = bayescale("fit", name, "--out", "none.nc", *words)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines()[-1] == f"error: {message}"
    assert not Path("none.nc").exists()
