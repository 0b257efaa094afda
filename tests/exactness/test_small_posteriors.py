"""Every engine has the posterior of the reference where all families, or the only one, share one curve."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from jax import Array

import bayescale as bs
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import HalfNormal, LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Chinchilla, KaplanND, Law
from bayescale.models import NOISES, Laplace, Noise, StudentT


class TwoRegimes(Law):
    """A user's law, without straight coordinates and without textbook form."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss at N0 and D0", at="N0", prior=LogNormal(0.5, 0.7), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.35, 0.4))
    share: Array = parameter("data exponent over the size exponent", prior=LogNormal(1.0, 0.5))
    N0: float = anchor("N")
    D0: float = anchor("D")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha * (D / self.D0) ** -(self.alpha * self.share)


class Logistic(Noise):
    """A user's noise, which has a NumPyro distribution only."""

    name = "logistic"
    sigma: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.03))

    def __call__(self, log_loss, measurement_sd):
        return dist.Logistic(log_loss, jnp.hypot(self.sigma, measurement_sd))


TABLES = {
    "forty runs": {"rows": 40, "sigma": 0.01},
    "ten runs": {"rows": 10, "sigma": 0.02},
    "measured runs": {"rows": 25, "sigma": 0.005, "errors": True},
}


def single(law, noise, runs):
    """A fit by itself; where the instant engine does not believe its draws it hands over, which must be right too."""
    return believed(bs.fit(law, runs, noise=noise, ess=12_000))


def believed(fit):
    """The draws of a fit, unless it says itself that its chains did not converge."""
    print(f"\n{fit.engine}")
    bad = [check.name for check in fit.checks.failed if check.name in ("r-hat", "ess-bulk", "ess-tail", "divergences")]
    return None if bad else fit.unconstrained


def batch(law, noise, runs):
    """One of a batch, beside a table of another length, to which it owes nothing."""
    tables = [runs.subset(np.arange(len(runs)) < 8), runs]
    fits = bs.fit_many(law, tables, noise=noise, draws=3000, progress=False)
    print(f"\n{fits.status[['engine', 'status', 'reason']].iloc[1].to_dict()}, alone: {1 in fits.alone}")
    return fits.unconstrained.isel(fit=1, drop=True) if fits.status["status"].iloc[1] == "ok" else None


def nuts(law, noise, runs):
    return believed(bs.fit(law, runs, noise=noise, engine="nuts", draws=3000))


# Both forms of straight coordinates that engines know: a law's own, and its logs.
LAWS = (Chinchilla, KaplanND)
SAMPLERS = {"instant": single, "many": batch, "nuts": nuts}

QUICK = [("forty runs", Chinchilla, StudentT, engine) for engine in ("instant", "many")]
SLOW = [
    (table, law, noise, engine)
    for table in TABLES
    for law in LAWS
    for noise in NOISES
    # Every engine on the plain table; on the others all noises and laws in a batch, whose rows are padded.
    for engine in (SAMPLERS if table == "forty runs" else ("instant", "many"))
    if (table, law, noise, engine) not in QUICK
]
OWN = [
    ("forty runs", TwoRegimes, StudentT, "many"),
    ("ten runs", TwoRegimes, StudentT, "many"),
    ("forty runs", Chinchilla, Logistic, "many"),
    ("measured runs", Chinchilla, Logistic, "many"),
    ("measured runs", TwoRegimes, Logistic, "many"),
    ("forty runs", TwoRegimes, StudentT, "instant"),
    ("forty runs", TwoRegimes, Logistic, "nuts"),
]
CASES = [*(pytest.param(*case) for case in QUICK), *(pytest.param(*c, marks=pytest.mark.slow) for c in (*SLOW, *OWN))]


def identify(value: object) -> str:
    return value.name if isinstance(value, type) else str(value)


@pytest.fixture(scope="session")
def table(simulated):
    made: dict[tuple[str, type[Law]], bs.Runs] = {}

    def get(name: str, law: type[Law]) -> bs.Runs:
        return made.setdefault((name, law), simulated(law, **TABLES[name]))

    return get


@pytest.mark.parametrize(("name", "law", "noise", "engine"), CASES, ids=identify)
def test_the_posterior_is_the_reference(name, law, noise, engine, table, reference, disagreements):
    runs = table(name, law)
    draws = SAMPLERS[engine](law, noise, runs)
    if draws is None:
        # Only where it is known to be hard: few runs, or corners in the density.
        assert name == "ten runs" or noise is Laplace
        pytest.skip("the fit says itself that it did not converge")
    assert not (wrong := disagreements(draws, reference(law, noise, runs))), wrong


@pytest.mark.parametrize("change", ["wider", "shifted", "skewed"])
def test_a_slightly_different_posterior_is_noticed(table, reference, disagreements, by_number, change):
    """One parameter of seven, by a fifth of its sd; the reference's own other chains are its equals."""
    expected = reference(Chinchilla, StudentT, table("forty runs", Chinchilla))
    halves = [{name: draws[chains] for name, draws in expected.items()} for chains in (slice(4), slice(4, None))]
    assert not disagreements(*halves)
    draws = halves[0]["alpha"]
    standard = (draws - draws.mean()) / draws.std()
    moved = {"wider": 1.2 * standard, "shifted": standard + 0.2, "skewed": standard + 0.2 * standard**2}[change]
    wrong = disagreements(halves[0] | {"alpha": draws.mean() + draws.std() * moved}, halves[1])
    assert wrong
    assert all("alpha" in one for one in wrong)


def test_families_that_share_all_parameters(simulated, reference, disagreements):
    """Three families in the table and one curve."""
    runs = simulated(Chinchilla, rows=8, sigma=0.02, families=3)
    fit = bs.fit("chinchilla", runs, pooling="complete", engine="instant", ess=12_000)
    expected = reference(Chinchilla, StudentT, runs, pooling="complete")
    assert not (wrong := disagreements(fit.unconstrained, expected)), wrong


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_what_a_batch_reports_is_made_from_the_reference(law, table, reference, disagreements):
    """Textbook coefficients and derived quantities, on the log scale."""
    runs = table("forty runs", law)
    fits = bs.fit_many(law, [runs], draws=6000, engine="instant", progress=False)
    logs, noises = reference(law, StudentT, runs), [p.name for p in StudentT.parameters]
    anchors = {name: float(value[0]) for name, value in fits.anchors.items()}
    instance = law(**{p.name: np.exp(logs[p.name]) for p in law.parameters}, **anchors)
    named = instance.textbook().values | {d.name: getattr(instance, d.name) for d in law.derived_quantities}
    expected = {name: np.log(np.asarray(value)) for name, value in named.items()}
    reported = np.log(fits.posterior.isel(fit=0, drop=True).drop_vars(noises))
    assert isinstance(reported, xr.Dataset)
    assert not (wrong := disagreements(reported, expected)), wrong
