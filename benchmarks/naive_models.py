"""The models as a user of NumPyro writes them by hand: textbook A and B, one flat row per run, families by indexing.

Priors are those of bayescale's defaults, so the posterior is the same; only the geometry and the code differ. A
log-normal prior on A at N0 is the prior ``A | alpha ~ LogNormal(log 0.4 + alpha log N0, 1)`` of the textbook A.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import sample

import bayescale as bs

NU = bs.Gamma(2.0, 0.1, 1.0)
COORDINATES = {"level": 0.4, "size_share": 0.3, "data_share": 0.3, "alpha": 0.3, "beta": 0.3}


def log_normal(median, log_sd):
    return dist.LogNormal(jnp.log(median), log_sd)


def law_priors(N0, D0, suffix=""):
    E = sample(f"E{suffix}", log_normal(1.7, 0.35))
    alpha = sample(f"alpha{suffix}", log_normal(0.4, 0.4))
    beta = sample(f"beta{suffix}", log_normal(0.4, 0.4))
    A = sample(f"A{suffix}", log_normal(0.4 * N0**alpha, 1.0))
    B = sample(f"B{suffix}", log_normal(0.4 * D0**beta, 1.0))
    return E, A, B, alpha, beta


def single(N, D, loss, family, N0, D0):
    E, A, B, alpha, beta = law_priors(N0, D0)
    sigma = sample("sigma", dist.HalfCauchy(0.01))
    nu = sample("nu", NU.numpyro())
    mean = jnp.log(E + A / N**alpha + B / D**beta)
    sample("log_loss", dist.StudentT(nu, mean, sigma), obs=jnp.log(loss))


def hierarchy(N0, D0):
    """The population: where families scatter, and by how much."""
    E, A, B, alpha, beta = law_priors(N0, D0, "_population")
    size, data = A / N0**alpha, B / D0**beta
    centre = {"level": E + size + data, "size_share": size / E, "data_share": data / E, "alpha": alpha, "beta": beta}
    between = {name: sample(f"{name}_between", dist.HalfNormal(scale)) for name, scale in COORDINATES.items()}
    return {name: dist.Normal(jnp.log(centre[name]), between[name]) for name in COORDINATES}


def noise_of_families(n_families):
    centre = sample("sigma_population", dist.HalfCauchy(0.01))
    between = sample("sigma_between", dist.HalfNormal(0.3))
    with numpyro.plate("noise_family", n_families):
        sigma = sample("sigma", dist.LogNormal(jnp.log(centre), between))
    return sigma, sample("nu", NU.numpyro())


def likelihood(E, A, B, alpha, beta, sigma, nu, N, D, loss, family):
    mean = jnp.log(E[family] + A[family] / N ** alpha[family] + B[family] / D ** beta[family])
    sample("log_loss", dist.StudentT(nu, mean, sigma[family]), obs=jnp.log(loss))


def centred(N, D, loss, family, N0, D0):
    """Families are drawn in the coordinates in which the population is written, which are anchored ones."""
    n_families = int(family.max()) + 1
    population = hierarchy(N0, D0)
    with numpyro.plate("family", n_families):
        own = {name: sample(f"log_{name}", around) for name, around in population.items()}
    alpha = numpyro.deterministic("alpha", jnp.exp(own["alpha"]))
    beta = numpyro.deterministic("beta", jnp.exp(own["beta"]))
    size, data = jnp.exp(own["size_share"]), jnp.exp(own["data_share"])
    E = numpyro.deterministic("E", jnp.exp(own["level"]) / (1 + size + data))
    A = numpyro.deterministic("A", E * size * N0**alpha)
    B = numpyro.deterministic("B", E * data * D0**beta)
    likelihood(E, A, B, alpha, beta, *noise_of_families(n_families), N, D, loss, family)


def raw(N, D, loss, family, N0, D0):
    """Families are sampled as log E, log A, log B, log alpha and log beta of the textbook.

    The map from these to the coordinates of the population has determinant 1, so no further term is needed.
    """
    n_families = int(family.max()) + 1
    population = hierarchy(N0, D0)
    flat = dist.ImproperUniform(dist.constraints.real, (), ())
    with numpyro.plate("family", n_families):
        logs = {name: sample(f"log_{name}", flat) for name in ("E", "A", "B", "alpha", "beta")}
    E, A, B, alpha, beta = (numpyro.deterministic(name, jnp.exp(value)) for name, value in logs.items())
    size, data = A / N0**alpha, B / D0**beta
    own = {"level": E + size + data, "size_share": size / E, "data_share": data / E, "alpha": alpha, "beta": beta}
    for name, around in population.items():
        numpyro.factor(f"{name}_prior", around.log_prob(jnp.log(own[name])).sum())
    likelihood(E, A, B, alpha, beta, *noise_of_families(n_families), N, D, loss, family)


def raw_start(n_families):
    """Where a user would start the chains of :func:`raw`, which has no prior of its own to draw from."""
    values = {"E": 1.7, "A": 400.0, "B": 400.0, "alpha": 0.35, "beta": 0.35}
    return {f"log_{name}": jnp.full(n_families, jnp.log(value)) for name, value in values.items()}
