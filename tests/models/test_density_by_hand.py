"""The default hierarchical model has the density that the documentation states, written out here with SciPy alone.

Every number of the model is repeated on purpose: a prior, a scale or a map that changes without its documentation
fails here, which no comparison of the package with itself could notice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpyro.infer.util import potential_energy
from scipy import stats

from bayescale.data.read import read_quietly
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla
from bayescale.models import Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors

MEDIANS = {"E": 1.7, "A": 0.4, "B": 0.4, "alpha": 0.4, "beta": 0.4}
LOG_SDS = {"E": 0.35, "A": 1.0, "B": 1.0, "alpha": 0.4, "beta": 0.4}
BETWEEN = {"level": 0.4, "size_share": 0.3, "data_share": 0.3, "alpha": 0.3, "beta": 0.3}


def table(rng: np.random.Generator) -> pd.DataFrame:
    """Three families of 7, 3 and 1 runs, some losses with a standard error."""
    family = ["a"] * 7 + ["b"] * 3 + ["c"]
    params, tokens = 10 ** rng.uniform(7.5, 10, 11), 10 ** rng.uniform(9, 11.5, 11)
    loss = 1.8 + 400 / params**0.34 + 1500 / tokens**0.36
    return pd.DataFrame(
        {"family": family, "params": params, "tokens": tokens, "loss": loss, "loss_se": rng.uniform(0, 0.02, 11)}
    )


def sites(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Unconstrained values of every sampled site, in a likely region."""
    values = {f"{n}_population": np.log(m) + 0.3 * rng.normal() for n, m in MEDIANS.items()}
    values |= {f"{name}_between": np.log(scale) - 0.5 + 0.5 * rng.normal() for name, scale in BETWEEN.items()}
    centre = np.array([np.log(2.5), -1.5, -1.5, np.log(0.4), np.log(0.4)])
    values |= {"family_parameters": centre + 0.2 * rng.normal(size=(3, 5))}
    values |= {"sigma_population": np.log(0.02) + 0.3 * rng.normal(), "sigma_between": np.log(0.3) + 0.3 * rng.normal()}
    return values | {"sigma_family": np.log(0.02) + 0.3 * rng.normal(size=3), "nu": np.log(4.0) + 0.3 * rng.normal()}


def log_density(values: dict[str, np.ndarray], runs: pd.DataFrame) -> float:
    """Log density of the sites on the unconstrained scale (logs; log(nu - 1)) and of the log losses."""
    normal, total = stats.norm.logpdf, 0.0
    for name, median in MEDIANS.items():
        total += normal(values[f"{name}_population"], np.log(median), LOG_SDS[name])
    E, A, B = (np.exp(values[f"{name}_population"]) for name in "EAB")
    log_exponents = (values["alpha_population"], values["beta_population"])
    location = np.array([np.log(E + A + B), np.log(A / E), np.log(B / E), *log_exponents])
    for j, (name, scale) in enumerate(BETWEEN.items()):
        log_between = values[f"{name}_between"]
        total += stats.halfnorm.logpdf(np.exp(log_between), scale=scale) + log_between
        total += normal(values["family_parameters"][:, j], location[j], np.exp(log_between)).sum()
    log_sigma, log_spread = values["sigma_population"], values["sigma_between"]
    total += stats.halfcauchy.logpdf(np.exp(log_sigma), scale=0.01) + log_sigma
    total += stats.halfnorm.logpdf(np.exp(log_spread), scale=0.3) + log_spread
    total += normal(values["sigma_family"], log_sigma, np.exp(log_spread)).sum()
    nu = 1.0 + np.exp(values["nu"])
    total += stats.gamma.logpdf(nu, 2.0, scale=10.0) - stats.gamma.logsf(1.0, 2.0, scale=10.0) + values["nu"]
    level, size, data, alpha, beta = values["family_parameters"][[ord(name) - ord("a") for name in runs["family"]]].T
    floor = np.exp(level) / (1 + np.exp(size) + np.exp(data))
    N0, D0 = (np.exp(np.log(runs[column]).mean()) for column in ("params", "tokens"))
    power = np.exp(size) * (runs["params"] / N0) ** -np.exp(alpha) + np.exp(data) * (runs["tokens"] / D0) ** -np.exp(
        beta
    )
    own = np.exp(values["sigma_family"])[[ord(name) - ord("a") for name in runs["family"]]]
    scale = np.sqrt(own**2 + (runs["loss_se"] / runs["loss"]) ** 2)
    return float(total + stats.t.logpdf(np.log(runs["loss"]), nu, np.log(floor * (1 + power)), scale).sum())


@pytest.mark.parametrize("seed", range(3))
def test_the_default_model_is_the_one_that_is_documented(seed):
    rng = np.random.default_rng(seed)
    frame = table(np.random.default_rng(7))
    runs = read_quietly(frame)
    layout = lay_out(Chinchilla, runs, None, design_anchors(Chinchilla, runs))
    model = build_model(Chinchilla, noise=StudentT, pooling=Pooling("partial"), n_families=3)
    values = sites(rng)
    with computing():
        ours = -float(potential_energy(model, (layout.arrays,), {}, values))
    # Both are sums of some forty terms of order one to a hundred, in float64.
    assert ours == pytest.approx(log_density(values, frame), abs=1e-8)
