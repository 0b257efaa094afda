"""Figures of parameters: families beside their population, posteriors beside priors, and ridges."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescale as bs
from bayescale.language.bounded_priors import LogitNormal, Uniform
from bayescale.language.errors import SettingsError
from bayescale.language.priors import LogNormal
from bayescale.show import figures
from bayescale.show.figures.shrinkage import COLUMNS

prior_figure = importlib.import_module("bayescale.show.figures.prior_posterior")


@pytest.fixture(scope="module")
def alone(fit):
    """Two families by themselves."""
    tables = {name: fit.runs.select(name) for name in ("Pythia", "Cerebras-GPT")}
    return bs.fit_many("chinchilla", tables, draws=100, seed=0, progress=False)


@pytest.fixture(scope="module")
def shrunk(fit, alone):
    return figures.shrinkage_data(fit, separate=alone, prob=0.8)


def words_of(ax) -> str:
    return " ".join(text.get_text() for text in ax.get_legend().get_texts()).replace("\n", " ")


def test_shrinkage_has_both_estimates_and_the_population(fit, alone, shrunk):
    found = shrunk.set_index(["part", "group", "parameter"])
    pooled = fit.table(prob=0.8).set_index(["group", "parameter"])
    own = alone.table(prob=0.8).set_index(["fit", "parameter"])
    for name in ("E", "alpha"):
        for column in ("median", "lower", "upper"):
            assert found.loc[("pooled", "Pythia", name), column] == pooled.loc[("Pythia", name), column]
            assert found.loc[("alone", "Pythia", name), column] == own.loc[("Pythia", name), column]
            common = found.loc[("population", "(population)", name), column]
            assert common == pooled.loc[("(all)", f"{name}_population"), column]
    assert set(shrunk.loc[shrunk["part"] == "alone", "group"]) == {"Pythia", "Cerebras-GPT"}
    assert shrunk.loc[shrunk["parameter"] == "E", "unit"].unique().tolist() == ["nats/token"]


def test_arrows_go_from_a_familys_own_median_to_the_pooled_one(shrunk, badly_placed):
    axes = figures.shrinkage(shrunk[shrunk["parameter"] == "alpha"])
    assert len(axes) == 1 and badly_placed(axes[0].figure) == []
    ends = {(text.xyann[0], text.xy[0]) for text in axes[0].texts if text.arrow_patch is not None}
    rows = shrunk[shrunk["parameter"] == "alpha"].set_index(["group", "part"])["median"]
    assert ends == {(rows[name, "alone"], rows[name, "pooled"]) for name in ("Pythia", "Cerebras-GPT")}
    assert "medians and 80% equal-tailed interval" in words_of(axes[0])
    low, high = axes[0].get_xlim()
    assert all(low < median < high for median in rows)


def test_a_plain_forest_has_no_arrows(fit, badly_placed):
    axes = figures.shrinkage(fit, separate=False)
    assert len(axes) == 5 and badly_placed(axes[0].figure) == []
    assert not any(text.arrow_patch for ax in axes for text in ax.texts if hasattr(text, "arrow_patch"))
    assert "by itself" not in words_of(axes[-1])


@pytest.mark.parametrize("count", [1, 30])
def test_one_family_and_thirty_are_readable_whatever_they_are_called(count, badly_placed):
    names = ["$a_b$ \\frac", "_hidden", "x" * 90, *(f"family {i}" for i in range(30))][:count]
    rows = [
        (name, "A", "A", "a loss", "nats/token", part, 0.9, 2.0**i, 1.5**i, 3.0**i)
        for i, name in enumerate(names, start=1) for part in ("alone", "pooled")
    ]  # fmt: skip
    axes = figures.shrinkage(pd.DataFrame(rows, columns=list(COLUMNS)))
    assert badly_placed(axes[0].figure) == []
    assert axes[0].get_yticklabels()[-1].get_text() == names[0]
    assert axes[0].get_xscale() == ("log" if count == 30 else "linear")


def test_labels_that_touch_or_leave_the_page_are_noticed(fit, badly_placed):
    """The check that other tests trust: a figure that was spoiled on purpose does not pass."""
    (axes,) = figures.shrinkage(fit, separate=False, parameters="alpha")
    places = np.linspace(*axes.get_xlim(), 8)
    axes.set_xticks(places, ["a label that is too long"] * 8)
    assert "a label that is too long" in badly_placed(axes.figure)
    (axes,) = figures.shrinkage(fit, separate=False, parameters="alpha")
    axes.figure.text(0.95, 0.5, "off the page")
    assert "off the page" in badly_placed(axes.figure)


def test_shrinkage_needs_partial_pooling_and_families_by_themselves(fit, plain):
    with pytest.raises(SettingsError, match=r"^shrinkage draws what partial pooling does, and nothing is partially"):
        figures.shrinkage(plain)
    with pytest.raises(
        SettingsError, match=r"^separate must be a fit of the families with pooling='none', or fit_many"
    ):
        figures.shrinkage(fit, separate=plain)
    with pytest.raises(
        SettingsError, match=r"^Families have no values of their own of 'nu'; they have E, A, B, alpha,"
    ):
        figures.shrinkage(fit, separate=False, parameters=["nu"])
    with pytest.raises(SettingsError, match=r"^shrinkage draws 1 panels here, so it needs 1 axes, got 0\.$"):
        figures.shrinkage(fit, separate=False, parameters="E", axes=[])


def test_densities_of_prior_and_posterior_have_their_mass_and_the_checks_their_numbers(plain):
    data = figures.prior_posterior_data(plain)
    for _, rows in data.groupby("parameter"):
        place = np.log(rows["value"]) if rows["logarithmic"].all() else rows["value"]
        assert np.trapezoid(rows["posterior"], place) == pytest.approx(1.0, abs=0.02)
        # The axis holds 2.6 prior sds to either side.
        assert 0.9 < np.trapezoid(rows["prior"], place) <= 1.001
    rows = data[data["parameter"] == "alpha"]
    draws, prior = plain.unconstrained["alpha"].to_numpy().ravel(), plain.model.prior("alpha")
    assert rows["sd_ratio"].iloc[0] == pytest.approx(draws.std() / prior.log_sd)
    check = {one.name: one.value for one in plain.checks.checks}
    shifts = data[data["parameter"] != "nu"].groupby("parameter")["shift"].first()
    assert check["prior-conflict"] == pytest.approx(shifts.max())


def test_a_posterior_that_is_its_prior_overlaps_it_whole(plain):
    """Draws of the prior in the place of the posterior: the runs said nothing."""
    rng, sites = np.random.default_rng(0), plain.unconstrained
    prior = plain.model.prior("alpha")
    drawn = np.log(prior.median) + prior.log_sd * rng.standard_normal(sites["alpha"].shape)
    blind = replace(plain, unconstrained=sites.assign(alpha=(sites["alpha"].dims, drawn)))
    row = figures.prior_posterior_data(blind, parameters="alpha").iloc[0]
    assert row["overlap"] > 0.95 and row["sd_ratio"] == pytest.approx(1.0, abs=0.05) and row["shift"] < 0.1
    learnt = figures.prior_posterior_data(plain, parameters="alpha").iloc[0]
    assert learnt["overlap"] < 0.5


@pytest.mark.parametrize(
    ("prior", "draw"),
    [
        (LogitNormal(0.9, 1.5), lambda rng: np.log(9.0) + 1.5 * rng.standard_normal(4_000)),
        (Uniform(0.0, 1.0), lambda rng: rng.logistic(size=4_000)),
        (LogNormal(0.4, 1.0), lambda rng: np.log(0.4) + rng.standard_normal(4_000)),
    ],
    ids=["logit normal", "uniform", "log normal"],
)
def test_draws_of_a_prior_between_bounds_overlap_it_whole_too(prior, draw):
    """Near a bound a kernel of the number itself would reach past it."""
    drawn = draw(np.random.default_rng(0))
    assert prior_figure._compared(prior, drawn, 0.9)["overlap"].iloc[0] > 0.96


def test_priors_and_posteriors_are_drawn_with_units_and_interval(fit, badly_placed):
    axes = figures.prior_posterior(fit, prob=0.5)
    assert badly_placed(axes[0].figure) == []
    assert axes[0].get_xlabel().replace("\n", " ") == "E: irreducible loss, population (nats/token)"
    assert "posterior median and 50% equal-tailed interval" in words_of(axes[3])
    with pytest.raises(SettingsError, match=r"^There is no parameter 'q' with a prior; there are E, A, B, alpha, beta"):
        figures.prior_posterior(fit, parameters="q")
    with pytest.raises(SettingsError, match=r"^The fit has no family 'Llama'; there are Cerebras-GPT, "):
        figures.prior_posterior(fit, group="Llama")


def test_ridges_are_the_pairs_of_the_strongest_rank_correlation(plain, badly_placed):
    data = figures.ridges_data(plain)
    found = data.drop_duplicates("pair").set_index("pair")["correlation"]
    assert {"A, alpha", "B, beta"} <= set(found.index) and found.abs().is_monotonic_decreasing
    ranks = [pd.Series(plain.posterior[name].to_numpy().ravel()).rank() for name in ("A", "alpha")]
    assert found["A, alpha"] == pytest.approx(np.corrcoef(*ranks)[0, 1])
    axes = figures.ridges(data)
    assert badly_placed(axes[0].figure) == [] and len(axes) == 3
    assert not any("divergent" in words_of(axes[-1]) for _ in axes)


def test_all_divergent_draws_are_marked_and_counted(plain):
    shape = (plain.unconstrained.sizes["chain"], plain.unconstrained.sizes["draw"])
    diverging = np.zeros(shape, bool)
    diverging[1, [3, 7, 11]] = True
    marked = replace(plain, sample_stats=plain.sample_stats.assign(diverging=(("chain", "draw"), diverging)))
    data = figures.ridges_data(marked, pairs=[("E", "beta")])
    assert data["divergent"].sum() == 3
    (axes,) = figures.ridges(data)
    crosses = [line for line in axes.get_lines() if line.get_marker() == "x"]
    expected = plain.posterior["E"].to_numpy()[1, [3, 7, 11]]
    np.testing.assert_array_equal(np.sort(crosses[0].get_xdata()), np.sort(expected))
    assert "divergent draws (3)" in words_of(axes)


def test_ridges_are_of_one_family_and_of_known_names(fit, plain):
    assert isinstance(fit.posterior, xr.Dataset)
    assert len(figures.ridges(fit, group="Pythia", pairs=[("alpha", "beta")])) == 1
    with pytest.raises(SettingsError, match=r"^ridges draws one family; name it with group=, one of Cerebras-GPT, "):
        figures.ridges(fit)
    with pytest.raises(SettingsError, match=r"^pairs must hold pairs of names, got \('E', 'z'\); names are E, A, B,"):
        figures.ridges(plain, pairs=[("E", "z")])
