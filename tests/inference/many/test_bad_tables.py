"""A bad table is a row with a reason: the others are fitted as if it were not there."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.inference.instant.engine import NotInstant
from bayescale.inference.many import alone
from bayescale.language.errors import BayescaleError


def poisons(table) -> dict[str, object]:
    good = table(7)
    two = pd.concat([good.assign(family="a"), good.assign(family="b")])
    return {
        "a cell": good.assign(loss=good["loss"].where(good.index != 3, np.nan)),
        "negative": good.assign(tokens=-good["tokens"]),
        "no losses": good.drop(columns="loss"),
        "one run": good.head(1),
        "families": two,
        "text": "no such file.csv",
        "nothing": None,
        "number": 7,
    }


REASONS = {
    "a cell": "row 4, loss",
    "negative": "tokens",
    "no losses": "loss",
    "one run": "has 1 run",
    "families": "2 families",
    "text": "no such file.csv",
    "nothing": "NoneType",
    "number": "int",
}


@pytest.fixture(scope="module")
def poisoned(tables, table) -> bs.Fits:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return bs.fit_many("chinchilla", tables | poisons(table), seed=1)


@pytest.mark.parametrize("name", REASONS)
def test_a_bad_table_is_a_row_with_its_reason(poisoned, name):
    row = poisoned.status.set_index("fit").loc[name]
    assert row["status"] == "failed"
    assert REASONS[name] in row["reason"]
    assert row["engine"] == ""
    assert np.isnan(row["r_hat"])
    assert poisoned.posterior["E"].sel(fit=name).isnull().all()
    with pytest.raises(bs.BayescaleError, match=f"The fit '{name}' failed: "):
        poisoned[name]


def test_the_others_are_fitted_as_if_it_were_not_there(poisoned, fits, tables):
    for label in tables:
        np.testing.assert_array_equal(poisoned.posterior["E"].sel(fit=label), fits.posterior["E"].sel(fit=label))
    assert (poisoned.checks["status"].sel(fit=list(tables)) == "ok").all()


def test_failures_are_counted_named_and_kept_out_of_tables(poisoned, tables):
    assert repr(poisoned).startswith("14 fits of chinchilla: 8 failed, 6 ok")
    assert set(poisoned.table()["fit"]) == set(tables)
    with pytest.raises(bs.CheckError, match=r"8 of 14 fits are not ok, see \.status: .* 'a cell' failed: .*row 4"):
        poisoned.check()


def test_suspicions_about_a_table_stand_in_its_row(table):
    doubtful = table(0).assign(tokens=lambda t: 20 * t["params"])
    fits = bs.fit_many("chinchilla", {"fixed ratio": doubtful, "fine": table(1)}, draws=50)
    status = fits.status.set_index("fit")
    assert status.loc["fixed ratio", "warnings"] != ""
    assert status.loc["fine", "warnings"] == ""


def test_a_fit_that_breaks_down_is_a_row_too(table, monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(alone, "_fit", breaks)
    fits = bs.fit_many("chinchilla", [table(0)], engine="nuts", draws=50)
    assert fits.status["reason"].item() == (
        "the fit failed: ZeroDivisionError: by design (a bug of bayescale or of the law; fit(law, table) shows where "
        "it happens)"
    )
    assert fits.status["status"].item() == "failed"


def test_one_that_nothing_samples_well_is_flagged(table, monkeypatch):
    """Chains that hardly move: the batch does not believe them, and says what they lack."""
    from bayescale.inference.many import engine

    monkeypatch.setattr(engine, "run_chains", lambda weight, _: np.full(weight.shape, 3) + np.arange(4)[:, None])
    fits = bs.fit_many("chinchilla", [table(0)], engine="instant", draws=50)
    assert fits.status["status"].item() == "flagged"
    assert "R-hat" in fits.status["reason"].item()
    with pytest.raises(bs.CheckError, match="1 of 1 fits are not ok"):
        fits.check()


def test_what_the_batch_does_not_believe_is_fitted_alone(table, fits, monkeypatch):
    from bayescale.inference.many import engine

    monkeypatch.setattr(engine, "run_chains", lambda weight, _: np.full(weight.shape, 3) + np.arange(4)[:, None])
    again = bs.fit_many("chinchilla", {"table 0": table(0, rows=24)}, seed=1)
    assert again.status["status"].item() == "ok"
    assert again["table 0"].engine == "instant (by itself, with a more careful proposal)"
    a, b = np.log(again.posterior["alpha"]), np.log(fits.posterior["alpha"].sel(fit="table 0"))
    assert abs(float(a.mean() - b.mean())) < 4 * np.hypot(a.std(), b.std()) / np.sqrt(400)
    # ... and by NUTS where that is not believed either.

    def refuses(*_):
        raise NotInstant("it is not believed by design")

    monkeypatch.setattr(alone, "_carefully", refuses)
    by_nuts = bs.fit_many("chinchilla", {"table 0": table(0, rows=24)}, seed=1)
    assert by_nuts.status["engine"].item() == "nuts"
    assert re.search("not instant: its R-hat is .*; with a more careful proposal, it is not", by_nuts["table 0"].engine)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "needs at least one table"),
        ([], "needs at least one table"),
        ("runs.csv", "got one str; read_runs"),
        (pd.DataFrame(), r"got one DataFrame; read_runs\(table, group=...\) makes runs with families of it"),
        (3, "got one int; read_runs"),
        ({1: pd.DataFrame(), "1": pd.DataFrame()}, "Two tables have the label '1'"),
    ],
)
def test_what_are_no_tables_is_an_error(tables, message):
    with pytest.raises(BayescaleError, match=message):
        bs.fit_many("chinchilla", tables)


def test_wrong_arguments_are_errors_whatever_the_tables_are(table):
    with pytest.raises(bs.SettingsError, match="fit_many does not take 'draw'"):
        bs.fit_many("chinchilla", [table(0)], draw=3)
    with pytest.raises(bs.SettingsError, match="fit_many does not take 'pooling': each table gets one curve"):
        bs.fit_many("chinchilla", [table(0)], pooling="complete")
    with pytest.raises(bs.SettingsError, match="fit_many does not take 'ess': chains are as long as their checks need"):
        bs.fit_many("chinchilla", [table(0)], ess=500)
    with pytest.raises(bs.SettingsError, match=r"There is no fit \[0\]; there are 0"):
        bs.fit_many("chinchilla", [table(0)], draws=50)[[0]]
    with pytest.raises(bs.SettingsError, match="noise must be one of"):
        bs.fit_many("chinchilla", [table(0)], noise="cauchy")
    with pytest.raises(bs.SettingsError, match="There is no fit 'x'; there are 0"):
        bs.fit_many("chinchilla", [table(0)], draws=50)["x"]


def test_a_read_option_that_does_not_exist_is_an_error_at_once(table):
    with pytest.raises(bs.SettingsError, match=r"read takes arguments of read_runs, .*columns.*; got 'column'"):
        bs.fit_many("chinchilla", [table(0)], read={"column": {"loss": "l"}})


def test_what_the_data_say_nothing_about_is_a_warning_in_the_row(table):
    """The same codes as the checks of the single fit."""
    proportional = table(0).assign(tokens=lambda t: 20 * t["params"])
    fits = bs.fit_many("chinchilla", {"proportional": proportional, "fine": table(1)})
    warned = {label: row.split(", ") for label, row in zip(fits.labels, fits.status["warnings"], strict=True)}
    assert "identified" in warned["proportional"]
    assert warned["fine"] == [""]
    for label in fits:
        own = [check.name for check in fits[label].checks.warned]
        assert [code for code in warned[label] if code in ("identified", "prior-conflict")] == own


def test_a_table_on_one_line_is_flagged_whatever_its_chains_say():
    """With tokens in proportion to size, size and data terms swapped are the same curve: half of the posterior has the
    larger exponent on size, and chains that begin in one half stay there, with checks that pass.
    """
    rng = np.random.default_rng(0)
    params = np.exp(rng.uniform(np.log(1e7), np.log(1e13), 200))
    size, data = (params / 1e10) ** -0.8, (params / 1e10) ** -0.2
    loss = (1.8 + 0.2 * size + 0.4 * data) * np.exp(0.0005 * rng.standard_normal(200))
    line = pd.DataFrame({"params": params, "tokens": 20 * params, "loss": loss})
    fits = bs.fit_many(
        "chinchilla", {"line": line, "off": line.assign(tokens=line["tokens"] * rng.uniform(0.3, 3, 200))}
    )
    larger = (fits.posterior["alpha"] > fits.posterior["beta"]).mean(("chain", "draw"))
    assert float(larger.sel(fit="line")) in (0.0, 1.0)  # a half, in truth
    status = fits.status.set_index("fit")
    assert status.loc["line", "status"] == "flagged"
    assert "params and tokens rise together" in status.loc["line", "reason"]
    assert "rise together" not in status.loc["off", "reason"]
    assert [check.name for check in fits["line"].checks.failed] == ["separable"]
    single = bs.fit("chinchilla", fits["line"].runs, seed=0)
    with pytest.raises(bs.CheckError, match=r"separable: .* there may be a second mode that the sampler did not visit"):
        single.check()


def test_a_family_of_one_run_is_too_short_like_any_table():
    runs = bs.datasets.load("pile-families").select("GPT-J")
    fits = bs.fit_many("chinchilla", {"GPT-J": runs})
    assert "1 run(s): a fit needs at least 3" in fits.status["reason"].item()


def test_read_options_are_for_tables_that_are_not_read_yet(table):
    renamed = table(0).rename(columns={"loss": "val"})
    fits = bs.fit_many("chinchilla", [renamed, bs.read_runs(table(1))], read={"columns": {"loss": "val"}}, draws=50)
    assert fits.checks["status"].values.tolist() == ["ok", "ok"]


def test_a_prior_that_looks_like_one_of_the_printed_coefficient_warns_once(table):
    with pytest.warns(bs.SettingsWarning, match="prior-at-anchor") as caught:
        bs.fit_many("chinchilla", [table(0), table(1)], priors={"A": bs.LogNormal(400.0, 0.5)}, draws=50)
    assert len(caught) == 1


def test_a_batch_without_a_single_fit_prints_no_measures():
    fits = bs.fit_many("chinchilla", [None, 3])
    assert repr(fits).splitlines()[0] == "2 fits of chinchilla: 2 failed"
    assert "R-hat" not in repr(fits)
    assert fits.table().empty


def test_a_poor_proposal_is_told_from_a_good_one_before_its_draws(table, monkeypatch):
    """Chains that pass although their proposal misses the tails are not to be believed; see ``Drawn.hopeful``."""
    from bayescale.inference.many import engine

    monkeypatch.setattr(engine, "HOPEFUL", 0.99)
    kept = bs.fit_many("chinchilla", [table(0)], engine="instant")
    assert kept.status["status"].item() == "flagged"
    assert kept.checks["r_hat"].item() <= 1.01
    assert "its proposal resembles the posterior too little" in kept.status["reason"].item()
    alone = bs.fit_many("chinchilla", [table(0)])
    assert alone.status["status"].item() == "ok"
    assert "by itself" in alone[0].engine
    # What is kept is evenly spaced of longer chains, whose checks are those of the whole.
    assert alone.checks["steps"].item() >= 1000
    assert float(alone.sample_stats["accepted"].mean()) < 0.9
