"""The models of numpyro_models.py, as a user of PyMC writes them; nutpie samples these, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymc as pm
import pytensor.tensor as pt

COORDINATES = {"level": 0.4, "size_share": 0.3, "data_share": 0.3, "log_alpha": 0.3, "log_beta": 0.3}


def _data(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as data of the model, which another table can take the place of without compiling again."""
    return {name: pm.Data(name, values) for name, values in columns.items()}


def _law(N0: Any = 1.0, D0: Any = 1.0, suffix: str = "") -> tuple[Any, ...]:
    """E, A, B, alpha and beta; A and B are the textbook's where the anchors are given, else those at the anchors."""
    E = pm.LogNormal(f"E{suffix}", pt.log(1.7), 0.35)
    alpha = pm.LogNormal(f"alpha{suffix}", pt.log(0.4), 0.4)
    beta = pm.LogNormal(f"beta{suffix}", pt.log(0.4), 0.4)
    A = pm.LogNormal(f"A{suffix}", pt.log(0.4) + alpha * pt.log(N0), 1.0)
    B = pm.LogNormal(f"B{suffix}", pt.log(0.4) + beta * pt.log(D0), 1.0)
    return E, A, B, alpha, beta


def _nu() -> Any:
    return pm.Truncated("nu", pm.Gamma.dist(2.0, 0.1), lower=1.0)


def toy() -> pm.Model:
    """One normal parameter."""
    with pm.Model() as model:
        pm.Normal("toy")
    return model


def naive(columns: Mapping[str, Any]) -> pm.Model:
    """The law as the papers print it."""
    with pm.Model() as model:
        data = _data({name: columns[name] for name in ("N", "D", "log_loss", "N0", "D0")})
        E, A, B, alpha, beta = _law(data["N0"], data["D0"])
        sigma = pm.HalfCauchy("sigma", 0.01)
        mean = pt.log(E + A / data["N"] ** alpha + B / data["D"] ** beta)
        pm.StudentT("observed", nu=_nu(), mu=mean, sigma=sigma, observed=data["log_loss"])
    return model


def anchored(columns: Mapping[str, Any]) -> pm.Model:
    """A and B at the centre of the design, and no powers of large numbers: what an expert writes."""
    with pm.Model() as model:
        data = _data({name: columns[name] for name in ("log_N", "log_D", "log_loss")})
        E, A, B, alpha, beta = _law()
        sigma = pm.HalfCauchy("sigma", 0.01)
        mean = pt.log(E + A * pt.exp(-alpha * data["log_N"]) + B * pt.exp(-beta * data["log_D"]))
        pm.StudentT("observed", nu=_nu(), mu=mean, sigma=sigma, observed=data["log_loss"])
    return model


def centred(columns: Mapping[str, Any]) -> pm.Model:
    """The hierarchy: families are drawn around the population, in anchored coordinates; rows find theirs by index."""
    n_families = len(columns["families"])
    with pm.Model() as model:
        data = _data({name: columns[name] for name in ("log_N", "log_D", "log_loss", "family")})
        family = data["family"]
        E, A, B, alpha, beta = _law(suffix="_population")
        centre = (pt.log(E + A + B), pt.log(A / E), pt.log(B / E), pt.log(alpha), pt.log(beta))
        between = {name: pm.HalfNormal(f"{name}_between", scale) for name, scale in COORDINATES.items()}
        sigma_population = pm.HalfCauchy("sigma_population", 0.01)
        sigma_between = pm.HalfNormal("sigma_between", 0.3)
        level, size, tokens, log_alpha, log_beta = (
            pm.Normal(name, at, between[name], shape=n_families) for name, at in zip(COORDINATES, centre, strict=True)
        )
        sigma = pm.LogNormal("sigma", pt.log(sigma_population), sigma_between, shape=n_families)
        log_E = level - pt.log1p(pt.exp(size) + pt.exp(tokens))
        own_alpha, own_beta = pt.exp(log_alpha), pt.exp(log_beta)
        size_term = pt.exp(size[family] - own_alpha[family] * data["log_N"])
        data_term = pt.exp(tokens[family] - own_beta[family] * data["log_D"])
        mean = log_E[family] + pt.log1p(size_term + data_term)
        pm.StudentT("observed", nu=_nu(), mu=mean, sigma=sigma[family], observed=data["log_loss"])
    return model
