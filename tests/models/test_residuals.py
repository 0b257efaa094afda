"""Residuals along runs have the density, and the draws, of the Gaussian process that they claim to be."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
from jax import Array
from numpyro import distributions as dist
from numpyro import handlers
from numpyro.infer.util import log_density
from scipy.stats import multivariate_normal

from bayescale.data.read import read_quietly
from bayescale.inference.instant.density import Density
from bayescale.inference.likelihood import log_likelihood, prepare, sampled_arrays
from bayescale.language.declare import parameter
from bayescale.language.errors import DataError, LawError, SettingsError
from bayescale.language.priors import HalfCauchy, LogNormal
from bayescale.laws import Chinchilla
from bayescale.models import (
    AR1,
    OU,
    BetaBinomial,
    Laplace,
    Noise,
    Normal,
    Pooling,
    Residuals,
    StudentT,
    build_model,
    find_residuals,
    lay_out,
)
from bayescale.models.layout import design_anchors
from bayescale.models.model import OBSERVED

COUNTS = {"a": 21, "b": 2, "c": 1, "d": 37}
VALUES = {"E": 1.8, "A": 0.4, "B": 0.3, "alpha": 0.35, "beta": 0.37, "sigma": 0.012, "nu": 4.0}


pytestmark = pytest.mark.usefixtures("double_precision")


def checkpoints(errors: bool = False, families: bool = False) -> pd.DataFrame:
    """Runs of several lengths at uneven places, in no order."""
    rng = np.random.default_rng(3)
    rows = []
    for name, count in COUNTS.items():
        tokens = 1e9 * np.exp(np.cumsum(rng.exponential(0.15, count)))
        rows.append(pd.DataFrame({"run": name, "params": 10 ** rng.uniform(8, 10), "tokens": tokens}))
    table = pd.concat(rows, ignore_index=True)
    table["loss"] = 1.8 + 400 / table["params"] ** 0.35 + 1500 / table["tokens"] ** 0.36
    table["loss"] *= np.exp(0.01 * rng.standard_normal(len(table)))
    if errors:
        table["loss_se"] = rng.uniform(0.0, 0.05, len(table))
    if families:
        table["family"] = np.where(table["run"] == "d", "second", "first")
    return table.sample(frac=1.0, random_state=1, ignore_index=True)


def prepared(table, residuals, noise=Normal, law=Chinchilla, pooling="complete"):
    runs = read_quietly(table)
    layout = lay_out(law, runs, None, design_anchors(law, runs), noise, residuals)
    sizes = {"n_families": len(layout.families)}
    return build_model(law, noise=noise, pooling=Pooling(pooling), residuals=residuals, **sizes), layout


def by_hand(table, residuals, mean, value: float) -> float:
    """The log density of log losses as one multivariate normal vector per run, by SciPy."""
    total = 0.0
    log_loss = np.log(table["loss"].to_numpy())
    scale = np.hypot(VALUES["sigma"], table["loss_se"] / table["loss"] if "loss_se" in table else 0.0)
    for name in COUNTS:
        rows = np.flatnonzero(table["run"] == name)
        rows = rows[np.argsort(table["tokens"].to_numpy()[rows])]
        place = np.log(table["tokens"].to_numpy()[rows]) if residuals is OU else np.arange(rows.size)
        apart = np.abs(place[:, None] - place)
        correlation = np.exp(-apart / value) if residuals is OU else value**apart
        sd = np.broadcast_to(scale, log_loss.shape)[rows]
        total += multivariate_normal(mean[rows], correlation * np.outer(sd, sd)).logpdf(log_loss[rows])
    return total


@pytest.mark.parametrize("families", [False, True], ids=["", "families"])
@pytest.mark.parametrize("errors", [False, True], ids=["", "measurement errors"])
@pytest.mark.parametrize(("residuals", "value"), [(OU, 0.4), (OU, 0.02), (AR1, 0.6)], ids=str)
def test_all_densities_are_that_of_a_normal_vector_per_run(residuals, value, errors, families):
    """The NumPyro model, the sampler's likelihood and, for one table, the instant engine's: SciPy's."""
    table = checkpoints(errors, families)
    model, layout = prepared(table, residuals)
    values = {name: VALUES[name] for name in ("E", "A", "B", "alpha", "beta", "sigma")}
    values |= {residuals.parameters[0].name: value}
    mean = np.asarray(model.log_loss(values, layout.arrays))[layout.position]
    expected = by_hand(table, residuals, mean, value)

    single = (
        values if not families else {k: v if k == "tau" or k == "rho" else np.full(2, v) for k, v in values.items()}
    )
    outcome = model.outcome(single, None, layout.arrays)
    rows = np.asarray(outcome.log_prob(layout.arrays["log_loss"]))[layout.position]
    assert rows.sum() == pytest.approx(expected, rel=1e-10)
    found = log_likelihood(model, single, None, prepare(model, sampled_arrays(layout)))
    assert float(found) == pytest.approx(expected, rel=1e-10)
    if not families:
        density = Density.of(model, layout)
        natural = {name: np.full((2, 1), value) for name, value in values.items()}
        unconstrained = np.column_stack(
            [
                np.log(natural[p.name]) if p.name != "rho" else np.log(value / (1 - value)) * np.ones((2, 1))
                for p in model.parameters
            ]
        )
        np.testing.assert_allclose(density._log_likelihood(unconstrained), expected, rtol=1e-10)


@pytest.mark.parametrize("noise", [Normal, StudentT, Laplace], ids=lambda noise: noise.name)
def test_the_sampler_has_the_models_likelihood_for_any_noise(noise):
    model, layout = prepared(checkpoints(errors=True, families=True), OU, noise)
    values = {**VALUES, "tau": 0.3}
    rows = np.asarray(model.outcome(values, None, layout.arrays).log_prob(layout.arrays["log_loss"]))
    found = log_likelihood(model, values, None, prepare(model, layout.arrays))
    assert float(found) == pytest.approx(float(rows[layout.arrays["mask"]].sum()), rel=1e-11)


@pytest.mark.parametrize("noise", [Normal, StudentT], ids=lambda noise: noise.name)
def test_without_correlation_rows_are_independent(noise):
    table = checkpoints(errors=True)
    model, layout = prepared(table, AR1, noise)
    alone, plain = (
        build_model(Chinchilla, noise=noise, pooling=Pooling("complete")),
        lay_out(Chinchilla, read_quietly(table), None, {k: float(v) for k, v in layout.arrays["anchors"].items()}),
    )
    chain = np.asarray(model.outcome({**VALUES, "rho": 1e-12}, None, layout.arrays).log_prob(layout.arrays["log_loss"]))
    free = np.asarray(alone.outcome(VALUES, None, plain.arrays).log_prob(plain.arrays["log_loss"]))
    np.testing.assert_allclose(chain[layout.position], free[plain.position], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("noise", [Normal, StudentT], ids=lambda noise: noise.name)
def test_draws_have_the_correlation_that_is_declared(noise):
    """Standardised draws of the longest run: variance 1 in every row, and exp(-gap / tau) between rows.

    Standard errors of products of 20,000 draws are below 0.02 (kurtosis 4 for nu = 10), and 37 x 37 of them are
    compared: five of them are far beyond what chance leaves.
    """
    table = checkpoints(errors=True)
    model, layout = prepared(table, OU, noise)
    values = {**VALUES, "nu": 10.0, "tau": 0.4}
    outcome = model.outcome(values, None, layout.arrays)
    draws = np.asarray(outcome.sample(jax.random.key(0), (20_000,)))[:, *layout.position]
    mean = np.asarray(model.log_loss(values, layout.arrays))[layout.position]
    rows = np.flatnonzero(table["run"] == "d")
    sd = np.hypot(VALUES["sigma"], (table["loss_se"] / table["loss"]).to_numpy()[rows])
    standard = (draws[:, rows] - mean[rows]) / sd
    place = np.log(table["tokens"].to_numpy()[rows])
    variance = 1.0 if noise is Normal else 10.0 / 8.0
    expected = variance * np.exp(-np.abs(place[:, None] - place) / 0.4)
    assert np.abs(standard.T @ standard / len(draws) - expected).max() < 0.1
    other = np.flatnonzero(table["run"] == "a")
    apart = (draws[:, other] - mean[other]) / VALUES["sigma"]
    assert np.abs((standard.T @ apart) / len(draws) / apart.std(axis=0)).max() < 0.05


def test_the_model_can_be_run_by_numpyro_and_drawn_from():
    model, layout = prepared(checkpoints(), OU, StudentT)
    with handlers.seed(rng_seed=0):
        trace = handlers.trace(model).get_trace({**layout.arrays, "log_loss": None})
    assert trace[OBSERVED]["value"].shape == layout.arrays["mask"].shape
    values = {**VALUES, "tau": 0.3}
    total = log_density(model, (layout.arrays,), {}, values)[0]
    prior = sum(float(p.prior.numpyro().log_prob(values[p.name])) for p in model.parameters)
    found = log_likelihood(model, values, None, prepare(model, layout.arrays))
    assert float(total) == pytest.approx(prior + float(found), rel=1e-11)


def test_the_order_of_the_rows_does_not_matter():
    table = checkpoints()
    first, second = (prepared(t, OU) for t in (table, table.sort_values(["tokens"], ignore_index=True)))
    totals = [
        float(log_likelihood(model, {**VALUES, "tau": 0.3}, None, prepare(model, layout.arrays)))
        for model, layout in (first, second)
    ]
    assert totals[0] == pytest.approx(totals[1], rel=1e-12)


def test_a_name_that_sizes_share_is_several_runs():
    table = checkpoints()
    renamed = table.assign(run="seed 1")
    one, other = prepared(table, OU)[1], prepared(renamed, OU)[1]
    assert one.arrays["linked"].sum() == other.arrays["linked"].sum() == len(table) - len(COUNTS)


BAD = {
    "no runs": (lambda t: t.drop(columns="run"), OU, "the table has no column that names the run of each checkpoint"),
    "twice": (lambda t: pd.concat([t, t.tail(1).assign(loss=3.0)]), AR1, "is that of another row of its run"),
    "step 0": (
        lambda t: t.drop(columns=["tokens", "params"]).assign(step=np.arange(len(t)) // 2, compute=1e20),
        OU,
        r"row \d+, step: '0' has no logarithm; leave out the rows from before training",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_tables_that_cannot_be_ordered_are_refused(name):
    change, residuals, message = BAD[name]
    from bayescale.laws import KaplanC

    law = KaplanC if name == "step 0" else Chinchilla
    runs = read_quietly(change(checkpoints()), law=law)
    with pytest.raises(DataError, match=message):
        lay_out(law, runs, None, design_anchors(law, runs), Normal, residuals)


class Lopsided(Noise):
    """A noise whose shape changes with its scale."""

    sigma: Array = parameter("scale of log loss around the law", prior=HalfCauchy(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.StudentT(2.0 + 100.0 * self.sigma, log_loss, self.sigma)


class Scaled(Noise):
    """A noise of a user's that is a scale times one distribution."""

    sigma: Array = parameter("scale of log loss around the law", prior=HalfCauchy(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.Gumbel(log_loss, jax.numpy.hypot(self.sigma, measurement_sd))


def built(noise, residuals):
    return build_model(Chinchilla, noise=noise, pooling=Pooling("complete"), residuals=residuals)


def test_a_noise_that_is_no_scale_times_one_distribution_is_refused():
    assert built(Scaled, OU).residuals is OU
    with pytest.raises(SettingsError, match="need a noise that is hypot"):
        built(Lopsided, OU)
    with pytest.raises(SettingsError, match="the noise 'beta-binomial' is of the response itself"):
        built(BetaBinomial, OU)


class Clash(Residuals):
    """Residuals with the name of one of Chinchilla's parameters."""

    alpha: Array = parameter("distance", prior=LogNormal(0.1, 1.0))

    def __call__(self, gap):
        return gap / self.alpha


def test_names_that_are_taken_are_refused():
    with pytest.raises(SettingsError, match="The law chinchilla and the residuals 'clash' both have a 'alpha'"):
        built(Normal, Clash)


def test_residuals_are_found_by_name_or_class():
    assert find_residuals("ou") is find_residuals(OU) is OU
    assert find_residuals(None) is None
    with pytest.raises(SettingsError, match=r"residuals must be 'ou', 'ar1', a Residuals class, or None"):
        find_residuals("arma")


def test_residuals_need_a_formula_of_the_gap():
    with pytest.raises(LawError, match=r"needs def __call__\(self, gap\)"):

        class Wrong(Residuals):
            """No gap."""

            def __call__(self, distance):
                return distance
