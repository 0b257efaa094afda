"""What calibration rests on, by NumPy and SciPy: truths, tables and densities are those of the declarations."""

from __future__ import annotations

import numpy as np
import pytest
from jax import Array
from scipy import stats

import bayescale as bs
from bayescale.language.declare import parameter
from bayescale.language.quantities import Loss, Size
from bayescale.laws import Chinchilla, Law
from bayescale.models import NOISES, Pooling, build_model
from bayescale.validation.ranks import LIKELIHOOD, log_prior, rank_truths
from bayescale.validation.truths import draw_truths

COUNT = 2000


class EveryPrior(Law):
    """A law with one parameter of each kind of prior."""

    normal: Array = parameter("a", prior=bs.Normal(-0.1, 0.2))
    lognormal: Array = parameter("b", prior=bs.LogNormal(1.7, 0.35))
    halfnormal: Array = parameter("c", prior=bs.HalfNormal(0.3))
    halfcauchy: Array = parameter("d", prior=bs.HalfCauchy(0.01))
    gamma: Array = parameter("e", prior=bs.Gamma(2.0, 0.1, 1.0))
    logitnormal: Array = parameter("f", prior=bs.LogitNormal(0.3, 0.9, 0.05, 3.0))
    uniform: Array = parameter("g", prior=bs.Uniform(0.5, 2.0))

    def __call__(self, N: Size) -> Loss:
        return self.lognormal + 0.0 * N


def by_scipy(prior: bs.Prior) -> tuple[object, bs.Prior]:
    """SciPy's distribution of what a prior is about, and of which function of the parameter that is."""
    match prior:
        case bs.Normal(mean, sd):
            return stats.norm(mean, sd), lambda x: x
        case bs.LogNormal(median, sd):
            return stats.norm(np.log(median), sd), np.log
        case bs.HalfNormal(scale):
            return stats.halfnorm(scale=scale), lambda x: x
        case bs.HalfCauchy(scale):
            return stats.halfcauchy(scale=scale), lambda x: x
        case bs.Uniform(low, high):
            return stats.uniform(low, high - low), lambda x: x
        case bs.LogitNormal(median, sd, low, high):
            logit = lambda x: np.log((x - low) / (high - x))  # noqa: E731
            return stats.norm(logit(median), sd), logit
        case bs.Gamma(shape, rate, lower):
            # Above a bound: uniform in what the distribution function leaves above it.
            whole = stats.gamma(shape, scale=1.0 / rate)
            return stats.uniform(), lambda x: (whole.cdf(x) - whole.cdf(lower)) / whole.sf(lower)
    raise TypeError(prior)


@pytest.fixture(scope="module")
def every(design):
    model = build_model(EveryPrior, noise=bs.models.Normal, pooling=Pooling("complete"))
    return draw_truths(model, design()(np.random.default_rng(0))[["params"]], COUNT, 0)


@pytest.mark.parametrize("place", range(8), ids=[*(p.name for p in EveryPrior.parameters), "sigma"])
def test_truths_have_their_prior(every, place):
    """By Kolmogorov and Smirnov; one of eight fails in 1,000 seeds."""
    prior = every.model.prior(every.model.parameters[place].name)
    distribution, of = by_scipy(prior)
    values = of(prior.natural(every.unconstrained[:, place]))
    assert stats.kstest(values, distribution.cdf).pvalue > 1e-3 / 8


def test_the_prior_density_is_that_of_the_instant_engine(every):
    values = every.unconstrained[:5, :, None]
    parts = [every.model.prior(p.name).log_density(values[:, j]) for j, p in enumerate(every.model.parameters)]
    np.testing.assert_allclose(log_prior(every.model, values), sum(parts), rtol=1e-8)


@pytest.mark.parametrize("errors", [False, True], ids=["plain", "with errors"])
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_tables_scatter_as_the_noise_says(sbc, experiment, noise, errors):
    """Residuals of 200 tables over their scale; one of six fails in 1,000 seeds."""
    one, places = experiment(200, noise=noise, errors=errors, seed=4), []
    for i, runs in enumerate(one.tables):
        values, true = truth_of(one, i)
        table = runs.table
        known = table["loss_se"].to_numpy() / table["loss"].to_numpy() if errors else 0.0
        residual = np.log(table["loss"]) - np.log(true.at(params=table["params"], tokens=table["tokens"]))
        places.append(sbc.standard(noise, values).cdf(residual / np.hypot(values["sigma"], known)))
    assert stats.kstest(np.concatenate(places), "uniform").pvalue > 1e-3 / 6


def truth_of(one, place: int) -> tuple[dict[str, float], Law]:
    """Values by name and the law of one table."""
    parameters = one.model.parameters
    values = {p.name: one.model.prior(p.name).natural(one.unconstrained[place, j]) for j, p in enumerate(parameters)}
    return values, one.model.law_at(values, one.anchors[place])


def by_hand(sbc, one, place: int, values: dict[str, np.ndarray]) -> np.ndarray:
    """Log likelihood of one table at draws."""
    table = one.tables[place].table
    law = Chinchilla(**{p.name: values[p.name][:, None] for p in Chinchilla.parameters}, **one.anchors[place])
    residual = np.log(table["loss"].to_numpy()) - np.log(law(table["params"].to_numpy(), table["tokens"].to_numpy()))
    scale = np.hypot(values["sigma"][:, None], (table["loss_se"] / table["loss"]).to_numpy())
    standard = sbc.standard(one.model.noise, {"nu": values["nu"][:, None]})
    return (standard.logpdf(residual / scale) - np.log(scale)).sum(axis=1)


def test_ranks_are_those_by_hand(sbc, experiment):
    """Of a parameter, a derived quantity and the log likelihood, among draws that are other truths."""
    one = experiment(3, errors=True, seed=4)
    draws = np.stack([experiment(sbc.draws, seed=i).unconstrained.T for i in (5, 6, 7)])
    ranks = rank_truths(one, draws)
    for i in range(3):
        values = {p.name: one.model.prior(p.name).natural(draws[i, j]) for j, p in enumerate(one.model.parameters)}
        true, law = truth_of(one, i)
        assert ranks.sel(quantity="E")[i] == (values["E"] < true["E"]).sum()
        a = values["beta"] / (values["alpha"] + values["beta"])
        assert ranks.sel(quantity="a")[i] == (a < law.a).sum()
        A = values["A"] * one.anchors[i]["N0"] ** values["alpha"]
        assert ranks.sel(quantity="A")[i] == (A < law.textbook().A).sum()
        at_truth = by_hand(sbc, one, i, {name: np.atleast_1d(value) for name, value in true.items()})
        assert ranks.sel(quantity=LIKELIHOOD)[i] == (by_hand(sbc, one, i, values) < at_truth).sum()
