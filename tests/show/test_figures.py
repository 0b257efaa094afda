"""Figures label their intervals and units, show extrapolation as such, and leave everything global alone."""

from __future__ import annotations

import io
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from bayescale.data import read_runs
from bayescale.decisions import allocate
from bayescale.language.errors import LawError, SettingsError
from bayescale.laws import Chinchilla
from bayescale.show import figures
from bayescale.show.figures.budgets import find_budgets
from bayescale.show.figures.curves import split
from bayescale.show.figures.style import look

POINT = Chinchilla.published["besiroglu2024chinchilla"]


def rendered(axes) -> list[str]:
    """Write a figure as PNG, which must raise no warning, and return the texts of its legend."""
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def plan(extrapolation) -> pd.DataFrame:
    """A table like ``allocation_data(plan)``."""
    compute = np.array([1e19, 1e21, 1e23])
    parts = [
        pd.DataFrame(
            {"group": "dense", "compute": compute, "quantity": quantity, "prob": 0.8, "median": compute**power}
        )
        for quantity, power in (("params", 0.45), ("tokens", 0.55))
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(lower=table["median"] / 2, upper=table["median"] * 2, extrapolation=[*extrapolation] * 2)


def drawn(fit) -> dict:
    """Every figure, from the objects that people have."""
    return {
        "loss_compute": figures.loss_compute(fit),
        "isoflop": figures.isoflop(fit, group="Pythia", compute=[1e20, 1e22, 1e24]),
        "allocation": figures.allocation(allocate(fit, compute=[1e20, 1e22, 1e24], group="Pythia"))[1],
        "exponent": figures.exponent(fit),
        "residuals": figures.residuals(fit),
    }


def test_figures_leave_rcparams_and_pyplot_untouched_and_name_their_interval(fit):
    before, had_pyplot = dict(matplotlib.rcParams), "matplotlib.pyplot" in sys.modules
    for name, axes in drawn(fit).items():
        texts = " ".join([*rendered(axes), axes.get_xlabel()])
        assert "90% equal-tailed interval" in texts, name
        assert isinstance(axes.figure, Figure)
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot


def test_axes_carry_units(fit):
    axes = drawn(fit)
    assert axes["loss_compute"].get_xlabel() == "training compute 6ND (FLOP)"
    assert axes["loss_compute"].get_ylabel() == "loss (nats/token)"
    assert axes["isoflop"].get_xlabel() == "model size (parameters)"
    assert axes["allocation"].get_xlabel() == "training compute 6ND (FLOP)"
    assert axes["residuals"].get_xlabel() == "training compute 6ND (FLOP)"
    assert axes["allocation"].get_ylabel() == "compute-optimal training tokens (tokens)"


def test_the_curve_up_to_the_largest_training_compute_is_solid_and_beyond_it_dashed(curves):
    axes = figures.loss_compute(curves[curves["group"] == "family 0"])
    lines = [line for line in axes.get_lines() if line.get_linestyle() in ("-", "--")]
    solid, dashed = sorted(lines, key=lambda line: line.get_xdata().max())
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert solid.get_xdata().max() == pytest.approx(1e20)
    assert dashed.get_xdata().min() == pytest.approx(1e20)
    bands = sorted(axes.collections, key=lambda band: band.get_datalim(axes.transData).xmax)
    assert [bool(band.get_hatch()) for band in bands] == [False, True]
    assert any("extrapolation" in text for text in rendered(axes))


def test_nothing_is_called_an_extrapolation_where_nothing_is(curves):
    axes = figures.loss_compute(curves[curves["compute"] <= 1e20])
    assert not any("extrapolation" in text for text in rendered(axes))


def test_between_two_budgets_the_border_lies_at_the_largest_compute():
    inside, beyond = split([0.01, 1.0e2], [1e20, 1e24], [1.0, 16.0])
    assert (inside[0], beyond[0]) == (False, True)
    assert inside[1][0][-1] == beyond[1][0][0] == pytest.approx(1e22)
    assert inside[1][1][-1] == pytest.approx(4.0)


def test_forty_families_have_forty_looks_and_a_legend_beside_the_axes(curves):
    axes = figures.loss_compute(curves)
    texts = rendered(axes)
    axes.figure.draw_without_rendering()
    assert texts[:40] == [f"family {i}" for i in range(40)]
    assert len({(look(i).colour, look(i).marker) for i in range(77)}) == 77
    box = axes.get_legend().get_window_extent()
    assert box.x0 >= axes.get_window_extent().x1
    assert box.x1 <= axes.figure.bbox.x1 + 1


def test_names_with_dollar_signs_and_leading_underscores_are_shown_as_they_are(curves):
    names = {"family 0": "_hidden", "family 1": "a$b$c_d", "family 2": "µP 100%", "family 3": "x" * 60}
    some = curves[curves["group"].isin(names)].assign(group=lambda table: table["group"].map(names))
    texts = rendered(figures.loss_compute(some))
    assert texts[:3] == ["_hidden", "a$b$c_d", "µP 100%"]
    assert len(texts[3]) == 32


def test_an_allocation_keeps_its_own_probability_and_marks_its_budgets():
    params, tokens = figures.allocation(plan([1e-3, 0.1, 10.0]))
    assert params.figure is tokens.figure
    assert "median and 80% equal-tailed interval" in rendered(tokens)
    assert params.get_xscale() == params.get_yscale() == "log"
    markers = [line for line in params.get_lines() if line.get_marker() == "o"]
    assert markers[0].get_xdata().tolist() == [1e19, 1e21, 1e23]


def test_a_plan_at_published_values_has_neither_band_nor_extrapolation():
    params, tokens = figures.allocation(allocate(POINT, compute=[1e21, 1e23]))
    assert rendered(tokens) == ["chinchilla"]
    assert not params.collections


def test_axes_of_ones_own_are_drawn_on(curves):
    figure = Figure()
    ax = figure.subplots()
    assert figures.loss_compute(curves, ax=ax) is ax
    with pytest.raises(SettingsError, match="needs two axes, got 1"):
        figures.allocation(plan([0.1, 0.5, 1.0]), axes=[ax])


def test_the_loss_curve_and_the_runs_are_those_of_the_fit(fit):
    data = figures.loss_compute_data(fit, groups="Pythia", prob=0.5)
    runs, curve = data[data["part"] == "run"], data[data["part"] == "curve"]
    table = fit.runs.table[fit.runs.table["family"] == "Pythia"]
    assert runs["loss"].tolist() == table["loss"].tolist()
    largest = (6 * table["params"] * table["tokens"]).max()
    assert curve["compute"].max() == pytest.approx(10 * largest)
    assert (curve["extrapolation"] <= 1 + 1e-9).sum() > 10
    expected = allocate(fit, compute=[largest], group="Pythia").table(prob=0.5).set_index("quantity").loc["loss"]
    found = curve.iloc[(curve["compute"] - largest).abs().argmin()]
    assert found[["median", "lower", "upper"]].tolist() == pytest.approx(
        expected[["median", "lower", "upper"]].tolist()
    )


def test_the_density_of_the_exponent_integrates_to_one(fit):
    data = figures.exponent_data(fit)
    assert list(dict.fromkeys(data["group"])) == [*fit.groups, "(population)"]
    for _, rows in data.groupby("group"):
        assert np.trapezoid(rows["density"], rows["value"]) == pytest.approx(1.0, abs=0.03)
        assert rows["value"].between(0, 1).all()


def test_a_law_without_the_exponent_says_so(fit, monkeypatch):
    posterior = fit.posterior.drop_vars("a")
    monkeypatch.setitem(fit.__dict__, "posterior", posterior)
    with pytest.raises(LawError, match="has no exponent 'a' of compute-optimal size"):
        figures.exponent(fit)


def test_residuals_mark_exactly_the_runs_outside_their_interval(fit):
    data = figures.residuals_data(fit)
    assert len(data) == len(fit.runs)
    outside = (data["loss"] < data["lower"]) | (data["loss"] > data["upper"])
    assert data["outside"].tolist() == outside.tolist()
    beyond = (data["residual"] < data["residual_lower"]) | (data["residual"] > data["residual_upper"])
    assert beyond.tolist() == outside.tolist()
    assert 1.889 in data.loc[data["outside"], "loss"].tolist()  # Pythia deduped 1.4B, known to stand out
    texts = rendered(figures.residuals(data))
    assert any(f"outside it: {outside.sum()} of 30 runs" in text for text in texts)


def test_residuals_are_those_of_the_posterior_predictive_group_of_the_fit(fit):
    """One definition of a replicate: that of ``fit.data``, with fitted effects and the model's measurement error."""
    data = figures.residuals_data(fit, prob=0.8)
    order = [i for group in fit.groups for i in np.flatnonzero(fit.runs.table["family"] == group)]
    replicates = np.log(fit.posterior_predictive["loss"].isel(run=order).to_numpy())
    np.testing.assert_allclose(data["lower"], np.exp(np.quantile(replicates, 0.1, axis=(0, 1))), rtol=1e-12)
    assert data["loss"].tolist() == fit.runs.table["loss"].iloc[order].tolist()


def test_one_run_far_out_does_not_squeeze_the_others(fit):
    data = figures.residuals_data(fit, groups="Pythia")
    axes = figures.residuals(data.assign(residual=[50.0, *data["residual"][1:]]))
    assert axes.get_yscale() == "symlog"
    assert "then logarithmic" in axes.get_ylabel()
    rendered(axes)


def test_isoflop_curves_are_lowest_near_the_compute_optimal_size(fit):
    data = figures.isoflop_data(fit, group="Cerebras-GPT", compute=[1e20, 1e24])
    for budget, rows in data.groupby("budget"):
        curve, best = rows[rows["part"] == "curve"], rows[rows["part"] == "optimum"].iloc[0]
        lowest = curve.loc[curve["median"].idxmin(), "params"]
        assert best["params_lower"] < lowest < best["params_upper"]
        assert (curve["extrapolation"] > 1).all() == (budget == 1e24)


def test_budgets_are_found_where_runs_crowd():
    sizes = np.geomspace(1e8, 1e9, 6)
    designs = [pd.DataFrame({"params": sizes, "tokens": c / (6 * sizes)}) for c in (1e19, 1e20, 1e21)]
    table = pd.concat(designs, ignore_index=True).assign(loss=3.0)
    table["loss"] -= 0.01 * np.arange(len(table))
    runs = read_runs(table).table.assign(own_compute=lambda t: 6 * t["params"] * t["tokens"])
    budgets, shown = find_budgets(runs)
    assert budgets == pytest.approx([1e19, 1e20, 1e21])
    assert len(shown) == 18
    budgets, shown = find_budgets(runs.iloc[::6])
    assert budgets == pytest.approx([1e19, 1e20, 1e21])  # one run each: whole powers of ten


def test_isoflop_of_several_families_asks_for_one(fit):
    with pytest.raises(SettingsError, match="draws one family; name it with group="):
        figures.isoflop(fit)
    with pytest.raises(SettingsError, match="compute must be positive and finite"):
        figures.isoflop(fit, group="Pythia", compute=[-1.0])


@pytest.mark.parametrize("name", ["loss_compute", "isoflop", "exponent", "residuals"])
def test_what_is_neither_fit_nor_table_is_refused(name):
    with pytest.raises(SettingsError, match="takes a Fit or its table, got int"):
        getattr(figures, name)(3)
    with pytest.raises(SettingsError, match=rf"lacks .* make it with {name}_data"):
        getattr(figures, name)(pd.DataFrame({"x": [1]}))


def test_an_unknown_family_is_named(fit):
    with pytest.raises(SettingsError, match="no family 'Llama'"):
        figures.loss_compute(fit, groups=["Llama"])
    with pytest.raises(SettingsError, match="beyond must be a factor of at least 1"):
        figures.loss_compute_data(fit, beyond=0.5)


def test_populations_are_grey(fit):
    axes = figures.exponent(fit)
    colours = [to_hex(line.get_color()) for line in axes.get_lines() if line.get_marker() == "o"]
    assert colours.count("#666666") == 1


def choices() -> pd.DataFrame:
    """A table like ``multiverse_data(comparison)``."""
    rows = [("(stacked)", 1.0, 4.1e10), ("chinchilla", 0.0, 7.2e10), ("chinchilla-offset", 1.0, 3.7e10)]
    table = pd.DataFrame(rows, columns=["choice", "weight", "median"])
    about = {"compute": 5.88e23, "quantity": "params", "unit": "parameters", "prob": 0.8}
    about |= {"extrapolation": 100.0, "discrepancy": "none"}
    return table.assign(lower=table["median"] / 1.2, upper=table["median"] * 1.2, **about)


def test_the_multiverse_has_the_mixture_on_top_and_shows_weights_units_and_the_interval():
    data = choices()
    axes = figures.multiverse(data)
    rendered(axes)
    assert axes.get_xlabel() == (
        "compute-optimal model size (parameters) at 5.9×10²³ FLOP\n(median, 80% equal-tailed interval)"
    )
    assert axes.get_xscale() == "log"
    heights = dict(zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    assert max(heights, key=heights.__getitem__) == "stacked mixture"
    # Every choice has a line from its lower to its upper end, at its own height.
    ends = {line.get_ydata()[0]: line.get_xdata() for line in axes.get_lines() if len(line.get_xdata()) == 2}
    for row in data.iloc[1:].to_dict("records"):
        assert list(ends[heights[row["choice"]]]) == [row["lower"], row["upper"]]
    # The lighter choice is paler, and no choice is white.
    colours = {line.get_ydata()[0]: sum(to_rgb(line.get_color())) for line in axes.get_lines()}
    assert 2.9 > colours[heights["chinchilla"]] > colours[heights["chinchilla-offset"]] + 0.2
    assert [text.get_text() for text in axes.texts] == ["weight", "<1%", "100%"]


def test_the_multiverse_refuses_what_it_cannot_draw():
    with pytest.raises(SettingsError, match="lacks choice"):
        figures.multiverse(choices().drop(columns="choice"))
    with pytest.raises(SettingsError, match="several quantities or budgets"):
        figures.multiverse(pd.concat([choices(), choices().assign(quantity="a")]))
    with pytest.raises(SettingsError, match="takes a Comparison or its table, got int"):
        figures.multiverse(3)
