"""What backtests over many families say of the error of a law beyond its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from scipy.linalg import eigh

from bayescale.decisions.beyond import noise_scale
from bayescale.inference.settings import check_seed
from bayescale.inference.small_model import check_clusters, cluster_of, sample_small
from bayescale.language.errors import SettingsError
from bayescale.language.installed import version_of
from bayescale.models.discrepancy import PARTS, REFERENCE, Discrepancy
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.result import Backtest

# Draws that are kept: what is left is far narrower than the scatter between clusters.
KEPT = 200


def learn_discrepancy(
    backtest: Backtest, *, clusters: Mapping[str, str] | None = None, without: str | None = None, seed: int = 0
) -> Discrepancy:
    """Learn how far a law goes astray beyond its data from the held-out runs of a backtest.

    Each family counts once, however many ratios it was tried at, since these share their runs. Families of one cluster
    share a part of drift and scale, and few clusters leave their scatter, and so the answer, wide. Where the splits of
    a family are nested, as those of :func:`backtest` are, read the answer as a whole and not its parts: the scale takes
    some of what is scatter of drifts between families.

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
    named = cluster_of(sorted(known), clusters)
    if without is not None and without not in {named[family] for family in known}:
        raise SettingsError(f"There is no cluster {without!r}; there are {', '.join(sorted(set(named.values())))}.")
    tried = [one for one in backtest.held_out if named[one.split.family] != without and one.beyond]
    families = sorted({one.split.family for one in tried})
    groups = sorted({named[family] for family in families})
    check_clusters(groups, "A discrepancy is")
    draws = _sample(_arrays(tried, families, [groups.index(named[family]) for family in families]), check_seed(seed))
    record = {
        "version": version_of("bayescale"),
        "families": families,
        "clusters": groups,
        "ratios": sorted({float(one.split.ratio) for one in tried}),
        "runs": int(sum(len(one.table) for one in tried)),
        "seed": seed,
    }
    name = f"learnt, {len(families)} families"
    return Discrepancy(name, draws, backtest.law, backtest.model_error, record)


def _arrays(tried: Sequence[HeldOut], families: Sequence[str], cluster: Sequence[int]) -> dict[str, np.ndarray]:
    """The residuals of every split in coordinates that are independent whatever the scale, padded to one number.

    With the covariance S of residuals and K of a path of unit scale, the generalised eigenvectors V of K and S make
    S + s^2 K diagonal at every s: V'SV = 1, V'KV = diag(power).
    """
    parts = [_independent(*one.residuals) for one in tried]
    width = max(part.shape[1] for part in parts)
    # Padding has no path and a residual of 0: a constant.
    padded = np.stack([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts], axis=1)
    family = np.array([families.index(one.split.family) for one in tried])
    scales = np.array([np.median(noise_scale(one.fit, one.split.group)) for one in tried])
    noise = np.array([np.mean(np.log(scales[family == k] / REFERENCE)) for k in range(len(families))])
    return {
        "missed": padded[0],
        "distance": padded[1],
        "path": padded[2],
        "family": family,
        "weight": 1.0 / np.bincount(family)[family],
        "cluster": np.asarray(cluster),
        "noise": np.nan_to_num(noise),
    }


def _independent(mean: np.ndarray, spread: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Residuals, distances and variances of a unit path, in coordinates of unit variance without it."""
    power, vectors = eigh(np.minimum.outer(distance, distance), spread)
    return np.stack([vectors.T @ mean, vectors.T @ distance, np.maximum(power, 0.0)])


def _model(data: Mapping[str, Any], clusters: int) -> None:
    """Drift and log scale of every family around those of its cluster; residuals are normal given them."""
    families = data["cluster"].size

    def scattered(name: str, between: Any, within: Any) -> Any:
        over = numpyro.sample(f"{name}_clusters", dist.Normal(0.0, 1.0).expand([clusters]))
        inside = numpyro.sample(f"{name}_families", dist.Normal(0.0, 1.0).expand([families]))
        return between * over[data["cluster"]] + within * inside

    drift = numpyro.sample("drift", dist.Normal(0.0, 0.02))
    between, within = (numpyro.sample(f"drift_{part}", dist.HalfNormal(0.02)) for part in ("between", "within"))
    drifts = drift + scattered("drift", between, within)
    log_scale = numpyro.sample("log_scale", dist.Normal(np.log(0.01), 1.0))
    between, within = (numpyro.sample(part, dist.HalfNormal(0.5)) for part in ("between", "within"))
    power = numpyro.sample("power", dist.Normal(0.5, 0.5))
    log_scales = log_scale + scattered("scale", between, within) + power * data["noise"]
    family = data["family"]
    variance = 1.0 + jnp.exp(2.0 * log_scales)[family][:, None] * data["path"]
    missed = data["missed"] - drifts[family][:, None] * data["distance"]
    density = -0.5 * (missed**2 / variance + jnp.log(variance)).sum(axis=1)
    numpyro.factor("residuals", (data["weight"] * density).sum())


def _sample(data: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    clusters = int(data["cluster"].max()) + 1
    samples = sample_small(_model, data, clusters, names=PARTS, seed=seed, target_accept=0.95, what="the discrepancy")
    keep = np.linspace(0, len(samples[PARTS[0]]) - 1, KEPT).astype(int)
    return {part: values[keep] for part, values in samples.items()}
