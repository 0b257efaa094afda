"""A compressed likelihood is the full one to a thousandth of a nat, or it says why there is none."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pandas as pd
import pytest
from jax import Array

from bayescale.data.read import read_quietly
from bayescale.inference.compressed.compress import TOLERANCE, beyond_range, compress
from bayescale.inference.compressed.ordered import CannotCompress
from bayescale.inference.compressed.points import full_log_likelihood, log_likelihood_at, plausible_points
from bayescale.inference.likelihood import log_likelihood, prepare, sampled_arrays
from bayescale.language.declare import parameter
from bayescale.language.errors import FitError
from bayescale.language.priors import LogNormal, Uniform
from bayescale.models import Residuals, RunEffects, StudentT

pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.mark.parametrize("effects", [None, RunEffects("run")], ids=["", "run effects"])
@pytest.mark.parametrize("residuals", ["ar1", "ou", None], ids=str)
def test_both_likelihoods_agree_in_value_and_slope(table_of, residuals, effects):
    runs, model, layout = table_of(residuals, effects=effects)
    found = compress(model, runs, layout)
    assert found.bound < TOLERANCE and found.curves == 24 and found.rows == len(runs)
    points = plausible_points(model, found.pilot)
    compressed, full = prepare(model, found.arrays), prepare(model, sampled_arrays(layout))
    for i in range(len(points["values"]["E"])):
        values = {name: value[i] for name, value in points["values"].items()}
        shifts = None if effects is None else points["shifts"][i]
        slope_at = jax.value_and_grad(partial(log_likelihood, model))
        slopes = [slope_at(values, shifts, rows) for rows in (compressed, full)]
        assert float(slopes[0][0]) == pytest.approx(float(slopes[1][0]), abs=TOLERANCE)
        for name, slope in slopes[1][1].items():
            np.testing.assert_allclose(slopes[0][1][name], slope, rtol=1e-6, atol=1e-4 * np.abs(slope).max())


@pytest.mark.parametrize("residuals", ["ar1", "ou", None], ids=str)
def test_too_few_nodes_are_caught(table_of, residuals):
    """The bound must be able to fail: four nodes cannot follow a curve, and more are taken if they may be."""
    runs, model, layout = table_of(residuals)
    with pytest.raises(CannotCompress, match=r"^nodes miss the log likelihood by .* nats, more than 0\.001: the law"):
        compress(model, runs, layout, nodes=(3,))
    assert compress(model, runs, layout, nodes=(3, 12)).nodes == 12


def test_the_bound_is_the_largest_difference_over_the_points(table_of):
    runs, model, layout = table_of("ar1")
    found = compress(model, runs, layout)
    points = plausible_points(model, found.pilot)
    off = np.asarray(log_likelihood_at(model, points, found.arrays))
    off = np.abs(off - full_log_likelihood(model, points, sampled_arrays(layout)))
    assert off.size == found.points and off.max() == found.bound


@pytest.mark.parametrize("residuals", ["ar1", "ou", None], ids=str)
def test_the_full_likelihood_family_by_family_is_that_of_all_rows(table_of, residuals):
    runs, model, layout = table_of(residuals)
    points = plausible_points(model, compress(model, runs, layout).pilot)
    whole = log_likelihood_at(model, points, sampled_arrays(layout))
    np.testing.assert_allclose(full_log_likelihood(model, points, sampled_arrays(layout)), whole, rtol=1e-12)


def test_the_pilot_is_near_the_truth(table_of):
    runs, model, layout = table_of("ou", rows=300)
    known = compress(model, runs, layout).pilot
    assert np.exp(known.correlation["tau"].value) == pytest.approx(0.1, rel=0.3)
    np.testing.assert_allclose(known.pilot.scale, 0.01, rtol=0.15)


def test_draws_outside_of_the_range_of_log_tau_are_noticed(table_of):
    runs, model, layout = table_of("ou")
    arrays = compress(model, runs, layout).arrays
    lowest, highest = arrays["forms"].lowest, arrays["forms"].highest
    assert not beyond_range(model, arrays, {"tau": np.array([lowest + 0.1, highest - 0.1])})
    assert beyond_range(model, arrays, {"tau": np.array([lowest + 0.1, highest + 0.1])})
    assert beyond_range(model, arrays, {"tau": np.array([lowest - 0.1])})


class Fading(Residuals):
    """Residuals of a user's."""

    width: Array = parameter("distance", prior=LogNormal(0.1, 1.0), pooling="complete")

    def __call__(self, gap):
        return (gap / self.width) ** 0.5


def without(column: str):
    def changed(table):
        return table.drop(columns=column)

    return changed


def doubled(table):
    table.loc[1, ["run", "family", "params", "tokens"]] = table.loc[0, ["run", "family", "params", "tokens"]]
    return table


CASES = {
    "noise": ({"noise": StudentT}, None, r"the noise is student-t, and only sums of squares can be taken beforehand"),
    "run": ({}, without("run"), "the table has no column that names the run of each checkpoint"),
    "errors": ({}, lambda t: t.assign(loss_se=0.01), "rows have measurement errors of their own"),
    "same place": ({}, doubled, "two rows of one run are in the same place"),
    "effects": (
        {"effects": RunEffects("budget")},
        lambda t: t.assign(budget=(t["tokens"] > 1e10).astype(str)),
        "effects of budget change along a run",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_compressed_says_why(table_of, case):
    settings, change, words = CASES[case]
    runs = table_of(None)[0]
    runs = runs if change is None else read_quietly(change(runs.to_frame()))
    runs, model, layout = table_of(None, runs=runs, **settings)
    with pytest.raises(CannotCompress) as caught:
        compress(model, runs, layout)
    assert str(caught.value) == words


def test_own_residuals_are_not_compressed(table_of):
    runs, model, layout = table_of(Fading, runs=table_of("ou")[0])
    with pytest.raises(CannotCompress, match=r"^the residuals 'fading' are not of a kind whose sums are known$"):
        compress(model, runs, layout)


def test_short_curves_are_not_compressed(table_of):
    runs, model, layout = table_of(None, rows=12)
    with pytest.raises(CannotCompress, match=r"^curves have 1. checkpoints in the middle, too few for nodes to save"):
        compress(model, runs, layout)


def test_float32_is_refused(table_of):
    runs, model, layout = table_of(None)
    with jax.enable_x64(False), pytest.raises(FitError, match=r"^A compressed likelihood is computed in float64, and"):
        compress(model, runs, layout)


def uneven(curves, early: int) -> pd.DataFrame:
    """Ordinary runs, and one with a few early checkpoints and all others in its last hundredth."""
    table, rng = curves(None, families=1, per_family=6), np.random.default_rng(3)
    tokens = 1e11 * np.concatenate([np.linspace(0.05, 0.1, early), np.linspace(0.99, 1.0, 300)])
    loss = (1.7 + 0.4 + 0.4 * (tokens / 2e10) ** -0.36) * np.exp(0.01 * rng.standard_normal(tokens.size))
    odd = pd.DataFrame({"family": "f0", "run": "odd", "params": 1e9, "tokens": tokens, "loss": loss})
    return pd.concat([table, odd], ignore_index=True)


@pytest.mark.parametrize("early", [1, 3, 200])
def test_a_run_whose_checkpoints_bunch_is_compressed_with_the_others(table_of, simulated, early):
    runs, model, layout = table_of(None, runs=read_quietly(uneven(simulated, early)))
    assert compress(model, runs, layout).bound < TOLERANCE


def test_the_range_of_an_ou_process_does_not_take_effects_for_a_correlation(table_of, simulated):
    """Effects three times as large as the noise leave log tau where it is without them: near that of 0.1."""
    table, rng = simulated("ou"), np.random.default_rng(4)
    effects = {name: 0.03 * rng.standard_normal() for name in (table["family"] + table["run"]).unique()}
    moved = table.assign(loss=table["loss"] * np.exp((table["family"] + table["run"]).map(effects)))
    for one in (table, moved):
        runs, model, layout = table_of("ou", runs=read_quietly(one), effects=RunEffects("run"))
        found = compress(model, runs, layout).pilot.correlation["tau"]
        assert abs(found.value - np.log(0.1)) < 0.3 and found.sd < 0.15


def test_the_error_is_measured_where_effects_put_the_posterior(table_of):
    """Runs that differ by ten per cent and scatter by a tenth of one: the noise is that around a run's own level."""
    rng, found = np.random.default_rng(1), []
    for run in range(16):
        share = np.linspace(0.003, 1.0, 120)
        params = 10 ** rng.uniform(8, 10)
        tokens = 30 * params * share
        loss = (1.7 + 0.4 * (params / 1e9) ** -0.35 + 0.4 * (tokens / 2e10) ** -0.36) * np.exp(
            0.1 * rng.standard_normal() + 0.001 * rng.standard_normal(share.size)
        )
        found.append(pd.DataFrame({"run": f"r{run}", "params": params, "tokens": tokens, "loss": loss}))
    runs, model, layout = table_of(None, runs=read_quietly(pd.concat(found)), effects=RunEffects("run"))
    pilot = compress(model, runs, layout).pilot
    assert pilot.pilot.scale[0] > 0.01
    assert pilot.within.scale[0] == pytest.approx(0.001, rel=0.1)  # its own error is 1.6 %
    own = runs.table.assign(level=layout.arrays["level"][layout.position])
    scale = plausible_points(model, pilot)["values"]["sigma"]
    assert scale.min() > 0.0005 and scale.max() < 0.002
    assert own["level"].nunique() == 16 and pilot.shifts.std() > 0.05


BOUNDED = {
    "sigma": ("ar1", Uniform(0.001, 0.1), r"the prior Uniform\(0.001, 0.1\) of sigma has other bounds"),
    "tau": ("ou", Uniform(0.01, 3.0), r"the prior Uniform\(0.01, 3\) of tau has other bounds"),
    "rho": ("ar1", Uniform(-0.5, 0.9), r"the prior Uniform\(-0.5, 0.9\) of rho has other bounds"),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_priors_with_other_bounds_take_all_rows_and_say_so(table_of, name):
    """Where nodes are needed, and tried, is worked out in the logs, or log odds, of the declared priors."""
    residuals, prior, message = BOUNDED[name]
    runs, model, layout = table_of(residuals)
    with pytest.raises(CannotCompress, match=message):
        compress(replace(model, priors=((name, prior),)), runs, layout)
    compress(replace(model, priors=((name, model.prior(name)),)), runs, layout)
