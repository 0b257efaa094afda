"""Truths drawn from the priors of a model, and a table of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np
import pandas as pd
from numpyro.distributions import biject_to

from bayescale.data import Runs
from bayescale.data.read import read_quietly
from bayescale.inference.evaluate import replicates
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.language.errors import SettingsError
from bayescale.models import Model, lay_out
from bayescale.models.layout import Layout, model_anchors

# The column of a design that has known standard errors of the response, as parts of it.
ERRORS = "relative_se"

type Design = pd.DataFrame | Callable[[np.random.Generator], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Truths:
    """What was drawn.

    Args:
        model: of one family; its priors are those that truths come from.
        unconstrained: true values on the unconstrained scale, fit x parameter of the model.
        tables: one per truth; what is simulated may lie where a reader would refuse it, such as an error above 1.
    """

    model: Model
    unconstrained: np.ndarray
    tables: tuple[Runs, ...]

    def __len__(self) -> int:
        return len(self.tables)

    def __getitem__(self, some: slice) -> Truths:
        return replace(self, unconstrained=self.unconstrained[some], tables=self.tables[some])

    @cached_property
    def usable(self) -> np.ndarray:
        """Whether all responses of a table are finite numbers that the noise has a density for, over fit."""
        name = self.model.law.response.name
        values = [runs.table[name].to_numpy() for runs in self.tables]
        least = -np.inf if self.model.noise.of_value else 0.0
        return np.array([bool((np.isfinite(one) & (one > least)).all()) for one in values])

    @cached_property
    def anchors(self) -> tuple[dict[str, float], ...]:
        """The law's anchors at each table."""
        return tuple(model_anchors(self.model, runs) for runs in self.tables)

    def layout(self, place: int) -> Layout:
        """The arrays of one table."""
        return _layout(self.model, self.tables[place], self.anchors[place])


def draw_truths(model: Model, design: Design, count: int, seed: int) -> Truths:
    """Draw parameters from the priors and a table from each of them.

    Args:
        model: of one family.
        design: a row per run with the law's inputs, for all tables, or what makes one with a random generator;
            ``relative_se`` are known standard errors of the response, as parts of it.
        count: number of truths.
        seed: of all.
    """
    designs = [read_design(model, one) for one in _designs(design, count, seed)]
    with computing():
        # Of one seed every law has truths of its own, so that laws that are calibrated together fail one by one.
        key = jax.random.key(seed_for(seed, f"truths/{model.law.name}"))
        unconstrained = _prior_draws(model, key, count)
        keys = jax.random.split(jax.random.fold_in(key, len(model.parameters)), count)
        if len(designs) == 1:
            observed = list(_observed(model, designs[0], unconstrained, keys[0]))
        else:
            parts = zip(designs, unconstrained, keys, strict=True)
            observed = [_observed(model, runs, one[None], key)[0] for runs, one, key in parts]
    designs = designs * count if len(designs) == 1 else designs
    return Truths(model, unconstrained, tuple(_table(model, *one) for one in zip(designs, observed, strict=True)))


def _designs(design: Design, count: int, seed: int) -> list[pd.DataFrame]:
    if isinstance(design, pd.DataFrame):
        return [design]
    if callable(design):
        return [design(np.random.default_rng([seed_for(seed, "design"), i])) for i in range(count)]
    raise SettingsError(
        f"design must be a DataFrame with a row per run, or a function of a random generator that makes one, got "
        f"{type(design).__name__}."
    )


def read_design(model: Model, design: pd.DataFrame) -> Runs:
    """A design as runs whose response, 1, stands for what is to be simulated."""
    name = model.law.response.name
    if not isinstance(design, pd.DataFrame):
        raise SettingsError(f"a design must be a DataFrame with a row per run, got {type(design).__name__}.")
    needed = {*model.law.inputs(), *(q.name for q in model.noise.columns.values())}
    if missing := sorted(needed - set(design)):
        raise SettingsError(
            f"The design lacks {missing[0]!r}, which {model.law.name} with {model.noise.name} noise takes; it has "
            f"{', '.join(map(str, design))}."
        )
    table = design.drop(columns=[ERRORS, name, f"{name}_se"], errors="ignore").assign(**{name: 1.0})
    if ERRORS in design:
        table[f"{name}_se"] = design[ERRORS].to_numpy()
    return read_quietly(table, law=model.law)


def _layout(model: Model, runs: Runs, anchors: dict[str, float]) -> Layout:
    return lay_out(model.law, runs, None, anchors, model.noise, model.residuals)


def _prior_draws(model: Model, key: Any, count: int) -> np.ndarray:
    """Unconstrained, truth x parameter."""
    columns = []
    for j, p in enumerate(model.parameters):
        distribution = model.prior(p.name).numpyro()
        drawn = distribution.sample(jax.random.fold_in(key, j), (count,))
        columns.append(np.asarray(biject_to(distribution.support).inv(drawn)))
    return np.stack(columns, axis=1)


def _observed(model: Model, runs: Runs, unconstrained: np.ndarray, key: Any) -> np.ndarray:
    """Responses of tables of one design, truth x row."""
    layout = _layout(model, runs, model_anchors(model, runs))
    sites = {p.name: unconstrained[:, j] for j, p in enumerate(model.parameters)}
    drawn = np.asarray(model.noise.to_response(np.asarray(replicates(model, sites, layout.arrays, key))))
    return drawn[:, *layout.position]


def _table(model: Model, runs: Runs, observed: np.ndarray) -> Runs:
    name = model.law.response.name
    columns = {name: observed}
    if f"{name}_se" in runs.table:
        columns[f"{name}_se"] = runs.table[f"{name}_se"].to_numpy() * observed
    return replace(runs, table=runs.table.assign(**columns))
