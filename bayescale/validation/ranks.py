"""Ranks of truths among draws, for every parameter and for what sees all of them together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpyro.distributions import biject_to

from bayescale.inference.evaluate import log_likelihood
from bayescale.inference.precision import computing
from bayescale.models import Model
from bayescale.validation.truths import Truths
from bayescale.validation.uniformity import DRAWS

# Posteriors that are too wide, or shifted in many directions at once, show best in these.
LIKELIHOOD, DENSITY = "log likelihood", "log density"


def rank_truths(truths: Truths, draws: np.ndarray, seed: int = 0) -> xr.DataArray:
    """Ranks of truths among 99 evenly spaced draws; ties are broken by chance.

    Args:
        truths: with their tables.
        draws: of the parameters on the unconstrained scale, fit x parameter x draw, chains one after the other; NaN
            where there is no fit.
        seed: of the chance.

    Returns:
        0 to 99 over ``fit`` and ``quantity``, NaN without a fit: what a posterior reports (parameters in their textbook
        form, derived quantities, noise), the log likelihood and the log posterior density on the unconstrained scale.
        A derived quantity that is not finite everywhere is left out.
    """
    rng = np.random.default_rng(seed)
    every = np.linspace(0, draws.shape[2] - 1, DRAWS).astype(int)
    fitted = np.isfinite(draws).all(axis=(1, 2)) & truths.usable
    # The truth comes last.
    values = np.concatenate([draws[:, :, every], truths.unconstrained[:, :, None]], axis=2)[fitted]
    found = reported(truths.model, values, _anchors(truths, fitted))
    likelihoods = [_log_likelihood(truths, place, one) for place, one in zip(_places(fitted), values, strict=True)]
    found[LIKELIHOOD] = np.array(likelihoods).reshape(len(values), DRAWS + 1)
    found[DENSITY] = found[LIKELIHOOD] + log_prior(truths.model, values)
    ranks = np.full((len(truths), len(found)), np.nan)
    for j, value in enumerate(found.values()):
        drawn, truth = value[:, :-1], value[:, -1:]
        ties = (drawn == truth).sum(axis=1)
        ranks[fitted, j] = (drawn < truth).sum(axis=1) + rng.integers(0, ties + 1)
    about = {"long_name": f"rank of the truth among {DRAWS} draws"}
    coords = {"fit": np.arange(len(truths)), "quantity": list(found)}
    return xr.DataArray(ranks, coords, ("fit", "quantity"), "rank", about)


def _places(fitted: np.ndarray) -> list[int]:
    return np.flatnonzero(fitted).tolist()


def _anchors(truths: Truths, fitted: np.ndarray) -> dict[str, np.ndarray]:
    """Of the fits, fit x 1."""
    names = [a.name for a in truths.model.law.anchors]
    return {name: np.array([[truths.anchors[i][name]] for i in _places(fitted)]) for name in names}


def reported(model: Model, values: np.ndarray, anchors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a posterior reports, by name, each fit x draw; values are unconstrained, fit x parameter x draw."""
    natural = {p.name: _natural(model, p.name, values[:, j]) for j, p in enumerate(model.parameters)}
    law = model.law_at(natural, anchors)
    with np.errstate(all="ignore"):
        named = {name: np.asarray(value) for name, value in law.textbook().values.items()}
        derived = {d.name: np.asarray(getattr(law, d.name)) for d in model.law.derived_quantities}
    named |= {name: value for name, value in derived.items() if np.isfinite(value).all()}
    named |= {p.name: natural[p.name] for p in model.noise_parameters}
    return {name: np.broadcast_to(value, values[:, 0].shape) for name, value in named.items()}


def _natural(model: Model, name: str, values: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(model.prior(name).natural(values))
    except NotImplementedError:  # a prior of the user's, which has a NumPyro distribution only
        return np.asarray(model.constrain(name, values))


def _log_likelihood(truths: Truths, place: int, values: np.ndarray) -> np.ndarray:
    """Of one table at each draw, by the NumPyro model: no engine's own density has a say in it."""
    data = truths.layout(place).arrays
    sites = {p.name: values[j] for j, p in enumerate(truths.model.parameters)}
    with computing():
        rows = np.asarray(log_likelihood(truths.model, sites, data))
    return np.where(data["mask"], rows, 0.0).sum(axis=(1, 2))


def log_prior(model: Model, values: np.ndarray) -> np.ndarray:
    """Log prior density on the unconstrained scale, fit x draw."""
    total = np.zeros(values[:, 0].shape)
    with computing():
        for j, p in enumerate(model.parameters):
            distribution = model.prior(p.name).numpyro()
            transform = biject_to(distribution.support)
            natural = transform(values[:, j])
            slope = transform.log_abs_det_jacobian(values[:, j], natural)
            total += np.asarray(distribution.log_prob(natural) + slope)
    return total
