"""Priors for the next family, from separate fits of many families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bayescale.inference.many import Fits
from bayescale.inference.population import log_normal
from bayescale.inference.population_model import evidence, new_family
from bayescale.inference.settings import check_seed
from bayescale.inference.small_model import check_clusters, cluster_of
from bayescale.language.errors import SettingsError
from bayescale.language.installed import version_of
from bayescale.language.prior_set import Priors


def learn_priors(
    fits: Fits,
    *,
    families: Sequence[str] | None = None,
    clusters: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Priors:
    """Learn what families are like from a fit of each, as priors for one of a cluster that is not among them.

    A random-effects meta-analysis. Logs of parameters are normal around those of their cluster, and clusters around a
    centre. What a family's runs say is its posterior over the prior under which it was fitted, both taken to be normal
    in the logs; so no family is fitted twice, and a better answer comes of fits under priors near the population. The
    centre's own prior lies around theirs, with an sd of 1 in logs, a factor of 2.7; scales of clusters and families are
    half-normal with sd 0.5.

    Args:
        fits: of one law, one family each, by :func:`bayescale.fit_many` with priors that hold at the same anchors for
            all of them (see :class:`bayescale.Priors`), wider than the population.
        families: the labels of those that are learnt from; by default all whose fits did not fail.
        clusters: the cluster of each family, by the label of its fit; by default each is its own, which is right only
            where no two come from one pipeline.
        seed: of the sampler.

    Returns:
        log-normal priors of the parameters of the law, all of which must be positive, and of the noise scale, at the
        anchors of the fits.

    Raises:
        SettingsError: fits whose priors hold at each table's own anchors, a parameter that is not positive, too few
            clusters, a family without one or without a fit.
        FitError: the sampler did not converge.

    References:
        higgins2009reevaluation
    """
    names, model = _names(fits), fits.model
    status = zip(fits.labels, fits.checks["status"].values, strict=True)
    labels = [label for label, how in status if how != "failed"] if families is None else list(families)
    named = cluster_of(labels, clusters)
    groups = sorted({str(named[label]) for label in labels})
    check_clusters(groups, "Priors are")
    draws = [_logs(fits, label, names) for label in labels]
    mean, sd = np.array([model.prior(name).exact_moments() for name in names]).T
    cluster = np.array([groups.index(str(named[label])) for label in labels])
    found = new_family(evidence(draws, mean, sd, cluster), check_seed(seed))
    record = {
        "version": version_of("bayescale"),
        "families": [str(label) for label in labels],
        "clusters": groups,
        "runs": sum(len(fits[label].runs) for label in labels),
        "seed": seed,
    }
    return Priors({name: log_normal(found[:, j]) for j, name in enumerate(names)}, dict(model.anchors), record)


def _names(fits: Fits) -> list[str]:
    """The parameters of law and noise scale that a family has, in order."""
    model = fits.model
    if lacking := [anchor.name for anchor in model.law.anchors if anchor.name not in dict(model.anchors)]:
        raise SettingsError(
            f"Each fit has its own anchor {lacking[0]!r}, at which {model.law.name}'s coefficients are not comparable; "
            "fit with priors=Priors(..., anchors=...)."
        )
    names = [p.name for p in model.parameters if p in model.law.parameters or p.name == model.noise.scale]
    for name in names:
        if not (model.prior(name).positive and model.prior(name).lowest == 0.0):
            raise SettingsError(f"{name} is not positive, and a population is learnt of logs of parameters.")
    return names


def _logs(fits: Fits, label: str | int, names: Sequence[str]) -> np.ndarray:
    """Logs of a family's parameters, draw x parameter."""
    unconstrained = fits[label].unconstrained
    return np.stack([unconstrained[name].to_numpy().ravel() for name in names], axis=1)
