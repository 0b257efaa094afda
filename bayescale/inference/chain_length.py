"""Whether chains of NUTS are long enough for a fit's checks, and how much longer they have to be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayescale.inference.convergence import convergence
from bayescale.inference.limits import ESS, R_HAT
from bayescale.inference.posterior import natural_dataset, sites_dataset, varying
from bayescale.models import Model
from bayescale.models.layout import Layout

# Times that chains are made longer at most; what needs more has another fault than too few draws.
MOST_TIMES = 4
# The checks measure the same in double precision.
ENOUGH = 1.001 * ESS
# Sample sizes are noisy, and longer chains that fall short again cost more than longer ones.
MORE = 1.25


def times_longer(model: Model, layout: Layout, sites: Mapping[str, np.ndarray], most: int) -> int:
    """Return how many times as long chains have to be to pass: 1 if they pass, or if no affordable length would do.

    Args:
        model, layout: of the fit.
        sites: unconstrained values of every sampled site, chain x draw x ...
        most: how many times as long they may be.
    """
    labelled = sites_dataset(model, sites, layout.families, layout.levels)
    anchors = {name: float(value) for name, value in layout.arrays["anchors"].items()}
    posterior = natural_dataset(model, labelled, anchors)
    measured = convergence(_columns(varying(posterior, {derived.name for derived in model.law.derived_quantities})))
    r_hat, ess_bulk, ess_tail = (float(part[0]) for part in measured.worst())
    return times_for(r_hat, ess_bulk, ess_tail, most)


def times_for(r_hat: float, ess_bulk: float, ess_tail: float, most: int) -> int:
    """Return how many times as long chains have to be of which the worst measures are these; 1 for as they are."""
    smallest = min(ess_bulk, ess_tail)
    if (r_hat <= R_HAT and smallest >= ENOUGH) or not smallest * most >= ENOUGH:
        return 1  # they pass; or never would, as what never moves, whose sample size is nan
    # Where R-hat alone does not pass, twice as many draws tell whether the chains disagree.
    return min(most, max(2, int(np.ceil(MORE * ENOUGH / smallest))))


def _columns(posterior: xr.Dataset) -> np.ndarray:
    """All quantities of one fit: 1 x quantity x chain x draw."""
    parts = [variable.transpose("chain", "draw", ...).to_numpy() for variable in posterior.data_vars.values()]
    columns = [part.reshape(*part.shape[:2], -1) for part in parts]
    return np.moveaxis(np.concatenate(columns, axis=-1), -1, 0)[None]
