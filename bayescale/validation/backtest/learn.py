"""What backtests over many families say of the error of a law beyond its data."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS

from bayescale.decisions.beyond import noise_scale
from bayescale.inference.precision import computing
from bayescale.inference.settings import check_seed
from bayescale.language.errors import FitError, SettingsError
from bayescale.models.discrepancy import PARTS, REFERENCE, Discrepancy
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.result import Backtest

WARMUP, STEPS, CHAINS = 400, 400, 2
# Draws that are kept: what is left is far narrower than the scatter between clusters.
KEPT = 200
R_HAT = 1.05


def learn_discrepancy(
    backtest: Backtest, *, clusters: Mapping[str, str] | None = None, without: str | None = None, seed: int = 0
) -> Discrepancy:
    """Learn how far a law goes astray beyond its data from the held-out runs of a backtest.

    Each family counts once, however many ratios it was tried at, since these share their runs. Families of one cluster
    share a part of drift and scale, and few clusters leave their scatter, and so the answer, wide.

    Args:
        backtest: of at least three clusters; what discrepancy it has plays no part.
        clusters: the cluster of each family; by default each is its own, which is right only where no two come from
            one pipeline.
        without: a cluster that is left out, whose families may then be scored with the answer.
        seed: of the sampler.

    Returns:
        a :class:`bayescale.Discrepancy`, for :func:`bayescale.predict` and for :meth:`Backtest.with_discrepancy`.

    Raises:
        SettingsError: too few clusters, a family without one, or a cluster that there is not.
        FitError: the sampler did not converge.

    References:
        kennedy2001bayesian, plummer2015cuts
    """
    known = {one.split.family for one in backtest.held_out}
    named = {family: family for family in known} if clusters is None else dict(clusters)
    if missing := sorted(known - set(named)):
        raise SettingsError(f"clusters lacks the family {missing[0]!r}.")
    if without is not None and without not in {named[family] for family in known}:
        raise SettingsError(f"There is no cluster {without!r}; there are {', '.join(sorted(set(named.values())))}.")
    tried = [one for one in backtest.held_out if named[one.split.family] != without and one.beyond]
    families = sorted({one.split.family for one in tried})
    groups = sorted({named[family] for family in families})
    if len(groups) < 3:
        raise SettingsError(f"A discrepancy is learnt from at least 3 clusters of families, got {len(groups)}.")
    draws = _sample(_arrays(tried, families, [groups.index(named[family]) for family in families]), check_seed(seed))
    record = {
        "version": importlib.metadata.version("bayescale"),
        "families": families,
        "clusters": groups,
        "ratios": sorted({float(one.split.ratio) for one in tried}),
        "runs": int(sum(len(one.table) for one in tried)),
        "seed": seed,
    }
    name = f"learnt from {len(families)} families, {backtest.law}"
    return Discrepancy(name, draws, backtest.law, backtest.model_error, record)


def _arrays(tried: Sequence[HeldOut], families: Sequence[str], cluster: Sequence[int]) -> dict[str, Any]:
    """Residuals of every split, padded to one number of bins; padding is independent of all else."""
    parts = [one.residuals for one in tried]
    width, count = max(distance.size for _, _, distance in parts), len(parts)
    mean, distance = np.zeros((count, width)), np.zeros((count, width))
    spread = np.broadcast_to(np.eye(width), (count, width, width)).copy()
    for place, (one_mean, one_spread, one_distance) in enumerate(parts):
        size = one_distance.size
        mean[place, :size], distance[place, :size], spread[place, :size, :size] = one_mean, one_distance, one_spread
    family = np.array([families.index(one.split.family) for one in tried])
    scales = np.array([np.median(noise_scale(one.fit, one.split.group)) for one in tried])
    ratio = np.array([np.nanmedian(np.log(scales[family == k] / REFERENCE)) for k in range(len(families))])
    return {
        "mean": mean,
        "spread": spread,
        "distance": distance,
        "family": family,
        "weight": 1.0 / np.bincount(family)[family],
        "cluster": np.asarray(cluster),
        "noise": np.nan_to_num(ratio),
    }


def _model(data: Mapping[str, Any]) -> None:
    """Drift and log scale of every family around those of its cluster; residuals are normal given them."""
    clusters, families = int(np.max(data["cluster"])) + 1, data["cluster"].size
    drift = numpyro.sample("drift", dist.Normal(0.0, 0.02))
    between, within = (numpyro.sample(f"drift_{part}", dist.HalfNormal(0.02)) for part in ("between", "within"))
    own = numpyro.sample("drift_clusters", dist.Normal(0.0, 1.0).expand([clusters]))[data["cluster"]]
    drifts = drift + between * own + within * numpyro.sample("drift_families", dist.Normal(0.0, 1.0).expand([families]))
    log_scale = numpyro.sample("log_scale", dist.Normal(np.log(0.01), 1.0))
    apart, inside = (numpyro.sample(part, dist.HalfNormal(0.5)) for part in ("between", "within"))
    own = numpyro.sample("scale_clusters", dist.Normal(0.0, 1.0).expand([clusters]))[data["cluster"]]
    scales = (
        log_scale + apart * own + inside * numpyro.sample("scale_families", dist.Normal(0.0, 1.0).expand([families]))
    )
    scales = scales + numpyro.sample("power", dist.Normal(0.5, 0.5)) * data["noise"]
    family, distance = data["family"], data["distance"]
    path = jnp.minimum(distance[:, :, None], distance[:, None, :])
    cov = data["spread"] + jnp.exp(2.0 * scales)[family][:, None, None] * path
    missed = data["mean"] - drifts[family][:, None] * distance
    density = dist.MultivariateNormal(jnp.zeros(distance.shape[1]), covariance_matrix=cov).log_prob(missed)
    numpyro.factor("residuals", (data["weight"] * density).sum())


def _sample(data: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    import arviz as az

    with computing():
        kernel = NUTS(_model, target_accept_prob=0.9)
        sampler = MCMC(
            kernel,
            num_warmup=WARMUP,
            num_samples=STEPS,
            num_chains=CHAINS,
            chain_method="sequential",
            progress_bar=False,
        )
        sampler.run(jax.random.key(seed), data)
        samples = {name: np.asarray(value) for name, value in sampler.get_samples(group_by_chain=True).items()}
    largest = max(float(az.rhat(samples[part])) for part in PARTS)
    if not largest < R_HAT:
        raise FitError(f"The sampler of the discrepancy did not converge, R-hat {largest:.3f}; give another seed.")
    keep = np.linspace(0, CHAINS * STEPS - 1, KEPT).astype(int)
    return {part: samples[part].reshape(-1)[keep] for part in PARTS}
