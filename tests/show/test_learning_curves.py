"""Learning curves: checkpoints are those of the table, curves those of the law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.show import figures
from bayescale.show.figures.learning_curves import COLUMNS


def checkpoints() -> pd.DataFrame:
    """Three runs of two sizes with their early checkpoints, whose names need care."""
    rng, parts = np.random.default_rng(0), []
    for name, size in (("$a_{\\frac", 1e8), ("_hidden", 1e8), ("x" * 60, 4e8)):
        tokens = np.geomspace(1e9, 4e11, 25)
        loss = (2.0 + 300 / size**0.3 + 800 / tokens**0.32) * np.exp(0.003 * rng.standard_normal(25))
        parts.append(pd.DataFrame({"run": name, "params": size, "tokens": tokens, "loss": loss}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def early() -> bs.Runs:
    with pytest.warns(bs.DataWarning, match="3 runs have more than one row"):
        return bs.read_runs(checkpoints())


@pytest.fixture(scope="module")
def kept(early) -> bs.Runs:
    with pytest.warns(bs.DataWarning, match="early checkpoints were dropped"):
        return early.drop_early()


@pytest.fixture(scope="module")
def fits(kept) -> bs.Fits:
    tables = {name: kept.subset((kept.table["run"] == name).to_numpy()) for name in kept.table["run"].unique()}
    return bs.fit_many("m2", tables, seed=0, draws=200, progress=False)


@pytest.fixture(scope="module")
def data(fits, early) -> pd.DataFrame:
    return figures.learning_curves_data(fits, early=early, prob=0.8, beyond=3.0)


def test_checkpoints_are_fitted_or_early_and_none_is_lost(data, early, kept):
    measured = data[data["part"] != "curve"]
    assert len(measured) == len(early) and (measured["part"] == "checkpoint").sum() == len(kept)
    assert sorted(measured["value"]) == sorted(early.table["loss"])
    assert data.loc[data["part"] == "early", "place"].max() < data.loc[data["part"] == "checkpoint", "place"].min()


def test_curves_are_the_law_at_the_draws_and_go_as_far_as_asked(data, fits):
    rows = data[(data["run"] == "_hidden") & (data["part"] == "curve")]
    inside = rows[rows["extrapolation"] <= 1].iloc[10]
    posterior = {name: fits["_hidden"].posterior[name].to_numpy().ravel() for name in ("E", "B", "beta")}
    losses = posterior["E"] + posterior["B"] * inside["place"] ** -posterior["beta"]
    expected = np.quantile(losses, [0.5, 0.1, 0.9])
    np.testing.assert_allclose(inside[["median", "lower", "upper"]].to_numpy(float), expected, rtol=1e-6)
    assert rows["extrapolation"].max() == pytest.approx(3.0)


def test_early_checkpoints_are_grey_curves_dashed_beyond_and_all_is_named(data, badly_placed):
    axes = figures.learning_curves(data)
    assert badly_placed(axes.figure) == []
    shown = [text.get_text().replace("\n", " ") for text in axes.get_legend().get_texts()]
    assert shown[:2] == ["$a_{\\frac", "_hidden"] and len(shown[2]) == 32
    assert "early checkpoints, left out" in shown and "law, median and 80% equal-tailed interval" in shown
    assert any(text.startswith("beyond the last checkpoint, discrepancy: learnt") for text in shown)
    assert sum(line.get_linestyle() == "--" for line in axes.get_lines()) == 3
    grey = [line for line in axes.get_lines() if line.get_color() == "0.62"]
    assert sum(len(line.get_xdata()) for line in grey) == (data["part"] == "early").sum()
    assert axes.get_xlabel() == "training tokens (tokens)" and axes.get_ylabel() == "loss (nats/token)"
    assert "100B" in [label.get_text() for label in axes.get_xticklabels()]


def test_one_fit_of_all_runs_has_a_curve_for_each(kept):
    with pytest.warns(bs.SettingsWarning):  # checkpoints fitted as if they were independent
        fit = bs.fit("chinchilla", kept, seed=0, progress=False)
    data = figures.learning_curves_data(fit, runs=["_hidden", "x" * 60], beyond=1.0)
    assert data["run"].unique().tolist() == ["_hidden", "x" * 60]
    assert data["extrapolation"].max() == pytest.approx(1.0) and not (data["part"] == "early").any()
    curve = data[(data["part"] == "curve") & (data["run"] == "x" * 60)]
    expected = bs.predict(fit, params=4e8, tokens=curve["place"].to_numpy(), kind="law").table()["median"]
    np.testing.assert_allclose(curve["median"], expected)


@pytest.mark.parametrize("count", [1, 30])
def test_one_run_and_thirty_are_readable(count, badly_placed):
    place = np.geomspace(1e9, 1e11, 20)
    parts = []
    for i in range(count):
        value = 2 + i / 10 + 50 * place**-0.2
        rows = {
            "run": f"run {i}",
            "place": place,
            "place_name": "tokens",
            "response": "loss",
            "extrapolation": place / 5e10,
        }
        curve = {"part": "curve", "prob": 0.9, "median": value, "lower": value * 0.99, "upper": value * 1.01}
        parts += [pd.DataFrame({**rows, **curve}), pd.DataFrame({**rows, "part": "checkpoint", "value": value})]
    table = pd.concat(parts, ignore_index=True).reindex(columns=list(COLUMNS)).assign(discrepancy="none")
    axes = figures.learning_curves(table)
    assert badly_placed(axes.figure) == []
    assert len(axes.get_legend().get_texts()) == count + 3


def test_real_curves_lie_on_their_fits(dataset):
    """GPT-3's digitised curves: half of the checkpoints after warm-up lie within 1 % of the median of M2."""
    full = dataset("learning-curves").select("GPT-3")
    with pytest.warns(bs.DataWarning):
        kept = full.drop_early()
    tables = {name: kept.subset((kept.table["run"] == name).to_numpy()) for name in ("GPT-3 XL", "GPT-3 13B")}
    data = figures.learning_curves_data(bs.fit_many("m2", tables, seed=0, draws=100, progress=False), early=full)
    for _, rows in data.groupby("run"):
        curve, seen = rows[rows["part"] == "curve"], rows[rows["part"] == "checkpoint"]
        expected = np.interp(np.log(seen["place"]), np.log(curve["place"]), curve["median"])
        assert np.median(np.abs(seen["value"] / expected - 1)) < 0.01
        assert (rows["part"] == "early").sum() > 40


def test_what_has_no_learning_curve_is_refused(plain, fits, early):
    with pytest.raises(SettingsError, match=r"^learning_curves takes a Fit, Fits or their table, got int\.$"):
        figures.learning_curves(3)
    with pytest.raises(SettingsError, match=r"^'params' changes along a run, and a curve is drawn at one value of it"):
        figures.learning_curves(plain)
    with pytest.raises(SettingsError, match=r"^There is no run 'z'; there are "):
        figures.learning_curves(fits, runs="z")
    with pytest.raises(SettingsError, match=r"^beyond must be a factor of at least 1, got 0\.5; 2 goes to twice the"):
        figures.learning_curves_data(fits, beyond=0.5)
    sizes = bs.read_runs(
        pd.DataFrame({"params": np.geomspace(1e8, 1e10, 8), "loss": np.linspace(3.0, 2.3, 8)}), law="kaplan-n"
    )
    with pytest.raises(
        SettingsError, match=r"^The law 'kaplan-n' takes params, none of which grows along a run; learn"
    ):
        figures.learning_curves(bs.fit("kaplan-n", sizes, seed=0, progress=False))
