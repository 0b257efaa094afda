"""Engines that are broken on purpose do not pass the test that the engine passes, with the same tables.

What is broken is small: a Jacobian left out, proposals a tenth wider than is said, every proposal accepted, a noise
scale a tenth off. All fits are kept as they come, so that no check of the engine is in the way of the test.
"""

from __future__ import annotations

import numpy as np
import pytest
from jax import Array
from scipy import stats

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.instant.chains import run_chains
from bayescale.inference.instant.engine import density_for
from bayescale.inference.instant.mixture import match_mixture
from bayescale.inference.instant.mode import find_mode
from bayescale.inference.many import engine, steps
from bayescale.inference.many.proposal import draw_t
from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Chinchilla, Law
from bayescale.models import Noise, Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.validation.ranks import rank_truths

# Tables for what is small and for what is not; and for fits that are made one by one.
MANY, SOME, SINGLE = 1000, 300, 250
# The coordinates stretch by level / E. A prior that lets E be a small part of the loss, and few runs, leave that open.
LOOSE = {"E": bs.LogNormal(0.3, 1.0)}


def like(name: str, of: type = Chinchilla, **choices):
    """A parameter with the prior of another class's."""
    (declared,) = (p for p in of.parameters if p.name == name)
    return parameter(declared.meaning, prior=declared.prior, **choices)


class NoJacobian(Law):
    """Chinchilla whose coordinates forget that they stretch."""

    E: Array = like("E", unit="nats/token")
    A: Array = like("A", unit="nats/token", at="N0")
    B: Array = like("B", unit="nats/token", at="D0")
    alpha: Array = like("alpha")
    beta: Array = like("beta")
    N0: float = anchor("N")
    D0: float = anchor("D")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + self.B * (D / self.D0) ** -self.beta

    def textbook(self):
        return self.replace(A=self.A * self.N0**self.alpha, B=self.B * self.D0**self.beta, N0=1.0, D0=1.0)

    @derived("exponent of compute-optimal size in compute")
    def a(self):
        """As Chinchilla's."""
        return self.beta / (self.alpha + self.beta)

    straighten = staticmethod(Chinchilla.straighten)

    @staticmethod
    def unstraighten(coordinates):
        return Chinchilla.unstraighten(coordinates)[0], 0.0


class TenthOff(Noise):
    """Student-t that takes its scale for a tenth more than it is."""

    name = "student-t"
    sigma: Array = like("sigma", StudentT)
    nu: Array = like("nu", StudentT)

    def __call__(self, log_loss, measurement_sd):
        return StudentT(1.1 * self.sigma, self.nu)(log_loss, measurement_sd)

    def log_likelihood(self, residual, measurement_sd, mask):
        return StudentT(1.1 * self.sigma, self.nu).log_likelihood(residual, measurement_sd, mask)


@pytest.fixture(scope="module")
def tables(experiment):
    return experiment(MANY, seed=6)


@pytest.fixture(scope="module")
def loose(sbc, experiment):
    """Tables that leave open how much of the loss is irreducible."""
    return experiment(500, rows=(12, 20), priors=sbc.priors | LOOSE, seed=6)


def ranks(one, law=Chinchilla, noise=StudentT) -> dict[str, np.ndarray]:
    """Ranks where the engine keeps whatever it gets, of a law and a noise that may be others than the truths'."""
    priors = dict(one.model.priors)
    fits = bs.fit_many(law, one.tables, noise=noise, priors=priors, engine="instant", progress=False, seed=8)
    draws = np.stack(
        [fits.unconstrained[p.name].to_numpy().reshape(len(one), -1) for p in one.model.parameters], axis=1
    )
    return by_quantity(rank_truths(one, draws))


def by_quantity(found) -> dict[str, np.ndarray]:
    """Ranks by name; none is missing."""
    return {str(name): found.sel(quantity=name).to_numpy().astype(int) for name in found["quantity"].to_numpy()}


def wider(rng, degrees, into):
    """Draws a tenth wider than what the engine takes their density to be."""
    draw_t(rng, degrees, into)
    into *= 1.1


def accept_all(log_weight, thresholds):
    """Refuse only what has no density: there the law has no parameters."""
    steps = np.where(log_weight > -1e300, np.arange(log_weight.shape[-1]), 0)
    return np.maximum.accumulate(steps, axis=-1).astype(np.int32)


def test_the_engine_passes(sbc, tables):
    found = ranks(tables)
    assert sbc.violations(found) == {}
    assert sbc.violations({name: values[:SOME] for name, values in found.items()}) == {}


def test_proposals_a_tenth_wider_than_is_said_are_noticed(sbc, tables, monkeypatch):
    monkeypatch.setattr(steps, "draw_t", wider)
    assert "log density" in sbc.violations(ranks(tables))


def test_chains_that_accept_everything_are_noticed(sbc, tables, monkeypatch):
    monkeypatch.setattr(engine, "run_chains", accept_all)
    assert sbc.violations(ranks(tables[:SOME]))


@pytest.mark.slow
def test_a_noise_scale_that_is_a_tenth_off_is_noticed(sbc, tables):
    assert "sigma" in sbc.violations(ranks(tables[:SOME], noise=TenthOff))


def test_the_engine_passes_where_the_jacobian_matters(sbc, loose):
    assert sbc.violations(ranks(loose)) == {}


def test_a_jacobian_left_out_is_noticed(sbc, loose):
    assert "E" in sbc.violations(ranks(loose, law=NoJacobian))


def posed(one, place: int):
    """The density of one table for the NumPy engine."""
    return density_for(one.model, one.layout(place))


def alone(sbc, one) -> dict[str, str]:
    """The same of the NumPy engine, table by table and without its checks: one proposal, four chains of 500 draws."""
    draws = []
    for i in range(len(one)):
        density, rng = posed(one, i), np.random.default_rng([9, i])
        with np.errstate(invalid="ignore"):  # what a difference that reaches outside the support warns of
            proposal, state, _ = match_mixture(density, rng, 4)
        drawn = run_chains(density, proposal, state, 550, rng).positions[:, 50:]
        draws.append(density.unconstrained(drawn.reshape(-1, density.size))[0].T)
    return sbc.violations(by_quantity(rank_truths(one, np.stack(draws))))


@pytest.mark.slow
def test_the_engine_for_single_fits_passes(sbc, loose):
    assert alone(sbc, loose[:SINGLE]) == {}


@pytest.mark.slow
def test_a_jacobian_left_out_of_single_fits_is_noticed(sbc, loose, monkeypatch):
    right = Chinchilla.unstraighten
    monkeypatch.setattr(Chinchilla, "unstraighten", staticmethod(lambda c: (right(c)[0], 0.0)))
    assert "E" in alone(sbc, loose[:SINGLE])


@pytest.fixture
def at_the_edge(sbc, design, prior_draw):
    """The density of a table that came up once, where differences reach to where the law has no density."""
    rng, priors = np.random.default_rng([6, 225]), sbc.priors | LOOSE
    table = design(rows=(12, 20))(rng)
    values = {
        p.name: prior_draw(rng, priors.get(p.name, p.prior)) for p in (*Chinchilla.parameters, *StudentT.parameters)
    }
    law = {p.name: values[p.name] for p in Chinchilla.parameters}
    anchors = {"N0": np.exp(np.log(table["params"]).mean()), "D0": np.exp(np.log(table["tokens"]).mean())}
    scatter = stats.t(values["nu"]).rvs(len(table), random_state=rng)
    loss = Chinchilla(**law, **anchors)(table["params"], table["tokens"]) * np.exp(values["sigma"] * scatter)
    model = build_model(Chinchilla, noise=StudentT, pooling=Pooling("complete"), priors=priors)
    runs = read_quietly(table.assign(loss=loss))
    return density_for(model, lay_out(Chinchilla, runs, None, design_anchors(Chinchilla, runs)))


def test_a_mode_at_the_edge_of_a_law_is_found_without_warnings(at_the_edge):
    mode, factor = find_mode(at_the_edge)
    assert np.isfinite(at_the_edge(mode[None])).all()
    assert np.isfinite(factor).all()
