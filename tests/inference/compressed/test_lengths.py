"""However long residuals are remembered, or not at all, the forms of an OU process reach as far as its posterior."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

from bayescale.data.read import read_quietly
from bayescale.inference.compressed import choice, lengths
from bayescale.inference.compressed.compress import TOLERANCE, beyond_range, compress
from bayescale.inference.compressed.panels import PANEL, POINTS, point_shares, weights_at
from bayescale.inference.convergence import convergence
from bayescale.inference.fit import fit
from bayescale.inference.likelihood import log_likelihood, prepare, sampled_arrays
from bayescale.laws import Chinchilla
from bayescale.models import RunEffects

# Independent residuals, ones that are forgotten soon, over a run's length, and hardly at all.
TABLES = {"independent": {"residuals": None}, "soon": {"tau": 0.1}, "length": {"tau": 2.3}, "never": {"tau": 10.0}}


@pytest.fixture
def _double_precision():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("_double_precision")
@pytest.mark.parametrize("effects", [None, RunEffects("run")], ids=["", "run effects"])
@pytest.mark.parametrize("case", TABLES)
def test_the_forms_are_right_from_one_end_of_the_range_to_the_other(table_of, simulated, case, effects):
    """Values and slopes of both likelihoods, in the middle of panels, at their ends and on points."""
    runs = read_quietly(simulated(**{"residuals": "ou"} | TABLES[case]))
    runs, model, layout = table_of("ou", runs=runs, effects=effects)
    found = compress(model, runs, layout)
    assert found.bound < TOLERANCE
    forms, known = found.arrays["forms"], found.pilot.correlation["tau"]
    assert forms.lowest <= known.value <= forms.highest
    one = found.pilot.within if effects else found.pilot.pilot
    compressed, full = prepare(model, found.arrays), prepare(model, sampled_arrays(layout))
    law = {p.name: model.constrain(p.name, one.value[:, j]) for j, p in enumerate(model.law.parameters)}
    # On the very ends slopes are those of neither side.
    at = np.linspace(forms.lowest + 1e-9, forms.highest - 1e-9, 2 * forms.panels + 1)
    at = np.append(at, forms.lowest + 0.9 * PANEL)
    if case == "independent":  # where neighbours are forgotten, forms stay the same
        assert forms.least == -np.inf
        at = np.append(at, forms.lowest - 3.0)
    slope_at = jax.jit(jax.value_and_grad(partial(log_likelihood, model)))
    for log_tau in at:
        scale = one.scale * np.exp(known.with_scale * (log_tau - known.value))
        values = {**law, "sigma": scale, "tau": np.exp(log_tau)}
        few, many = (slope_at(values, found.pilot.shifts, rows) for rows in (compressed, full))
        assert float(few[0]) == pytest.approx(float(many[0]), abs=TOLERANCE)
        for name, slope in many[1].items():
            np.testing.assert_allclose(few[1][name], slope, rtol=1e-5, atol=1e-4 * max(1.0, np.abs(slope).max()))


def test_panels_meet():
    """A value where one panel ends and the next begins has the weights of either's end, which are those of a point."""
    ends = point_shares(np.float64(0.0)), point_shares(np.float64(1.0))
    assert ends[0].sum() == pytest.approx(1.0) and ends[1] == pytest.approx(ends[0][::-1])
    polynomial = np.polynomial.Polynomial(np.random.default_rng(0).standard_normal(POINTS))
    within = 0.5 * (1.0 + np.cos((2 * np.arange(POINTS) + 1) * np.pi / (2 * POINTS)))
    for x in (0.0, 0.3, float(within[2]), 1.0):
        assert point_shares(np.float64(x)) @ polynomial(within) == pytest.approx(polynomial(x), rel=1e-9)


@pytest.mark.usefixtures("_double_precision")
def test_one_panel_is_weighed_and_the_others_are_not(table_of):
    runs, model, layout = table_of("ou", tau=2.3)
    forms = compress(model, runs, layout).arrays["forms"]
    assert forms.panels > 1
    for panel in range(forms.panels):
        weight = weights_at(forms, forms.lowest + (panel + 0.4) * PANEL).reshape(forms.panels, POINTS)
        assert weight[panel].sum() == pytest.approx(1.0) and not np.delete(weight, panel, axis=0).any()


@pytest.mark.usefixtures("_double_precision")
def test_a_wrong_first_guess_is_mended(table_of, monkeypatch):
    """A guess that is five e-folds off finds the same posterior of log tau, and drops the panels in between."""
    from bayescale.inference.compressed import arrays

    runs, model, layout = table_of("ou")
    right = compress(model, runs, layout).pilot.correlation["tau"]
    first = arrays.first_length
    for off in (-5.0, 5.0):
        monkeypatch.setattr(arrays, "first_length", lambda *given, off=off: first(*given) + off)
        found = compress(model, runs, layout)
        other = found.pilot.correlation["tau"]
        assert other.value == pytest.approx(right.value, abs=0.05) and other.sd == pytest.approx(right.sd, rel=0.1)
        assert found.arrays["forms"].panels <= 2


def test_a_range_that_is_too_wide_sends_the_fit_to_all_rows(table_of, monkeypatch):
    runs = table_of("ou", tau=2.3, families=2, per_family=4, rows=60)[0]
    monkeypatch.setattr(choice, "FEWEST_ROWS", 100)
    monkeypatch.setattr(lengths, "MOST_PANELS", 1)
    short = {"warmup": 50, "draws": 4, "engine": "nuts", "pooling": "none", "progress": False}
    assert fit(Chinchilla, runs, residuals="ou", **short).likelihood == (
        "full: the correlation length may be anything over a factor of 3"
    )


@pytest.mark.parametrize("case", ["independent", "length"])
def test_the_posterior_is_that_of_all_rows(table_of, simulated, case):
    """One sampling is enough; means within five Monte-Carlo standard errors, sds within 5 % and as many of theirs."""
    runs = read_quietly(simulated(**{"residuals": "ou"} | TABLES[case], families=2, per_family=6, rows=90))
    settings = {"residuals": "ou", "pooling": "none", "warmup": 250, "draws": 600, "engine": "nuts", "progress": False}
    fits = {kind: fit(Chinchilla, runs, **settings, likelihood=kind) for kind in ("compressed", "full")}
    posteriors = [one.posterior for one in fits.values()]
    for name in posteriors[1].data_vars:
        logs = (np.log(p[name].transpose(..., "chain", "draw").to_numpy()) for p in posteriors)
        one, other = (draws.reshape(-1, 4, 600) for draws in logs)
        ess = np.minimum(*(convergence(draws[None]).ess_bulk[0] for draws in (one, other)))
        assert ess.min() > 300, name
        sds = one.std(axis=(1, 2)), other.std(axis=(1, 2))
        away = np.abs(one.mean(axis=(1, 2)) - other.mean(axis=(1, 2))) / sds[1]
        assert np.all(away < 5.0 * np.sqrt(2.0 / ess)), name
        assert np.all(np.abs(np.log(sds[0] / sds[1])) < 0.05 + 5.0 / np.sqrt(ess)), name
    # What was known beforehand, by Laplace's approximation: it sets a range, and must not be far off.
    runs, model, layout = table_of("ou", runs=runs, pooling="none")
    with jax.enable_x64(True):
        found = compress(model, runs, layout)
    known, draws = found.pilot.correlation["tau"], fits["full"].unconstrained["tau"].to_numpy()
    assert abs(known.value - np.median(draws)) < draws.std() and 0.5 < known.sd / draws.std() < 2.0
    assert not beyond_range(model, found.arrays, {"tau": draws})
