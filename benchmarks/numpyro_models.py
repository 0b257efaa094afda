"""The models as a user of NumPyro writes them by hand, from the naive one to one that knows the tricks of the trade.

Priors are those of bayescale's defaults, so the posterior is the same; only the geometry and the code differ. A
log-normal prior on A at N0 is the prior ``A | alpha ~ LogNormal(log 0.4 + alpha log N0, 1)`` of the textbook A. All
take the columns of :func:`tables.columns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import sample

import bayescale as bs

NU = bs.Gamma(2.0, 0.1, 1.0)
# The coordinates in which families scatter, and the scales of the half-normal priors of their sds.
COORDINATES = {"level": 0.4, "size_share": 0.3, "data_share": 0.3, "log_alpha": 0.3, "log_beta": 0.3}


def _log_normal(median: Any, log_sd: float) -> dist.Distribution:
    return dist.LogNormal(jnp.log(median), log_sd)


def _law(N0: Any = 1.0, D0: Any = 1.0, suffix: str = "") -> tuple[Any, ...]:
    """E, A, B, alpha and beta; A and B are the textbook's where the anchors are given, else those at the anchors."""
    E = sample(f"E{suffix}", _log_normal(1.7, 0.35))
    alpha = sample(f"alpha{suffix}", _log_normal(0.4, 0.4))
    beta = sample(f"beta{suffix}", _log_normal(0.4, 0.4))
    A = sample(f"A{suffix}", _log_normal(0.4 * N0**alpha, 1.0))
    B = sample(f"B{suffix}", _log_normal(0.4 * D0**beta, 1.0))
    return E, A, B, alpha, beta


def toy() -> None:
    """One normal parameter."""
    sample("toy", dist.Normal())


def naive(data: Mapping[str, Any]) -> None:
    """The law as the papers print it."""
    E, A, B, alpha, beta = _law(data["N0"], data["D0"])
    sigma = sample("sigma", dist.HalfCauchy(0.01))
    nu = sample("nu", NU.numpyro())
    mean = jnp.log(E + A / data["N"] ** alpha + B / data["D"] ** beta)
    sample("log_loss", dist.StudentT(nu, mean, sigma), obs=data["log_loss"])


def anchored(data: Mapping[str, Any]) -> None:
    """A and B at the centre of the design, and no powers of large numbers: what an expert writes."""
    E, A, B, alpha, beta = _law()
    sigma = sample("sigma", dist.HalfCauchy(0.01))
    nu = sample("nu", NU.numpyro())
    mean = jnp.log(E + A * jnp.exp(-alpha * data["log_N"]) + B * jnp.exp(-beta * data["log_D"]))
    sample("log_loss", dist.StudentT(nu, mean, sigma), obs=data["log_loss"])


def centred(data: Mapping[str, Any]) -> None:
    """The hierarchy: families are drawn around the population, in anchored coordinates; rows find theirs by index."""
    family, n_families = data["family"], data["families"].shape[0]
    E, A, B, alpha, beta = _law(suffix="_population")
    centre = (jnp.log(E + A + B), jnp.log(A / E), jnp.log(B / E), jnp.log(alpha), jnp.log(beta))
    between = {name: sample(f"{name}_between", dist.HalfNormal(scale)) for name, scale in COORDINATES.items()}
    sigma_population = sample("sigma_population", dist.HalfCauchy(0.01))
    sigma_between = sample("sigma_between", dist.HalfNormal(0.3))
    nu = sample("nu", NU.numpyro())
    with numpyro.plate("families", n_families):
        own = [sample(name, dist.Normal(at, between[name])) for name, at in zip(COORDINATES, centre, strict=True)]
        sigma = sample("sigma", dist.LogNormal(jnp.log(sigma_population), sigma_between))
    level, size, tokens, log_alpha, log_beta = own
    log_E = level - jnp.log1p(jnp.exp(size) + jnp.exp(tokens))
    own_alpha, own_beta = jnp.exp(log_alpha), jnp.exp(log_beta)
    size_term = jnp.exp(size[family] - own_alpha[family] * data["log_N"])
    data_term = jnp.exp(tokens[family] - own_beta[family] * data["log_D"])
    mean = log_E[family] + jnp.log1p(size_term + data_term)
    sample("log_loss", dist.StudentT(nu, mean, sigma[family]), obs=data["log_loss"])
