"""The population that families are from, given what the runs of each say by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from scipy.linalg import eigh

from bayescale.inference.small_model import sample_small

CENTER, BETWEEN, WITHIN = "center", "between", "within"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the runs of families say of logs of parameters: a normal likelihood each, in information form.

    Args:
        precision: family x parameter x parameter; zero along what a family's runs do not say.
        information: precision times where the likelihood is highest, family x parameter.
        cluster: of each family, whole numbers from 0.
        expected: the middle of the priors under which families were fitted, over parameter.
    """

    precision: np.ndarray
    information: np.ndarray
    cluster: np.ndarray
    expected: np.ndarray


def evidence(
    draws: Sequence[np.ndarray], prior_mean: np.ndarray, prior_sd: np.ndarray, cluster: np.ndarray
) -> Evidence:
    """The posterior over the prior, both taken to be normal.

    Args:
        draws: logs of parameters, draw x parameter, over family.
        prior_mean, prior_sd: of the prior under which they were drawn, over parameter.
        cluster: of each family.
    """
    parts = [_one((one - prior_mean) / prior_sd) for one in draws]
    precision = np.stack([part[0] for part in parts]) / np.outer(prior_sd, prior_sd)
    apart = np.stack([part[1] for part in parts]) / prior_sd
    return Evidence(precision, apart + precision @ prior_mean, cluster, np.asarray(prior_mean, float))


def _one(standard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and information of one family, in units of its prior."""
    mean = standard.mean(axis=0)
    variance, directions = eigh(np.atleast_2d(np.cov(standard.T)))
    # A direction that is as wide as the prior is one of which the runs say nothing.
    gained = np.maximum(1.0 / variance - 1.0, 0.0)
    along = np.where(gained > 0, (directions.T @ mean) / variance, 0.0)
    return directions * gained @ directions.T, directions @ along


def new_family(seen: Evidence, seed: int) -> np.ndarray:
    """Logs of parameters of a family of another cluster, draw x parameter.

    A random-effects meta-analysis: families are normal around their cluster and clusters around a centre, each
    parameter by itself.

    Raises:
        FitError: the sampler did not converge.

    References:
        higgins2009reevaluation
    """
    samples = _sample(seen, seed)
    scale = np.hypot(samples[BETWEEN], samples[WITHIN])
    return samples[CENTER] + scale * np.random.default_rng(seed).standard_normal(scale.shape)


def _model(data: Mapping[str, Any], clusters: int) -> None:
    """Families around their clusters, clusters around a centre, both integrated out."""
    count = data["expected"].size
    # Around the priors of the fits and not around an estimate: a precision-weighted mean of families that are each
    # sharp along a ridge lies where the ridges cross, which may be far from all of them.
    center = numpyro.sample(CENTER, dist.Normal(data["expected"], 1.0))
    # Two half-normal scales of 0.5, by their length and their angle: where each family is its own cluster, only the
    # length is known.
    length = numpyro.sample("length", dist.Weibull(0.5 * jnp.sqrt(2.0), 2.0).expand([count]))
    angle = numpyro.sample("angle", dist.Uniform(0.0, jnp.pi / 2.0).expand([count]))
    between = numpyro.deterministic(BETWEEN, length * jnp.cos(angle))
    within = numpyro.deterministic(WITHIN, length * jnp.sin(angle))
    scattered = jax.vmap(_scattered, (0, 0, None))
    precision, information, constant = scattered(data["precision"], data["information"], within)
    precision, information = (jax.ops.segment_sum(one, data["cluster"], clusters) for one in (precision, information))
    precision, information, more = scattered(precision, information, between)
    at_center = information @ center - 0.5 * jnp.einsum("i,cij,j->c", center, precision, center)
    numpyro.factor("families", constant.sum() + more.sum() + at_center.sum())


def _scattered(precision: Any, information: Any, scale: Any) -> tuple[Any, Any, Any]:
    """What is said of the middle of a normal population by what is said of one of it, and the log of a constant.

    With x = m + s z and normal z, the likelihood of x in information form is integrated over z.
    """
    factor = jnp.linalg.cholesky(jnp.eye(scale.size) + scale[:, None] * precision * scale)
    half = jax.scipy.linalg.solve_triangular(factor, scale[:, None] * precision, lower=True)
    pull = jax.scipy.linalg.solve_triangular(factor, scale * information, lower=True)
    constant = 0.5 * pull @ pull - jnp.log(jnp.diagonal(factor)).sum()
    return precision - half.T @ half, information - half.T @ pull, constant


def _sample(seen: Evidence, seed: int) -> dict[str, np.ndarray]:
    """Samples of centre and scales, sample x parameter."""
    data = {
        "precision": seen.precision,
        "information": seen.information,
        "cluster": seen.cluster,
        "expected": seen.expected,
    }
    clusters, names = int(seen.cluster.max()) + 1, (CENTER, BETWEEN, WITHIN)
    return sample_small(_model, data, clusters, names=names, seed=seed, target_accept=0.9, what="the population")
