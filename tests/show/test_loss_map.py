"""The map of the loss: what is drawn is what law and posterior say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from bayescale.decisions import allocate
from bayescale.language.errors import SettingsError
from bayescale.show import figures
from bayescale.show.figures.densities import highest_density

BUDGETS = [1e20, 1e22, 1e24]


@pytest.fixture(scope="module")
def data(plain):
    return figures.loss_map_data(plain, compute=BUDGETS, prob=0.8)


def test_the_map_is_the_median_of_the_law(plain, data):
    surface = data[data["part"] == "map"]
    row = surface.iloc[len(surface) // 3]
    p = {name: plain.posterior[name].to_numpy().ravel() for name in ("E", "A", "B", "alpha", "beta")}
    losses = p["E"] + p["A"] * row["params"] ** -p["alpha"] + p["B"] * row["tokens"] ** -p["beta"]
    assert row["loss"] == pytest.approx(np.median(losses), rel=1e-6)
    assert row["extrapolation"] == pytest.approx(6 * row["params"] * row["tokens"] / (6 * 3e9 * 80 * 3e9))


def test_the_best_splits_lie_on_their_budgets_and_the_interval_holds_its_share(plain, data):
    optimum = data[data["part"] == "optimum"]
    np.testing.assert_allclose(6 * optimum["params"] * optimum["tokens"], optimum["budget"])
    draws = allocate(plain, compute=BUDGETS, discrepancy=None).draws["params"]
    for place, (_, rows) in enumerate(optimum.groupby("budget")):
        held, sizes = rows[rows["inside"].astype(bool)], draws.isel(budget=place).to_numpy()
        share = ((sizes >= held["params"].min()) & (sizes <= held["params"].max())).mean()
        assert share == pytest.approx(0.8, abs=0.002)
        assert rows["density"].max() == 1.0


def test_the_highest_density_interval_of_skewed_draws_is_the_shortest():
    """Of an exponential distribution the shortest interval of 80 % begins at 0; the equal-tailed one does not."""
    draws = np.random.default_rng(0).exponential(size=20_000)
    at, _, inside = highest_density(draws, 0.8, 81)
    assert at[inside].min() < 0.02 and at[inside].max() == pytest.approx(-np.log(0.2), rel=0.05)
    at, density, _ = highest_density(np.full(50, 3.0), 0.8, 11)
    assert density.max() == 1.0 and at.mean() == pytest.approx(3.0)


def test_the_drawing_has_units_sizes_in_letters_and_its_interval(data, badly_placed):
    axes = figures.loss_map(data)
    assert axes.get_xlabel() == "model size (parameters)" and axes.get_ylabel() == "training tokens (tokens)"
    assert badly_placed(axes.figure) == []
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert "1B" in shown and "10B" in shown
    words = " ".join(text.get_text() for text in axes.get_legend().get_texts()).replace("\n", " ")
    assert "80% highest-density interval of log size" in words
    assert "extrapolation beyond the largest training compute" in words
    dashed = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
    # Two budgets beyond the largest run, which has 4.3e21 FLOP, and the end of the frontier.
    assert len(dashed) == 3


def test_inside_the_data_nothing_is_dashed(plain):
    axes = figures.loss_map(figures.loss_map_data(plain, compute=[1e20, 1e21]))
    assert [line for line in axes.get_lines() if line.get_linestyle() == "--"] == []


def test_a_family_of_any_name_is_drawn_on_axes_of_ones_own(fit):
    name = fit.groups[0]
    renamed = fit.runs.table.assign(family=fit.runs.table["family"].replace(name, "$x_{\\frac"))
    runs = replace(fit.runs, table=renamed)
    sites = fit.unconstrained.assign_coords(family=list(runs.families)) if "family" in fit.unconstrained else None
    hostile = replace(fit, runs=runs, unconstrained=fit.unconstrained if sites is None else sites)
    ax = Figure().subplots()
    assert figures.loss_map(hostile, group="$x_{\\frac", ax=ax) is ax
    ax.figure.draw_without_rendering()
    assert ax.get_title().startswith("$x_{\\frac")


def test_several_families_and_other_things_are_refused(fit):
    with pytest.raises(SettingsError, match=r"^loss_map draws one family; name it with group=, one of Cerebras-GPT, "):
        figures.loss_map(fit)
    with pytest.raises(SettingsError, match=r"^loss_map_data takes a Fit or its table, got int\.$"):
        figures.loss_map(3)
    with pytest.raises(SettingsError, match="prob must lie strictly between 0 and 1"):
        figures.loss_map(fit, group="Pythia", prob=1.5)
