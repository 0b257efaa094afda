"""The overview of a batch counts what is there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.show import figures
from bayescale.show.figures.many_fits import COLUMNS

STUDY = {"tables": {"pile": {"dataset": "pile-families", "groups": ["Pythia", "Cerebras-GPT"]}}, "laws": ["kaplan-n"]}


@pytest.fixture(scope="module")
def fits() -> bs.Fits:
    """Twelve tables, of which one cannot be read and one has tokens proportional to size."""
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    design = pd.DataFrame([{"params": n, "tokens": r * n} for n in (1e8, 3e8, 1e9, 3e9) for r in (5, 20, 80)])
    tables = {f"$t_{i}$": bs.simulate(law, design, sigma=0.004, seed=i) for i in range(12)}
    tables["$t_3$"] = tables["$t_3$"].assign(loss=-1.0)
    return bs.fit_many("chinchilla", tables, seed=0, draws=100, progress=False)


def test_estimates_are_in_order_and_those_of_the_table(fits):
    data = figures.many_fits_data(fits, prob=0.8)
    table = fits.table(prob=0.8).set_index(["fit", "parameter"])
    for name, rows in data[data["part"] == "estimate"].groupby("name"):
        assert rows["median"].is_monotonic_increasing and rows["order"].tolist() == list(range(11))
        found = table.loc[[(fit, name) for fit in rows["fit"]], ["median", "lower", "upper"]]
        np.testing.assert_array_equal(rows[["median", "lower", "upper"]].to_numpy(float), found.to_numpy())


def test_every_fit_is_counted_once_by_status_and_checks_by_their_limits(fits):
    data = figures.many_fits_data(fits)
    states = data[data["part"] == "status"].set_index("status")["count"]
    assert states.sum() == 12 and states["failed"] == 1
    checks = data[data["part"] == "check"].set_index("name")["count"]
    status = fits.status
    assert checks["r_hat"] == (status["r_hat"] > 1.01).sum()
    assert checks["ess_bulk"] == (status["ess_bulk"] < 400).sum()
    assert data.loc[data["part"] == "time", "seconds"].item() == fits.seconds


def test_a_fit_beyond_a_limit_and_a_warning_are_counted(fits):
    from dataclasses import replace

    changed = fits.checks.copy(deep=True)
    changed["r_hat"][0] = 1.2
    changed["status"] = changed["status"].astype(object)  # longer words than "failed"
    changed["status"][1] = "flagged"
    data = figures.many_fits_data(replace(fits, checks=changed)).query("part == 'check'").set_index("name")["count"]
    assert data["r_hat"] == figures.many_fits_data(fits).query("name == 'r_hat'")["count"].item() + 1
    assert data["other reasons"] == 1


def test_the_drawing_has_a_panel_for_status_checks_and_every_parameter(fits, badly_placed):
    axes = figures.many_fits(fits, parameters=["E", "B", "alpha"])
    assert len(axes) == 5 and badly_placed(axes[0].figure) == []
    assert axes[0].get_title(loc="left").startswith("12 fits in ")
    labels = [label.get_text() for label in axes[0].get_yticklabels()]
    assert labels[0].startswith("ok") and "failed" in labels
    assert axes[2].get_title(loc="left") == "E (nats/token): 90% equal-tailed interval"


def test_a_thousand_fits_of_which_none_warns(badly_placed):
    rng = np.random.default_rng(0)
    median = np.sort(np.exp(rng.normal(0, 2, 1000)))
    rows = {"part": "estimate", "fit": np.arange(1000), "status": "ok", "engine": "instant", "name": "A"}
    table = pd.DataFrame({**rows, "order": np.arange(1000), "prob": 0.9, "median": median})
    table = table.assign(lower=median / 1.5, upper=median * 1.5)
    counts = pd.DataFrame({"part": ["status"], "status": ["ok"], "engine": ["instant"], "count": [1000]})
    time = pd.DataFrame({"part": ["time"], "count": [1000], "seconds": [20.0]})
    table = pd.concat([table, counts, time], ignore_index=True).reindex(columns=list(COLUMNS))
    axes = figures.many_fits(table)
    assert badly_placed(axes[0].figure) == []
    assert axes[0].get_title(loc="left") == "1,000 fits in 20 s (50 a second)"
    assert [text.get_text() for text in axes[1].texts] == ["no check fails and nothing warns"]
    assert axes[2].get_yscale() == "log"


def test_results_of_a_study_are_drawn_too(tmp_path):
    bs.run_study(bs.Study.of(STUDY), tmp_path / "results", progress=False)
    results = bs.open_results(tmp_path / "results")
    data = figures.many_fits_data(results)
    assert data[data["part"] == "status"]["count"].sum() == len(results.summary)
    estimates = results.estimates.set_index(["task", "parameter"])
    row = data[data["part"] == "estimate"].iloc[0]
    assert row["median"] == estimates.loc[(row["fit"], row["name"]), "median"]
    assert data.loc[data["part"] == "time", "seconds"].item() == results.run_times["seconds"].sum()
    with pytest.raises(SettingsError, match=r"^The study has no law 'm2'; it has kaplan-n\.$"):
        figures.many_fits(results, law="m2")


def test_what_is_no_batch_is_refused(fits):
    with pytest.raises(SettingsError, match=r"^many_fits takes Fits, Results or their table, got int\.$"):
        figures.many_fits(3)
    with pytest.raises(SettingsError, match=r"^The fits have no parameter 'q'; they have E, A, B, alpha, beta, "):
        figures.many_fits(fits, parameters="q")
    with pytest.raises(SettingsError, match=r"^many_fits draws 3 panels here, so it needs 3 axes, got 1\.$"):
        figures.many_fits(fits, parameters="E", axes=[figures.ridges(fits["$t_0$"])[0]])
