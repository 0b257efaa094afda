"""What a backtest fits, scores and says, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.decisions.asked import Asked
from bayescale.validation.backtest.held_out import DRAWS
from bayescale.validation.thinned import thinned

ADDED = bs.Discrepancy.brownian(0.03)


def test_a_table_counts_every_family_the_same(tried):
    runs = tried.runs
    inside = (runs["lower_0.9"] <= runs["observed"]) & (runs["observed"] <= runs["upper_0.9"])
    own = inside.groupby([runs["family"], runs["ratio"]]).mean()
    table = tried.table().set_index("ratio")
    for ratio in (2.0, 8.0):
        assert table.loc[ratio, "coverage_0.9"] == pytest.approx(own.xs(ratio, level="ratio").mean())
        errors = (runs["median"] / runs["observed"] - 1)[runs["ratio"] == ratio].abs()
        medians = errors.groupby(runs["family"]).median()
        assert table.loc[ratio, "error"] == pytest.approx(medians.mean())
    assert table["runs"].tolist() == [20, 40] and table["families"].tolist() == [2, 2]
    each = tried.table(by="family")
    assert each["family"].tolist() == ["web", "web", "code", "code", "(pooled)", "(pooled)"]


def test_the_largest_runs_alone_are_those_of_the_largest_budget(tried):
    table = tried.table(largest=True)
    assert table["runs"].tolist() == [10, 10]
    runs = tried.runs[tried.runs["extrapolation"] > tried.runs.groupby("ratio")["extrapolation"].transform("max") / 1.5]
    assert table["crps"].tolist() == pytest.approx(runs.groupby("ratio")["crps"].mean().tolist())


def test_a_discrepancy_widens_by_the_square_root_of_the_distance_and_fits_nothing_again(tried):
    """Sd of the log of predictions, squared, less that without: (0.03)^2 times decades; 1,000 draws, five errors."""
    added = tried.with_discrepancy(ADDED)
    assert all(first is second for first, second in zip(tried.held_out, added.held_out, strict=True))
    width = [np.log(made.runs["upper_0.9"] / made.runs["lower_0.9"]) for made in (tried, added)]
    far = np.log10(added.runs["extrapolation"])
    assert (far > 0.25).all()
    extra = np.sqrt(width[1] ** 2 - width[0] ** 2) / (2 * 1.645 * 0.03)
    # The error of an end of a 90 % interval of 1,000 normal draws is 0.067 of its sd, of the whole 0.05 of its width.
    np.testing.assert_allclose(extra, np.sqrt(far), rtol=5 * 0.05)
    assert added.runs["discrepancy"].eq(ADDED.name).all() and tried.runs["discrepancy"].eq("none").all()
    assert added.table()["discrepancy"].eq(ADDED.name).all()
    assert f"discrepancy {ADDED.name}" in repr(added) and "discrepancy none" in repr(tried)


def test_each_family_may_have_its_own_discrepancy(tried):
    other = bs.Discrepancy.brownian(0.06)
    made = tried.with_discrepancy({"web": ADDED, "code": other})
    table = made.table(by="family").set_index(["family", "ratio"])
    assert table["discrepancy"].tolist() == [ADDED.name] * 2 + [other.name] * 2 + ["2 of them, by family"] * 2
    alone = tried.with_discrepancy(other)
    mine, theirs = (one.runs[one.runs["family"] == "code"] for one in (made, alone))
    pd.testing.assert_frame_equal(mine, theirs)


def test_runs_and_densities_are_from_one_evaluation_of_the_law(tried):
    """The draws are those that a prediction has, and a thinned fit has a part of the draws of the whole."""
    one = tried.held_out[0]
    asked = Asked(one.fit, one.points, None, one.seed)
    draws, _ = asked.scored(one.table["loss"].to_numpy())
    np.testing.assert_allclose(draws, asked.runs(), rtol=1e-12)
    scores = one.scores(None)
    np.testing.assert_allclose(scores["median"], np.median(draws, axis=0), rtol=1e-12)
    sizes = one.fit.unconstrained.sizes
    assert sizes["chain"] * sizes["draw"] <= DRAWS
    few = thinned(one.fit, 300)
    assert few.unconstrained.sizes["draw"] == few.sample_stats.sizes["draw"] == 84
    assert few.unconstrained.sizes["chain"] == sizes["chain"]
    np.testing.assert_array_equal(few.unconstrained["E"], one.fit.unconstrained["E"][:, ::3])


def test_parameters_drift_by_ratio_in_textbook_form(tried):
    drift = tried.drift
    first = tried.held_out[0]
    own = drift[(drift["family"] == first.split.family) & (drift["ratio"] == first.split.ratio)].set_index("parameter")
    assert own.loc["E", "median"] == pytest.approx(float(first.fit.posterior["E"].median()))
    fitted = first.fit.runs.table
    assert own["largest_compute"].iloc[0] == pytest.approx((6 * fitted["params"] * fitted["tokens"]).max())
    assert own.loc["E", "unit"] == "nats/token" and {"a", "alpha"} <= set(own.index)


def test_splits_without_enough_runs_are_skipped_and_said(runs):
    made = bs.backtest("chinchilla", runs, ratios=[2, 32], discrepancy=None, draws=250)
    status = made.status.set_index(["family", "ratio"])
    assert status.loc[("web", 32.0), "status"] == "skipped"
    assert status.loc[("web", 32.0), "reason"] == "0 run(s) lie below the cut, and at least 6 are fitted"
    assert status.loc[("web", 2.0), ["fitted", "held_out"]].tolist() == [20, 10]
    assert made.table()["ratio"].tolist() == [2.0]


def test_later_checkpoints_are_predicted_from_earlier_ones():
    """Each run is cut at half of its own tokens, whatever the compute: most held-out rows lie inside the data."""
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    rows = [
        {"run": f"{n:g}", "params": n, "tokens": 20 * n * part}
        for n in np.geomspace(1e8, 1e9, 5)
        for part in (0.2, 0.3, 0.4, 0.7, 1.0)
    ]
    table = bs.simulate(truth, pd.DataFrame(rows), seed=3)[["run", "params", "tokens", "loss"]]
    made = bs.backtest("chinchilla", bs.data.read.read_quietly(table), ratios=[2], hold_out="future", draws=250)
    found = made.runs
    assert made.hold_out == "future" and len(found) == 10
    assert set(np.round(found["tokens"] / (20 * found["params"]), 6)) == {0.7, 1.0}
    beyond = found["extrapolation"] > 1
    assert 0 < beyond.sum() < len(found)
    assert (found["discrepancy"] != "none").tolist() == beyond.tolist()


def test_families_are_predicted_as_new_ones_from_the_others(three):
    pooling = {"default": "complete", "E": "partial"}
    short = {"chains": 2, "draws": 50, "warmup": 50, "progress": False}
    made = bs.backtest("chinchilla", three, hold_out="family", pooling=pooling, discrepancy=None, **short)
    assert made.table()["families"].tolist() == [3] and made.table()["ratio"].isna().all()
    for one in made.held_out:
        assert one.split.group is None and one.split.family not in one.fit.groups
        assert set(one.fit.groups) == {"a", "b", "c"} - {one.split.family}
    own = made.runs[made.runs["family"] == "b"]
    asked = {name: own[name].to_numpy() for name in ("params", "tokens")}
    (one,) = [one for one in made.held_out if one.split.family == "b"]
    new = bs.predict(one.fit, **asked, seed=one.seed, discrepancy=None).draws["loss"].median(("chain", "draw"))
    np.testing.assert_allclose(own["median"], new, rtol=1e-9)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"law": "chinchila"}, bs.LawError, "chinchila"),
        ({"law": "farseer", "ratios": [0.5]}, bs.SettingsError, "ratios must be finite numbers above 1"),
        ({"law": "data-constrained"}, bs.DataError, "unique_tokens"),
        ({"hold_out": "past"}, bs.SettingsError, "hold_out must be one of compute, future, family, got 'past'"),
        ({"hold_out": "family"}, bs.SettingsError, "at least three families"),
        ({"seed": 1.5}, bs.SettingsError, "seed"),
        ({"discrepancy": 0.02}, bs.SettingsError, "^discrepancy must be 'learnt', None or a Discrepancy, got 0.02"),
        ({"model_error": -1.0}, bs.SettingsError, "model_error must be at least 0"),
        ({"ratios": [64]}, bs.DataError, "^No family can be backtested: of 'web', 0 run"),
        ({"noise": "cauchy"}, bs.BayescaleError, "cauchy"),
        ({"pooling": "some"}, bs.BayescaleError, "some"),
    ],
)
def test_what_cannot_be_backtested_is_refused_before_any_fit(runs, given, error, message):
    with pytest.raises(error, match=message):
        bs.backtest(**{"law": "chinchilla", "runs": runs, "ratios": [2], "draws": 250, **given})


def test_a_backtest_whose_every_fit_fails_says_why(runs):
    """The same budget of effects in every pooled fit: no row has one."""
    with pytest.raises(bs.SettingsError, match=r"^Every fit of the backtest failed; web / 2x: .*budget"):
        bs.backtest("chinchilla", runs, ratios=[2], pooling="complete", effects="budget", draws=250)


def test_other_tables_and_discrepancies_are_refused(tried):
    with pytest.raises(bs.SettingsError, match=r"^by must be 'ratio' or 'family', got 'run'\.$"):
        tried.table(by="run")
    with pytest.raises(bs.SettingsError, match=r"^The discrepancies by family lack 'code'\.$"):
        tried.with_discrepancy({"web": ADDED})
    message = r"^with_discrepancy takes a Discrepancy, None or one per family, got .*$"
    for wrong in (0.02, "learnt", {"web": ADDED, "code": 0.02}):
        with pytest.raises(bs.SettingsError, match=message):
            tried.with_discrepancy(wrong)


def test_a_record_of_coverage_is_that_of_the_table(tried):
    from bayescale.validation.backtest.result import coverage_record

    rows = coverage_record(replace(tried, held_out=tried.held_out), prob=0.8)
    assert [row["coverage"] for row in rows] == tried.table()["coverage_0.8"].round(3).tolist()
    assert [row["ratio"] for row in rows] == [2.0, 8.0] and rows[0]["runs"] == 20
