"""Parameter draws for a family, known or new, and what is computed from them with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import xarray as xr

from bayescale.costs import ComputeError
from bayescale.inference.evaluate import natural_values, new_family_draws
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites
from bayescale.inference.settings import check_seed, seed_for
from bayescale.language.errors import SettingsError
from bayescale.language.labels import NEW_FAMILY, common_label
from bayescale.language.quantities import Quantity
from bayescale.laws import Law
from bayescale.models.model import OMEGA

EXTRAPOLATION = {"long_name": "compute over the largest compute in the data", "units": ""}


def group_label(fit: Fit, group: str | None) -> str:
    """What tables call this group.

    Raises:
        SettingsError: the fit has no such family.
    """
    if group is None:
        return NEW_FAMILY if len(fit.groups) > 1 else common_label(fit.groups)
    if group not in fit.groups:
        have = f"it has {', '.join(fit.groups)}" if fit.groups else "its table had no families, leave the group out"
        raise SettingsError(f"The fit has no family {group!r}; {have}.")
    return group


def seed_of(fit: Fit, seed: int | None) -> int:
    """The seed of the random part of an answer: the one given, else that of the fit.

    Raises:
        SettingsError: it is no seed.
    """
    return fit.seed if seed is None else check_seed(seed)


def family_draws(fit: Fit, group: str | None, seed: int) -> tuple[dict[str, Any], Any]:
    """Values of every parameter (one per draw) of a family, and the sd of run effects; call inside ``computing()``.

    A new family depends on the seed and on nothing else: whatever is asked about it, each draw is the same family, so
    that answers can be compared draw by draw.
    """
    label = group_label(fit, group)
    sites = flat_sites(fit.unconstrained)
    family, population = natural_values(fit.model, sites)
    if label == NEW_FAMILY:
        values = new_family_draws(fit.model, sites, jax.random.key(seed_for(seed, "new family")))
    else:
        index = fit.groups.index(label) if fit.model.n_families > 1 else 0
        values = {name: value[:, index] if np.ndim(value) == 2 else value for name, value in family.items()}
    count = next(iter(sites.values())).shape[0]
    return values, np.asarray(population.get(OMEGA, np.zeros(count)))


def law_of(fit: Fit, values: Mapping[str, Any]) -> Any:
    """The law at one value per draw, of shape draws x 1, so that points or budgets broadcast behind the draws."""
    own = {p.name: np.asarray(values[p.name])[:, None] for p in fit.law.parameters}
    return fit.model.law_at(own, fit.anchors)


def check_error(error: ComputeError | None, fit: Fit | Law) -> None:
    """Refuse what is no error of compute, or has no draws to be spread over.

    Raises:
        SettingsError: it is one of these.
    """
    if error is None:
        return
    if not isinstance(error, ComputeError):
        raise SettingsError(f"compute_error must be a costs.ComputeError such as ComputeError(0.1), got {error!r}.")
    if isinstance(fit, Law):
        raise SettingsError("A law at parameter values has no draws to spread over; leave the compute_error out.")


def with_error(error: ComputeError | None, amounts: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Amounts that were found from compute, with the error of its count: draws x amounts, or as they are without one.

    The error is a part of the draw, like a new family, so that answers can be compared draw by draw.
    """
    if error is None:
        return amounts
    return error.counted(amounts, draws=draws, rng=np.random.default_rng(seed_for(seed, "error of compute")))


def labelled(
    values: Mapping[Quantity, np.ndarray],
    dim: str,
    coords: Mapping[Quantity, np.ndarray],
    extrapolation: np.ndarray,
    *,
    fit: Fit | None,
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    """Draws over chain, draw and ``dim``, every variable with ``long_name`` and ``units``.

    Args:
        values: draws x ``dim`` by quantity.
        dim: what the answers are over.
        coords: the questions, over ``dim``.
        extrapolation: over ``dim``, NaN where there are no data.
        fit: whose chains and draws these are; None for a law at parameter values.
        attrs: of the whole.
    """
    shape = (1, 1) if fit is None else (fit.unconstrained.sizes["chain"], fit.unconstrained.sizes["draw"])
    known: dict[str, Any] = {} if fit is None else {name: fit.unconstrained[name] for name in ("chain", "draw")}
    known |= {q.name: (dim, value, described(q)) for q, value in coords.items()}
    variables = {q.name: (("chain", "draw", dim), v.reshape(*shape, -1), described(q)) for q, v in values.items()}
    return xr.Dataset(variables, {**known, "extrapolation": (dim, extrapolation, EXTRAPOLATION)}, dict(attrs))


def described(quantity: Quantity) -> dict[str, str]:
    """The attributes of a variable of a quantity."""
    return {"long_name": quantity.label, "units": quantity.unit}
