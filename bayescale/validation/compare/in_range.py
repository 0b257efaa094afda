"""How well fits predict single runs that they were not given, in the range of their data."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.fit import Fit
from bayescale.validation.compare.fitting import Tried
from bayescale.validation.thinned import thinned

# Draws that importance sampling works on; twice as many move an elpd by less than its standard error.
DRAWS = 4000
# Above it, estimates of a run's density by importance sampling are not to be relied on.
HIGH_K = 0.7


def in_range(tried: Tried, shared: np.ndarray) -> pd.DataFrame:
    """The leave-one-out log density and Pareto k of every run that all choices keep.

    Args:
        tried: the fits.
        shared: mask of the rows.

    Returns:
        columns elpd (log density of the response) and k over the row in the table.

    References:
        vehtari2024pareto
    """
    parts = []
    for family, fit in tried.fits.items():
        rows = np.flatnonzero(tried.rows[family])
        parts.append(pointwise(fit).set_index(rows))
        if len(fit.groups) > 1 or (fit.groups and len(tried.fits) > 1):
            break  # one fit of all families
    whole = pd.concat(parts)
    return whole.loc[whole.index.intersection(np.flatnonzero(shared))].sort_index()


def pointwise(fit: Fit) -> pd.DataFrame:
    """The leave-one-out log density and Pareto k of every run of a fit.

    Returns:
        columns elpd (log density of the response) and k, over run.

    References:
        vehtari2024pareto
    """
    import arviz_stats

    short = thinned(fit, DRAWS)
    groups = xr.DataTree.from_dict({"posterior": short.posterior, "log_likelihood": short.log_likelihood})
    with warnings.catch_warnings():
        # ArviZ warns of large Pareto k, which the table of a comparison shows.
        warnings.simplefilter("ignore")
        found = arviz_stats.loo(groups, var_name=fit.law.response.name, pointwise=True)
    return pd.DataFrame({"elpd": found.elpd_i.to_numpy(), "k": found.pareto_k.to_numpy()})
