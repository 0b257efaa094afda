"""Posterior against prior: parameters of which the data say nothing, and such as lie where the prior does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayescale.inference.checks import Check, judged
from bayescale.inference.limits import CONFLICT, CONTRACTION

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit


def prior_checks(fit: Fit) -> list[Check]:
    """Posterior against prior of every parameter that has a declared prior: common, a population's, or unpooled."""
    contraction, distance = {}, {}
    for where, names, standard in _in_prior_units(fit):
        law = [j for j, name in enumerate(names) if name in {p.name for p in fit.law.parameters}]
        if law:
            # Along the direction that the data narrowed least: two parameters may be loose together, neither alone.
            spread, directions = np.linalg.eigh(np.atleast_2d(np.cov(standard[:, law], rowvar=False)))
            heaviest = sorted(np.argsort(-np.abs(directions[:, -1]))[: 1 + (np.abs(directions[:, -1]).max() < 0.9)])
            words = " against ".join(names[law[j]] for j in heaviest)
            contraction[words + where] = float(np.sqrt(spread[-1]))
        for name, shift in zip(names, np.abs(np.median(standard, axis=0)), strict=True):
            distance[name + where] = float(shift)
    if not distance:
        return []
    loose, far = max(contraction, key=contraction.__getitem__), max(distance, key=distance.__getitem__)
    return [
        judged(
            "identified",
            contraction[loose],
            CONTRACTION,
            np.less_equal,
            f"The data say nothing about {loose}: the posterior is the prior. Vary size and tokens independently.",
            bad="warn",
        ),
        judged(
            "prior-conflict",
            distance[far],
            CONFLICT,
            np.less_equal,
            f"{far} lies far outside its prior. Check units (nats/token, raw counts) or replace the prior with "
            "fit(..., priors={...}).",
            bad="warn",
        ),
    ]


def _in_prior_units(fit: Fit) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """Draws in units of the prior: of what is common or a population's, then of each unpooled family."""
    model, scale = fit.model, fit.model.noise.scale
    checked = [p for p in model.parameters if p in model.law.parameters or p.name == scale]
    sites = {p.name: p.name if model.kind(p) == "complete" else f"{p.name}_population" for p in checked}
    shared = [p.name for p in checked if model.kind(p) != "none"]

    def standard(name: str, draws: xr.DataArray) -> np.ndarray:
        return model.prior(name).scores(draws.to_numpy().ravel())

    if shared:
        columns = [standard(name, fit.unconstrained[sites[name]]) for name in shared]
        yield "", shared, np.column_stack(columns)
    own = [p.name for p in checked if model.kind(p) == "none"]
    for family in fit.groups if own else ():
        columns = [standard(name, fit.unconstrained[name].sel(family=family)) for name in own]
        yield f" of {family}", own, np.column_stack(columns)
