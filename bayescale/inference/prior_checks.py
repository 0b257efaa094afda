"""Posterior against prior: parameters of which the data say nothing, and such as lie where the prior does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bayescale.inference.checks import Check, judged
from bayescale.inference.limits import CONFLICT, CONTRACTION

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit
    from bayescale.language.declare import Parameter


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


def in_prior_terms(fit: Fit) -> Iterator[tuple[str | None, Parameter, np.ndarray]]:
    """Every parameter that has a declared prior, with its draws on the unconstrained scale, flat.

    First what is common or, of a partially pooled parameter, the population's, with None in front; then what unpooled
    families have of their own, with the family.
    """
    model = fit.model
    for p in model.parameters:
        if model.kind(p) != "none":
            site = p.name if model.kind(p) == "complete" else f"{p.name}_population"
            yield None, p, fit.unconstrained[site].to_numpy().ravel()
    for family in fit.groups:
        for p in model.of_kind("none"):
            yield family, p, fit.unconstrained[p.name].sel(family=family).to_numpy().ravel()


def _in_prior_units(fit: Fit) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """Draws in units of the prior: of what is common or a population's, then of each unpooled family."""
    law, scale = {p.name for p in fit.law.parameters}, fit.model.noise.scale
    found: dict[str | None, dict[str, np.ndarray]] = {}
    for family, p, draws in in_prior_terms(fit):
        if p.name in law or p.name == scale:
            found.setdefault(family, {})[p.name] = fit.model.prior(p.name).scores(draws)
    for family, columns in found.items():
        yield "" if family is None else f" of {family}", list(columns), np.column_stack(list(columns.values()))
