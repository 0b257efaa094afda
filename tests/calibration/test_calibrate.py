"""What calibrate says and refuses: its table, verdict and coverage, failed fits, and errors as sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import CheckError, SettingsError
from bayescale.validation.uniformity import DRAWS, GRID

OVERFLOW = "responses overflow: narrow the priors"
DESIGN = pd.DataFrame({"params": np.geomspace(1e7, 1e10, 12)})


@pytest.fixture(scope="module")
def found(sbc):
    return bs.calibrate("kaplan-n", DESIGN, replications=40, priors=sbc.priors, seed=2, progress=False)


def with_ranks(found, ranks):
    """The same with other ranks of the first quantity."""
    changed = found.ranks.copy()
    changed[:, 0] = ranks
    return replace(found, ranks=changed)


def test_ranks_are_labelled_and_every_fit_has_a_row(found):
    assert found.ranks.dims == ("fit", "quantity")
    assert found.quantities == ("L_N", "alpha_N", "N_c", "sigma", "nu", "log likelihood", "log density")
    assert found.ranks.min() >= 0 and found.ranks.max() <= DRAWS
    assert found.status["fit"].tolist() == list(range(40)) and found.counted("ok") == 40
    assert list(found.errors["parameter"].values) == ["L_N", "alpha_N", "sigma", "nu"]


def test_the_table_counts_what_the_ranks_are(found):
    table = found.table().set_index("quantity")
    for name, row in table.iterrows():
        ranks = found.ranks.sel(quantity=name).to_numpy()
        assert row["at"] in GRID and row["count"] == (ranks < row["at"]).sum()
        assert row["low"] <= row["count"] <= row["high"] and row["excess"] == 0
        assert row["mean_rank"] == pytest.approx(ranks.mean() / DRAWS)
        # Of a hundred places ninety: five below and five above are left out.
        assert row["coverage_90"] == pytest.approx(((ranks >= 5) & (ranks <= 94)).mean())
        assert row["coverage_50"] == pytest.approx(((ranks >= 25) & (ranks <= 74)).mean())
    # N_c is derived: only what is declared has a prior to compare with.
    assert table.index[table["rmse"].notna()].tolist() == ["L_N", "alpha_N", "sigma", "nu"]
    np.testing.assert_allclose(table.loc["sigma", "rmse"], np.sqrt((found.errors.sel(parameter="sigma") ** 2).mean()))


def test_the_same_seed_gives_the_same_ranks_and_another_one_others(sbc, found):
    choices = {"replications": 40, "priors": sbc.priors, "progress": False}
    again, other = (bs.calibrate("kaplan-n", DESIGN, seed=seed, **choices) for seed in (2, 3))
    assert (again.ranks == found.ranks).all()
    assert not (other.ranks == found.ranks).all()


def test_ranks_that_are_not_uniform_do_not_pass(found):
    wrong = with_ranks(found, np.arange(40) // 2)
    assert found.passes and not wrong.passes
    assert wrong.worst == "L_N" and wrong.p_value < 1e-6
    assert "not uniform" in wrong.table()["verdict"].tolist()
    with pytest.raises(CheckError, match=r"kaplan-n is not calibrated \(L_N: 40 of 40 ranks below \d+ %, not \d+ to"):
        wrong.check()


def test_a_fit_that_failed_is_counted_and_does_not_pass(found):
    """Its ranks are missing, and those of the others are not thought to be all."""
    failed = with_ranks(found, found.ranks[:, 0])
    failed.ranks[3] = np.nan
    failed.status.loc[3, ["status", "reason"]] = ["failed", "responses overflow"]
    try:
        assert failed.table()["fits"].tolist() == [39] * 7
        assert not failed.passes and not failed.violations
        with pytest.raises(CheckError, match=r"39 ok, 1 failed\. The first that failed: responses overflow"):
            failed.check()
    finally:
        failed.status.loc[3, ["status", "reason"]] = ["ok", ""]


def test_tables_that_overflow_are_failures():
    """A prior of losses that no float holds; the remedy is in the reason."""
    priors = {"L_N": bs.LogNormal(1e300, 30.0), "sigma": bs.HalfNormal(0.02)}
    with pytest.warns(bs.SettingsWarning, match="prior-at-anchor"):
        found = bs.calibrate("kaplan-n", DESIGN, replications=20, priors=priors, engine="instant", progress=False)
    assert 0 < found.counted("failed") < 20
    assert set(found.status.loc[found.status["status"] == "failed", "reason"]) == {OVERFLOW}
    assert int(np.isnan(found.ranks[:, 0]).sum()) == found.counted("failed")


@pytest.mark.slow
def test_noises_of_the_response_and_residuals_are_calibrated(sbc):
    """One at a time: accuracies of 1,000 items, and four curves of ten checkpoints."""
    accuracies = pd.DataFrame({"loss": np.linspace(2.0, 4.0, 12), "chance": 0.25, "items": 1000.0})
    choices = {"replications": 40, "chains": 2, "warmup": 300, "draws": 500, "seed": 1}
    bs.calibrate("downstream-accuracy", accuracies, noise="beta-binomial", **choices).check()
    curves = pd.DataFrame({"tokens": np.tile(np.geomspace(1e9, 1e11, 10), 4), "run": np.repeat(list("abcd"), 10)})
    bs.calibrate("m2", curves, residuals="ou", priors=sbc.priors, **choices).check()


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"replications": 19}, "replications must be a whole number of at least 20, got 19."),
        ({"replications": 100.0}, "replications must be a whole number of at least 20, got 100.0."),
        ({"false_alarm": 0.5}, "false_alarm must lie between 1e-6 and 0.2, 0.001 is usual; got 0.5."),
        ({"noise": "censored"}, "calibrate cannot simulate the noise 'censored': which runs are bounds depends"),
        ({"design": [1e8, 1e9]}, "design must be a DataFrame with a row per run, or a function of a random generator"),
        ({"design": DESIGN[[]]}, "The design lacks 'params', which kaplan-n with student-t noise takes; it has "),
        ({"stepps": 3}, "calibrate does not take 'stepps'; sampler settings are"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said(choices, sentence):
    arguments = {"design": DESIGN, "replications": 20} | choices
    with pytest.raises(SettingsError) as caught:
        bs.calibrate("kaplan-n", arguments.pop("design"), **arguments)
    assert str(caught.value).startswith(sentence)
