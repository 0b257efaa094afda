"""Hierarchies from the priors, their tables, and the ranks of the truths among the draws of NUTS.

A truth is a whole hierarchy from the priors: the population, its spread, every family, the noise; its table has four
families of 8 to 12 runs. Each table is fitted as a user would by NUTS, with shorter chains, and every fit counts. All
truths are usual: the noise scale has a prior of tables that can be fitted, the same for truths and fits, and nothing
is chosen by the table that came out. What belongs to families is followed in the first of them, since all are alike.

References: cook2006validation, talts2018validating, modrak2023simulation
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.laws import Chinchilla, Law
from bayescale.models import Noise, StudentT

FAMILIES, ROWS = 4, (8, 12)
# A thousand draws have 99 ten apart: near enough independent, and a fit takes about a second.
CHAINS = {"chains": 2, "warmup": 300, "draws": 500}
LIKELIHOOD, SCATTER = "log likelihood", "log density of the families"


@dataclass(frozen=True)
class Hierarchy:
    """What all tables of a case have in common; ``pooling`` by parameter, partial for those that are not named."""

    law: type[Law] = Chinchilla
    noise: type[Noise] = StudentT
    pooling: Mapping[str, str] = field(default_factory=dict)

    def kind(self, parameter: Any) -> str:
        """How a parameter is pooled."""
        return "complete" if parameter.pooling == "complete" else self.pooling.get(parameter.name, "partial")

    @property
    def pools(self) -> bool:
        """Whether families scatter in the law's own coordinates."""
        return bool(self.law.pooled) and not self.pooling

    def of_kind(self, kind: str, owner: type) -> list[Any]:
        """The parameters of law or noise that are pooled so."""
        return [p for p in owner.parameters if self.kind(p) == kind]


@dataclass(frozen=True)
class Truth:
    """One hierarchy and its table.

    Args:
        sites: true values of the sampled sites on the scale that fits keep their draws on.
        first: the first family's law in textbook form with derived quantities, and its noise.
        design: family, N, D of every row.
        table: as :func:`bayescale.read_runs` takes it.
    """

    sites: Mapping[str, Any]
    first: Mapping[str, float]
    design: tuple[np.ndarray, np.ndarray, np.ndarray]
    table: pd.DataFrame


def shares(logs: np.ndarray) -> np.ndarray:
    """By hand, Chinchilla's coordinates: level, shares of A and B against E, exponents; the last axis."""
    E, A, B, alpha, beta = np.moveaxis(logs, -1, 0)
    return np.stack([np.log(np.exp(E) + np.exp(A) + np.exp(B)), A - E, B - E, alpha, beta], axis=-1)


def logs_of_shares(coordinates: np.ndarray) -> np.ndarray:
    """The inverse, by hand."""
    level, size, data, alpha, beta = np.moveaxis(coordinates, -1, 0)
    E = level - np.log(1.0 + np.exp(size) + np.exp(data))
    return np.stack([E, E + size, E + data, alpha, beta], axis=-1)


def draw_sites(case: Hierarchy, rng: np.random.Generator, prior_of: Callable[[Any], float]) -> dict[str, Any]:
    """A hierarchy from the priors, by NumPy alone."""
    sites: dict[str, Any] = {}
    for owner in (case.law, case.noise):
        for p in case.of_kind("complete", owner):
            sites[p.name] = np.log(prior_of(p) - p.prior.lowest)
        for p in case.of_kind("none", owner):
            sites[p.name] = np.log([prior_of(p) for _ in range(FAMILIES)])
        for p in case.of_kind("partial", owner):
            sites[f"{p.name}_population"] = np.log(prior_of(p))
    for name, scale in scales(case).items():
        sites[f"{name}_between"] = np.log(abs(scale * rng.standard_normal()))
    center, spread = around(case, sites)
    sites["family_parameters"] = center + spread * rng.standard_normal((FAMILIES, center.size))
    for p in case.of_kind("partial", case.noise):
        step = np.exp(sites[f"{p.name}_between"]) * rng.standard_normal(FAMILIES)
        sites[f"{p.name}_family"] = sites[f"{p.name}_population"] + step
    return sites


def scales(case: Hierarchy) -> dict[str, float]:
    """Prior scale of every spread between families, as declared."""
    law = case.law.pooled if case.pools else case.of_kind("partial", case.law)
    return {one.name: one.between for one in (*law, *case.of_kind("partial", case.noise))}


def around(case: Hierarchy, sites: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Centre and spread of the families' coordinates; sites may have leading axes."""
    partial = case.of_kind("partial", case.law)
    center = np.stack([sites[f"{p.name}_population"] for p in partial], axis=-1)
    names = list(scales(case))[: len(partial)]
    spread = np.exp(np.stack([sites[f"{name}_between"] for name in names], axis=-1))
    return (shares(center) if case.pools else center), spread


def values_at(case: Hierarchy, sites: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Natural values of every parameter, ... x family or ... x 1."""
    values = {}
    coordinates = sites["family_parameters"]
    logs = logs_of_shares(coordinates) if case.pools else coordinates
    for j, p in enumerate(case.of_kind("partial", case.law)):
        values[p.name] = np.exp(logs[..., j])
    for p in (*case.law.parameters, *case.noise.parameters):
        if f"{p.name}_family" in sites:
            values[p.name] = np.exp(sites[f"{p.name}_family"])
        elif p.name in sites:
            natural = p.prior.lowest + np.exp(sites[p.name])
            values[p.name] = natural if case.kind(p) == "none" else np.asarray(natural)[..., None]
    return values


def anchored(case: Hierarchy, values: Mapping[str, Any], params: np.ndarray, tokens: np.ndarray) -> Law:
    """The law at values and at the anchors of a design."""
    anchors = {"N0": np.exp(np.log(params).mean()), "D0": np.exp(np.log(tokens).mean())}
    return case.law(**{p.name: values[p.name] for p in case.law.parameters}, **anchors)


def by_row(values: Mapping[str, Any], family: np.ndarray) -> dict[str, np.ndarray]:
    """... x family to ... x row."""
    return {n: v[..., family] if v.shape[-1] > 1 else v for n, v in values.items()}


@pytest.fixture(scope="session")
def truth(sbc, prior_draw) -> Callable[..., Truth]:
    """Draw a hierarchy from the priors that the fits have, and its table."""

    def drawn(case: Hierarchy, *seed: int) -> Truth:
        rng = np.random.default_rng(seed)
        family = np.repeat(np.arange(FAMILIES), rng.integers(ROWS[0], ROWS[1] + 1, FAMILIES))
        compute = np.exp(rng.uniform(np.log(1e18), np.log(1e21), family.size))
        ratio = np.exp(rng.uniform(1.6, 4.6, family.size))
        params, tokens = np.sqrt(compute / 6.0 / ratio), np.sqrt(compute / 6.0 * ratio)
        sites = draw_sites(case, rng, lambda p: prior_draw(rng, sbc.priors.get(p.name, p.prior)))
        values = values_at(case, sites)
        rows = by_row(values, family)
        scatter = rows["sigma"] * sbc.standard(case.noise, values).rvs(family.size, random_state=rng)
        loss = anchored(case, rows, params, tokens)(N=params, D=tokens) * np.exp(scatter)
        table = {"params": params, "tokens": tokens, "loss": loss, "family": [f"family {k}" for k in family]}
        own = {n: np.ravel(v)[0] for n, v in values.items()}
        law = anchored(case, own, params, tokens)
        first = law.textbook().values | {d.name: getattr(law, d.name) for d in case.law.derived_quantities}
        first |= {p.name: own[p.name] for p in case.noise.parameters}
        return Truth(sites, first, (family, params, tokens), pd.DataFrame(table))

    return drawn


def densities(case: Hierarchy, true: Truth, sites: Mapping[str, Any], standard: Callable) -> dict[str, np.ndarray]:
    """Log likelihood, and log density of the families' coordinates given their population, by SciPy."""
    family, params, tokens = true.design
    values = values_at(case, sites)
    rows = by_row(values, family)
    law = anchored(case, rows, params, tokens)
    residual = np.log(true.table["loss"].to_numpy()) - np.log(law(N=params, D=tokens))
    likelihood = standard(case.noise, values).logpdf(residual / rows["sigma"]) - np.log(rows["sigma"])
    center, spread = around(case, sites)
    scatter = stats.norm.logpdf(sites["family_parameters"], center[..., None, :], spread[..., None, :])
    return {LIKELIHOOD: likelihood.sum(axis=-1), SCATTER: scatter.sum(axis=(-2, -1))}


def rank_all(case: Hierarchy, true: Truth, fit: bs.Fit, sbc: Any, rng: np.random.Generator) -> dict[str, int]:
    """Ranks of a table's truths among evenly spaced draws of its fit; ties are broken by chance."""
    every = np.linspace(0, fit.unconstrained["draw"].size * fit.unconstrained["chain"].size - 1, sbc.draws).astype(int)

    def flat(data: Any, name: str) -> np.ndarray:
        value = data[name].transpose("chain", "draw", ...).to_numpy()
        return value.reshape(-1, *value.shape[2:])[every]

    sites = {name: flat(fit.unconstrained, name) for name in true.sites}
    pairs = {n: (sites[n], v) for n, v in true.sites.items() if n.endswith(("_population", "_between"))}
    for name, value in true.first.items():
        draws = flat(fit.posterior, name)
        pairs[name] = (draws if draws.ndim == 1 else draws[:, 0], value)
    drawn, at_truth = (densities(case, true, one, sbc.standard) for one in (sites, true.sites))
    pairs |= {name: (drawn[name], at_truth[name]) for name in drawn}
    assert all(np.isfinite(draws).all() for draws, _ in pairs.values())
    return {n: int((x < at).sum() + rng.integers(0, (x == at).sum() + 1)) for n, (x, at) in pairs.items()}


@pytest.fixture(scope="session")
def ranks(sbc, truth) -> Callable[..., dict[str, np.ndarray]]:
    """Ranks of the truths of so many tables, for each quantity; all tables share one compiled model."""

    def ranked(case: Hierarchy, count: int, seed: int = 1, **choices: Any) -> dict[str, np.ndarray]:
        rng, found, attempts, began = np.random.default_rng(seed), [], [], time.perf_counter()
        for i in range(count):
            true = truth(case, seed, i)
            fit = bs.fit(
                case.law,
                read_quietly(true.table),
                noise=case.noise,
                pooling={"default": "partial", **case.pooling},
                priors=sbc.priors,
                engine="nuts",
                seed=i,
                progress=False,
                **CHAINS | choices,
            )
            found.append(rank_all(case, true, fit, sbc, rng))
            attempts.append(len(fit.record["attempts"]))
        ranks = {name: np.array([one[name] for one in found]) for name in found[0]}
        by_attempts = dict(sorted(Counter(attempts).items()))
        print(f"\n{count} tables in {time.perf_counter() - began:.0f} s, by number of attempts {by_attempts}")
        print("mean ranks:", ", ".join(f"{name} {values.mean() / sbc.draws:.2f}" for name, values in ranks.items()))
        return ranks

    return ranked


@pytest.fixture(scope="session")
def hierarchy() -> type[Hierarchy]:
    """What all tables of a case have in common."""
    return Hierarchy
