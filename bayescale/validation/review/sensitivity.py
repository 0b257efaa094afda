"""How much the posterior hangs on the priors of the law's parameters: power scaling."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing

# Changes of the posterior per doubling of the prior's or likelihood's power, in Kallioinen et al.'s distance, above
# which they call a posterior sensitive.
SENSITIVE = 0.05
COLUMNS = ["parameter", "prior", "likelihood"]


def prior_sensitivity(fit: Fit) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return how each parameter's posterior moves with the power of the priors and of the likelihood.

    The priors scaled are those declared for the law's parameters, of the population where families are pooled. The
    parameters are taken on the unconstrained scale.

    References:
        kallioinen2024detecting
    """
    import arviz_stats

    sites = {p.name: p.name if f"{p.name}_population" not in fit.unconstrained else f"{p.name}_population"
             for p in fit.law.parameters}  # fmt: skip
    draws = fit.unconstrained[list(sites.values())].rename({site: name for name, site in sites.items()})
    likelihood = fit.log_likelihood
    draws = draws.sel(draw=likelihood["draw"])
    with computing():
        log_prior = sum(_log_prior(fit, name, draws[name]) for name in sites)
    tree = xr.DataTree.from_dict(
        {"posterior": draws, "log_likelihood": likelihood, "log_prior": xr.Dataset({"law": log_prior})}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {group: arviz_stats.psense(tree, group=group) for group in COLUMNS[1:]}
    rows = [
        [name, *(float(np.max(np.nan_to_num(found[group][name].to_numpy()))) for group in COLUMNS[1:])]
        for name in sites
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    worst = table.loc[table["prior"].idxmax()]
    return table, (_check(worst),)


def _check(worst: pd.Series) -> Check:
    value = float(worst["prior"])
    if value < SENSITIVE:
        return Check("prior-sensitivity", "pass", value, SENSITIVE)
    why = (
        "data and prior pull apart: see whether units and prior are right"
        if worst["likelihood"] >= SENSITIVE
        else "the data say little of it: add runs (bayescale identify says which)"
    )
    words = f"The posterior of {worst['parameter']} moves with its prior; {why}. Say which priors were used."
    return Check("prior-sensitivity", "warn", value, SENSITIVE, words)


def _log_prior(fit: Fit, name: str, draws: xr.DataArray) -> xr.DataArray:
    values = fit.model.constrain(name, draws.to_numpy())
    density = np.asarray(fit.model.prior(name).numpyro().log_prob(values))
    out = draws.copy(data=density)
    return out.sum([dim for dim in out.dims if dim not in ("chain", "draw")])
