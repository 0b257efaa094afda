"""The instant engine's draws are those of the posterior, and it steps aside when they would not be."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from jax import Array
from scipy.stats import norm

import bayescale as bs
from bayescale.inference.instant.engine import NotInstant, density_for, run_instant
from bayescale.inference.settings import Settings
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import FitError
from bayescale.language.priors import HalfNormal, LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Chinchilla, KaplanND, Law
from bayescale.models import NOISES, Noise, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors


class PowerLaw(Law):
    """A floor and one power law in tokens."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    B: Array = parameter("loss from finite data at D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    D0: float = anchor("D")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.B * (D / self.D0) ** -0.35

    @staticmethod
    def straighten(logs):
        E, B = logs
        return E.__array_namespace__().logaddexp(E, B), B

    @staticmethod
    def unstraighten(coordinates):
        level, B = coordinates
        xp = level.__array_namespace__()
        floor = xp.log1p(-xp.exp(B - level))
        return (level + floor, B), -floor


@pytest.fixture(scope="module")
def few_runs() -> bs.Runs:
    """Six noisy runs: their posterior is far from normal, so a wrong density cannot hide."""
    tokens = np.geomspace(1e9, 1e11, 6)
    loss = (1.8 + 0.5 * (tokens / 1e10) ** -0.35) * np.exp([0.03, -0.04, 0.02, 0.05, -0.03, -0.02])
    return bs.read_runs(pd.DataFrame({"params": [3e8, 1e8, 9e8, 2e8, 5e8, 7e8], "tokens": tokens, "loss": loss}))


def posed(law, runs, noise=bs.models.Normal):
    anchors = design_anchors(law, runs)
    model = build_model(law, noise=noise, pooling=Pooling("complete"), n_families=1)
    return model, lay_out(law, runs, None, anchors)


def on_a_grid(density) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and sd of log E, log B and log sigma by summing the unconstrained density over a grid."""
    axes = [np.linspace(-1.0, 1.3, 150), np.linspace(-5.0, 2.0, 150), np.linspace(-5.5, -1.5, 60)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    log_density = density.log_prior(grid)
    for piece in np.array_split(np.arange(len(grid)), 200):
        log_density[piece] += density._log_likelihood(grid[piece])
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    mean = weight @ grid
    return mean, np.sqrt(weight @ (grid - mean) ** 2)


def distances(density, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Of means and sds from the grid's, in Monte-Carlo standard errors."""
    import arviz as az

    drawn = run_instant(density, Settings(ess=20_000), seed)
    draws = np.stack([drawn.sites[p.name] for p in density.model.parameters], -1)
    mean, sd = on_a_grid(density)
    errors = [[float(az.mcse(draws[..., j], method=kind)) for j in range(3)] for kind in ("mean", "sd")]
    return (draws.mean((0, 1)) - mean) / errors[0], (draws.std((0, 1)) - sd) / errors[1]


# Six comparisons: under 1 % of repeats exceed this if all is right.
LIMIT = float(norm.isf(0.005 / 6))


def test_the_posterior_is_that_of_a_grid(few_runs):
    means, sds = distances(density_for(*posed(PowerLaw, few_runs)))
    assert np.abs(means).max() < LIMIT, means
    assert np.abs(sds).max() < LIMIT, sds


def test_a_wrong_jacobian_is_noticed(few_runs, monkeypatch):
    right = PowerLaw.unstraighten
    monkeypatch.setattr(PowerLaw, "unstraighten", staticmethod(lambda c: (right(c)[0], 0.0)))
    means, sds = distances(density_for(*posed(PowerLaw, few_runs)))
    assert max(np.abs(means).max(), np.abs(sds).max()) > 2 * LIMIT


def test_a_proposal_whose_density_is_wrong_is_noticed(few_runs, monkeypatch):
    from bayescale.inference.instant import proposal

    right = proposal.log_t
    monkeypatch.setattr(proposal, "log_t", lambda standard, degrees: 0.5 * right(standard, degrees))
    means, sds = distances(density_for(*posed(PowerLaw, few_runs)))
    assert max(np.abs(means).max(), np.abs(sds).max()) > 2 * LIMIT


@pytest.fixture(scope="module")
def simulated() -> bs.Runs:
    """Thirty runs of a published law."""
    rng = np.random.default_rng(4)
    design = pd.DataFrame({"params": rng.lognormal(19, 1.2, 30), "tokens": rng.lognormal(23, 1.2, 30)})
    return bs.read_runs(bs.simulate(bs.laws.Chinchilla.published["besiroglu2024chinchilla"], design, seed=2))


def test_the_fit_says_which_engine_ran_and_why(simulated):
    fit = bs.fit("chinchilla", simulated)
    assert fit.engine == "instant (7 parameters, its checks pass)"
    assert "instant (7 parameters, its checks pass), 4 chains" in repr(fit)
    assert {"proposal-k", "efficiency"} <= {check.name for check in fit.check()}
    assert fit.table().attrs["engine"] == fit.engine


def test_it_draws_until_every_parameter_has_the_effective_draws_asked_for(simulated):
    import arviz as az

    for ess in (500, 3000):
        fit = bs.fit("chinchilla", simulated, ess=ess)
        smallest = min(
            float(v) for v in az.ess(fit.posterior[["E", "A", "B", "alpha", "beta", "sigma", "nu"]]).values()
        )
        assert smallest >= ess
        assert fit.settings.draws == fit.posterior.sizes["draw"]


def test_a_given_number_of_draws_is_kept(simulated):
    assert bs.fit("chinchilla", simulated, draws=300, chains=3).posterior.sizes == {"chain": 3, "draw": 300}


def test_a_seed_gives_the_same_draws_and_another_one_others(simulated):
    one, same, other = (bs.fit("chinchilla", simulated, seed=seed).unconstrained["E"] for seed in (1, 1, 2))
    assert one.identical(same)
    assert not np.isclose(one[:, :50], other[:, :50]).any()


def test_a_saved_instant_fit_comes_back(simulated, tmp_path):
    fit = bs.fit("chinchilla", simulated, draws=200)
    fit.save(tmp_path / "fit.nc")
    back = bs.load(tmp_path / "fit.nc")
    assert back.engine == fit.engine
    assert back.unconstrained.identical(fit.unconstrained)
    assert [check.name for check in back.checks.checks] == [check.name for check in fit.checks.checks]


class ManyLaw(Law):
    """A formula that takes the mean over its inputs: for one run it is a law, for many at once another."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + 0.1 * jnp.mean(jnp.log(jnp.asarray(D)))


class JaxLaw(Law):
    """A formula that is written with JAX's functions."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + jnp.exp(-0.05 * jnp.log(jnp.asarray(D)))


class OwnNoise(Noise):
    """A noise without a density in NumPy."""

    name = "own"
    sigma: Array = parameter("scale", prior=HalfNormal(0.1))

    def __call__(self, log_loss, measurement_sd):
        return dist.Normal(log_loss, self.sigma)


def test_a_formula_in_jax_is_sampled_too(few_runs):
    fit = bs.fit(JaxLaw, few_runs, noise="normal")
    assert fit.engine.startswith("instant")
    assert fit.posterior["E"].dtype == np.float64


@pytest.mark.parametrize(
    ("choices", "reason"),
    {
        "mixing": ({"law": ManyLaw}, "its formula gives other values for many runs at once than for one"),
        "own noise": ({"noise": OwnNoise}, "its priors or its noise have no density in NumPy"),
    }.values(),
    ids=["mixing", "own noise"],
)
def test_what_the_engine_cannot_take_is_refused_with_the_reason(few_runs, choices, reason):
    law, noise = choices.get("law", PowerLaw), choices.get("noise", bs.models.Normal)
    with pytest.raises(NotInstant, match=reason):
        density_for(*posed(law, few_runs, noise))


def test_asking_for_the_instant_engine_where_it_cannot_be_is_an_error(few_runs):
    sentence = "cannot sample this posterior: its priors or its noise have no density in NumPy. Use engine='nuts'."
    with pytest.raises(FitError, match=sentence):
        bs.fit(PowerLaw, few_runs, noise=OwnNoise, engine="instant")


def test_a_sampler_that_does_not_believe_itself_hands_over_to_nuts(few_runs, monkeypatch):
    from bayescale.inference.instant import engine

    monkeypatch.setattr(engine, "HOPEFUL", 2.0)
    monkeypatch.setattr(engine, "EFFICIENCY", 2.0)
    fit = bs.fit(PowerLaw, few_runs, noise="normal", warmup=100, draws=100, chains=2)
    assert fit.engine.startswith("nuts (not instant: the importance efficiency of its proposal is")
    assert "diverging" in fit.sample_stats


def test_engines_are_chosen_by_name(few_runs):
    with pytest.raises(ValueError, match="engine must be one of auto, instant, nuts, got 'fast'"):
        bs.fit(PowerLaw, few_runs, engine="fast")


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
@pytest.mark.parametrize("law", [Chinchilla, KaplanND], ids=lambda law: law.name)
def test_both_engines_have_the_same_posterior(law, noise, simulated):
    import arviz as az

    instant = bs.fit(law, simulated, noise=noise, engine="instant", ess=10_000).unconstrained
    nuts = bs.fit(law, simulated, noise=noise, engine="nuts", draws=3000).unconstrained
    z, ratios = [], []
    for name in nuts.data_vars:
        a, b = (one[name].to_numpy() for one in (instant, nuts))
        z.append((a.mean() - b.mean()) / np.hypot(float(az.mcse(a)), float(az.mcse(b))))
        errors = [float(az.mcse(x, method="sd")) / x.std() for x in (a, b)]
        ratios.append((np.log(a.std() / b.std())) / np.hypot(*errors))
    # At most fourteen comparisons per case.
    limit = norm.isf(0.0005 / 14)
    assert np.abs(z).max() < limit, z
    assert np.abs(ratios).max() < limit, ratios


def test_families_that_share_all_parameters_are_one_curve(few_runs):
    frame = few_runs.to_frame().assign(family=["a", "b"] * 3)
    runs = bs.read_runs(frame[["family", "params", "tokens", "loss"]])
    fit = bs.fit(PowerLaw, runs, noise="normal", pooling="complete", seed=3)
    assert fit.engine.startswith("instant")
    alone = bs.fit(PowerLaw, few_runs, noise="normal", seed=3)
    np.testing.assert_allclose(fit.unconstrained["E"], alone.unconstrained["E"], rtol=1e-9)
    assert bs.fit(PowerLaw, runs, noise="normal", chains=2, warmup=60, draws=50).engine == (
        "nuts (not instant: families have parameters of their own)"
    )
