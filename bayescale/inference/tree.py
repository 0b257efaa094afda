"""A fit as an ArviZ DataTree: what diagnostics, model comparison and plots of that library expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
import xarray as xr

from bayescale.inference.evaluate import log_likelihood, prior_draws, replicates
from bayescale.inference.posterior import flat_sites, natural_dataset, sites_dataset
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit

PRIOR_DRAWS = 512
# Per-run groups hold draws x runs numbers; above this, evenly spaced draws are kept.
LARGEST_GROUP = 25_000_000


def build_tree(fit: Fit) -> xr.DataTree:
    """Return the groups posterior, unconstrained_posterior, sample_stats, log_likelihood, posterior_predictive, prior,
    prior_predictive, observed_data and constant_data.

    ``log_likelihood`` is the log density of the response itself (not of its log), so that laws and noises compare.
    """
    prior, prior_predictive = _prior(fit)
    more = {"posterior_predictive": fit.posterior_predictive, "prior": prior, "prior_predictive": prior_predictive}
    return xr.DataTree.from_dict(stored_groups(fit) | more)


def stored_groups(fit: Fit) -> dict[str, xr.Dataset]:
    """The groups that the file of a fit has: all that readers of the file cannot make from the rest of it.

    Prior and predictive groups are made again from draws and seed; compiling them costs more than all other groups.
    """
    run = {"run": np.arange(len(fit.runs))}
    response, table = fit.law.response.name, fit.runs.table
    # The rows of a table are the dimension "run", so its column of that name needs another one here.
    names = {"run": "run_name"}
    design = {names.get(name, name): ("run", table[name].to_numpy()) for name in table.columns if name != response}
    return {
        "posterior": fit.posterior,
        "unconstrained_posterior": fit.unconstrained,
        "sample_stats": fit.sample_stats,
        "log_likelihood": fit.log_likelihood,
        "observed_data": xr.Dataset({response: ("run", table[response].to_numpy(), _units(fit))}, coords=run),
        "constant_data": xr.Dataset(
            {name: (dim, _storable(value)) for name, (dim, value) in design.items()}, coords=run
        ),
    }


def _units(fit: Fit) -> dict[str, str]:
    return {"long_name": fit.law.response.label, "units": fit.law.response.unit}


def _storable(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind == "f" else values.astype(str)


def log_likelihood_group(fit: Fit) -> xr.Dataset:
    """Log density of every observed response over chain, draw, run; along runs, given the rows before in its run.

    Their sums are joint densities in any case. Leaving out one checkpoint of a run whose neighbours stay says little of
    its forecast: to compare laws along runs, leave out the rest of a run, or whole runs.
    """
    kept, sites = _kept(fit)
    with computing():
        log_prob = np.asarray(log_likelihood(fit.model, sites, fit.layout.arrays))
    if fit.model.noise.of_value:
        return _per_run(fit, kept, log_prob, lambda values: values, {})
    words = {} if fit.model.residuals is None else {"long_name": "log density given the earlier rows of the run"}
    # The likelihood is written in log loss; dividing by the loss makes it a density of the loss.
    log_loss = np.log(fit.runs.table[fit.law.response.name].to_numpy())
    return _per_run(fit, kept, log_prob, lambda values: values - log_loss, words)


def predictive_group(fit: Fit) -> xr.Dataset:
    """One replicate of every run over chain, draw, run: same design, family, effect and measurement error."""
    kept, sites = _kept(fit)
    with computing():
        key = jax.random.key(seed_for(fit.seed, "posterior predictive"))
        replicate = np.asarray(replicates(fit.model, sites, fit.layout.arrays, key))
    return _per_run(fit, kept, replicate, fit.model.noise.to_response, _units(fit))


def _kept(fit: Fit) -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    """The draws that per-run groups hold, as labelled and as flat site values."""
    draws = fit.unconstrained
    step = -(-draws.sizes["chain"] * draws.sizes["draw"] * len(fit.runs) // LARGEST_GROUP)
    kept = draws.isel(draw=slice(None, None, max(step, 1)))
    return kept, flat_sites(kept)


def _per_run(
    fit: Fit, kept: xr.Dataset, values: np.ndarray, finish: Callable[..., Any], attrs: dict[str, str]
) -> xr.Dataset:
    shape = (kept.sizes["chain"], kept.sizes["draw"], len(fit.runs))
    coords = {"chain": kept["chain"], "draw": kept["draw"], "run": np.arange(len(fit.runs))}
    finished = finish(values[:, *fit.layout.position]).reshape(shape)
    return xr.Dataset({fit.law.response.name: (("chain", "draw", "run"), finished, attrs)}, coords=coords)


def _prior(fit: Fit) -> tuple[xr.Dataset, xr.Dataset]:
    with computing():
        key = jax.random.key(seed_for(fit.seed, "prior"))
        sites, replicate = prior_draws(fit.model, fit.layout.arrays, key, PRIOR_DRAWS)
    sites = {name: np.asarray(value)[None] for name, value in sites.items()}
    labelled = sites_dataset(fit.model, sites, fit.layout.families, fit.layout.levels)
    predictive = _per_run(fit, labelled, np.asarray(replicate), fit.model.noise.to_response, _units(fit))
    return natural_dataset(fit.model, labelled, fit.anchors), predictive
