"""Parameter draws for a family, known or new."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from bayescale.inference.evaluate import natural_values, new_family_draws
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites
from bayescale.language.errors import SettingsError
from bayescale.models.model import OMEGA

NEW_FAMILY, ALL = "(new family)", "(all)"


def group_label(fit: Fit, group: str | None) -> str:
    """What tables call this group.

    Raises:
        SettingsError: the fit has no such family.
    """
    if group is None:
        return NEW_FAMILY if len(fit.groups) > 1 else ALL if not fit.groups else fit.groups[0]
    if group not in fit.groups:
        have = f"it has {', '.join(fit.groups)}" if fit.groups else "its table had no families, leave the group out"
        raise SettingsError(f"The fit has no family {group!r}; {have}.")
    return group


def family_draws(fit: Fit, group: str | None, key: Any) -> tuple[dict[str, Any], Any]:
    """Values of every parameter (one per draw) of a family, and the sd of run effects; call inside ``computing()``."""
    label = group_label(fit, group)
    sites = flat_sites(fit.unconstrained)
    family, population = natural_values(fit.model, sites)
    if label == NEW_FAMILY:
        values = new_family_draws(fit.model, sites, key)
    else:
        index = fit.groups.index(label) if fit.model.n_families > 1 else 0
        values = {name: value[:, index] if np.ndim(value) == 2 else value for name, value in family.items()}
    count = next(iter(sites.values())).shape[0]
    return values, np.asarray(population.get(OMEGA, np.zeros(count)))


def largest_compute(fit: Fit, group: str | None) -> float:
    """The largest training compute (6ND) in the data of a family, or of all for a new one."""
    table = fit.runs.table
    if group is not None and "family" in table:
        table = table[table["family"] == group]
    return float((6.0 * table["params"] * table["tokens"]).max())


def chain_draw(fit: Fit, values: dict[str, np.ndarray], dim: str, coords: dict[str, Any]) -> xr.Dataset:
    """Label arrays (draws x ``dim``) over chain, draw and ``dim``."""
    chains, draws = fit.unconstrained.sizes["chain"], fit.unconstrained.sizes["draw"]
    variables = {n: (("chain", "draw", dim), v.reshape(chains, draws, -1)) for n, v in values.items()}
    own = {name: fit.unconstrained[name] for name in ("chain", "draw")}
    return xr.Dataset(variables, coords={**own, **coords})
