"""Posteriors of small NumPyro models of families, such as what is learnt from many fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from numpyro.infer import MCMC, NUTS

from bayescale.inference.precision import computing
from bayescale.language.errors import FitError, SettingsError

WARMUP, STEPS, CHAINS = 500, 500, 4
R_HAT = 1.05
# Below so many clusters their scatter is anyone's guess.
FEWEST_CLUSTERS = 3


def cluster_of(families: Iterable[Any], clusters: Mapping[Any, str] | None) -> dict[Any, str]:
    """Return the cluster of each family, by default itself.

    Raises:
        SettingsError: a family has none.
    """
    families = list(families)
    named = {family: family for family in families} if clusters is None else dict(clusters)
    if missing := [family for family in families if family not in named]:
        raise SettingsError(f"clusters lacks the family {missing[0]!r}.")
    return named


def check_clusters(groups: Sequence[str], what: str) -> None:
    """Refuse too few clusters.

    Args:
        groups: their names, each once.
        what: is learnt from them, as the first words of the message.

    Raises:
        SettingsError: there are fewer than three.
    """
    if len(groups) < FEWEST_CLUSTERS:
        raise SettingsError(f"{what} learnt from at least {FEWEST_CLUSTERS} clusters of families, got {len(groups)}.")


def sample_small(
    model: Callable[..., None],
    data: Mapping[str, Any],
    clusters: int,
    *,
    names: Sequence[str],
    seed: int,
    target_accept: float,
    what: str,
) -> dict[str, np.ndarray]:
    """Sample a model by NUTS; it is compiled once for all data of one shape.

    Args:
        model: takes data and the number of clusters.
        data: arrays by name.
        clusters: how many there are.
        names: of the sites that are wanted, whose R-hat is checked.
        seed: of the sampler.
        target_accept: acceptance that the step size aims at.
        what: is sampled, for the message.

    Returns:
        draws by site, (chain and step) x the site's own shape.

    Raises:
        FitError: the sampler did not converge.
    """
    import arviz as az

    with computing():
        found = _chains(jax.random.key(seed), dict(data), model, clusters, target_accept)
        samples = {name: np.asarray(found[name]) for name in names}
    parts = [values.reshape(*values.shape[:2], -1) for values in samples.values()]
    largest = max(float(az.rhat(part[..., j])) for part in parts for j in range(part.shape[-1]))
    if not largest < R_HAT:
        raise FitError(f"The sampler of {what} did not converge, R-hat {largest:.3f}; give another seed.")
    return {name: values.reshape(-1, *values.shape[2:]) for name, values in samples.items()}


@partial(jax.jit, static_argnums=(2, 3, 4))
def _chains(
    key: Any, data: dict[str, Any], model: Callable[..., None], clusters: int, target_accept: float
) -> dict[str, Any]:
    """Samples over chain and step."""
    kernel, quiet = NUTS(model, target_accept_prob=target_accept), {"chain_method": "vectorized", "progress_bar": False}
    sampler = MCMC(kernel, num_warmup=WARMUP, num_samples=STEPS, num_chains=CHAINS, **quiet)
    sampler.run(key, data, clusters)
    return sampler.get_samples(group_by_chain=True)
