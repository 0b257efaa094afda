"""Every law can be asked, families are judged one by one, and bad input is named."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import DataError, FitError, LawError
from bayescale.laws import CATALOGUE
from bayescale.models import Pooling, StudentT, build_model
from bayescale.validation.identify.result import Identification
from bayescale.validation.truths import draw_truths

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "calibration_designs.py"


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_every_law_of_the_catalogue_can_be_asked(law):
    """A table of 36 rows from a truth of the law's priors: sds are below the prior's, no more is seen than told."""
    if not SCRIPT.exists():
        pytest.skip("the benchmarks are not beside these tests")
    designs = runpy.run_path(str(SCRIPT))
    model = build_model(law, noise=StudentT, pooling=Pooling("complete"), priors=designs["priors_for"](law))
    truths = draw_truths(model, designs["design"](law), 6, seed=2)
    runs = truths.tables[int(truths.usable.argmax())]
    found = bs.identify(law, runs, priors=designs["priors_for"](law))
    design, table = found.design(), found.table()
    count = len(law.parameters)
    assert 1 <= design.seen <= design.rank <= count == len(found.combinations())
    assert (design.expected_sd > 0).all() and (design.expected_sd <= design.prior_sd * (1 + 1e-9)).all()
    assert np.isfinite(table["expected_sd"]).all() and (table["data_sd"][:count] > 0).all()
    additions = found.additions()
    assert len(additions) and (additions["gain"] >= 0).all() and additions["sd_ratio"].between(0, 1 + 1e-9).all()
    assert {"runs", "rank", "identified", "conditioning"} <= set(found.checks.table()["name"])


@pytest.fixture(scope="module")
def families(simulated) -> bs.Runs:
    """One family with all runs, one on few of them."""
    whole, small = (simulated(name).to_frame()[["params", "tokens", "loss"]] for name in ("grid", "small"))
    return bs.read_runs(pd.concat([whole.assign(family="whole"), small.assign(family="few")], ignore_index=True))


def test_families_are_judged_one_by_one(families, grid):
    found = bs.identify("chinchilla", families)
    assert found.groups == ("whole", "few") and set(found.table()["group"]) == {"whole", "few"}
    alone = bs.identify("chinchilla", families, group="whole")
    assert found.design("whole").expected_sd == pytest.approx(alone.design().expected_sd)
    assert alone.design().expected_sd == pytest.approx(bs.identify("chinchilla", grid).design().expected_sd)
    checks = found.checks.table().set_index("name")
    assert checks.loc["runs", "status"] == "warn" and checks.loc["runs", "advice"].startswith("few: 9 runs for 5")
    assert "few: 9 runs" in repr(found) and "in 2 families" in repr(found)
    assert isinstance(found, Identification) and len(found.additions("few")) > 10


def test_more_noise_and_wider_priors_are_known_less_well(grid):
    base = bs.identify("chinchilla", grid, sigma=0.003).design()
    noisy = bs.identify("chinchilla", grid, sigma=0.03).design()
    assert (noisy.expected_sd > base.expected_sd).all()
    assert noisy.data_sd == pytest.approx(10 * base.data_sd, rel=1e-6)
    narrow = bs.identify("chinchilla", grid, sigma=0.03, priors={"alpha": bs.LogNormal(0.35, 0.01)})
    assert narrow.table().set_index("parameter").loc["alpha", "expected_sd"] < 0.0036


def test_the_noise_of_the_residuals_is_that_of_the_runs(simulated):
    scales = [bs.identify("chinchilla", simulated("isoflop", seed=s)).design().noise["sigma"] for s in range(20)]
    assert np.median(scales) == pytest.approx(0.003, rel=0.15)


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        ({"sigma": 0.0}, bs.SettingsError, "sigma must be a positive finite number, a scale on log loss such as 0.005"),
        ({"sigma": True}, bs.SettingsError, "sigma must be a positive finite number"),
        ({"budget": -1.0}, bs.SettingsError, "budget must be a positive finite number, FLOP such as 1e22, got -1.0"),
        ({"group": "nobody"}, bs.SettingsError, "nobody"),
        ({"noise": "beta-binomial"}, bs.SettingsError, "noises of the log of the response only, got 'beta-binomial'"),
        ({"candidates": [1e9]}, bs.SettingsError, "candidates must be a DataFrame with a row per run, got list"),
        ({"candidates": pd.DataFrame({"params": [1e9]})}, bs.SettingsError, "candidates lack 'tokens', which the law"),
        ({"candidates": pd.DataFrame({"params": [1e9], "tokens": [-1.0]})}, bs.SettingsError, "finite numbers that"),
        ({"candidates": pd.DataFrame({"params": [], "tokens": []})}, bs.SettingsError, "must have a row per run"),
        ({"priors": {"nothing": bs.LogNormal(1, 1)}}, bs.SettingsError, "nothing"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else None,
)
def test_bad_arguments_are_named(grid, choices, error, words):
    with pytest.raises(error, match=words):
        bs.identify("chinchilla", grid, **choices)


def test_bad_tables_and_laws_are_named(grid, families):
    with pytest.raises(LawError, match="chinchila"):
        bs.identify("chinchila", grid)
    with pytest.raises(DataError, match="embedding_params"):
        bs.identify("chinchilla-embedding", grid)
    with pytest.raises(FitError, match="There are no runs; identify needs a table with at least one"):
        bs.identify("chinchilla", grid.subset(np.zeros(len(grid), bool)))
    with pytest.raises(bs.SettingsError, match="There is no family None; there are 'whole', 'few'"):
        bs.identify("chinchilla", families).additions()


def test_two_runs_are_enough_to_ask(grid):
    """The noise is then the prior's, and the checks say what is missing."""
    found = bs.identify("chinchilla", grid.subset(np.arange(len(grid)) < 2))
    assert found.design().rank <= 2 and "runs" in [check.name for check in found.checks.warned]
