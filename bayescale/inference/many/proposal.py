"""Proposals for many posteriors at once, Student-t matched by importance sampling, and densities of their draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.inference.instant.proposal import log_t
from bayescale.inference.many.density import Density
from bayescale.inference.many.mode import find_mode
from bayescale.inference.many.rows import Rows
from bayescale.models.model import Model


@dataclass(frozen=True)
class Recipe:
    """How proposals are made.

    Args:
        degrees: of freedom of the Student-t.
        inflate: factor on its scale: a proposal wider than its target keeps the importance weights bounded.
        rounds: points of each round of matching.
    """

    degrees: float
    inflate: float
    rounds: tuple[int, ...]


class Matched(NamedTuple):
    """A proposal for one table, or for many with the table as first axis.

    Args:
        center, factor: of the proposal, shapes (size,) and (size, size).
        efficiency: of the importance weights in the last round of matching.
    """

    center: Any
    factor: Any
    efficiency: Any


QUICK = Recipe(12.0, 1.08, (512, 1536))


@partial(jax.jit, static_argnames=("model", "recipe"))
def match(model: Model, recipe: Recipe, rows: Rows, points: tuple[Any, ...]) -> Matched:
    """Match a proposal to each table.

    Args:
        model: of one family.
        recipe: of the proposals.
        rows: of the tables, each array with the table as first axis.
        points: those of :func:`matching_points`.
    """
    return jax.vmap(lambda rows: match_one(model, recipe, rows, points))(rows)


def match_one(model: Model, recipe: Recipe, rows: Rows, points: tuple[Any, ...]) -> Matched:
    """Do for one table what :func:`match` does for many."""
    density = Density(model, rows)
    center, factor = find_mode(density)
    matched = Matched(center, recipe.inflate * factor, jnp.zeros(()))
    for at in points:
        matched = _match(density, matched, at, recipe)
    return matched


@partial(jax.jit, static_argnames=("model",))
def evaluate(model: Model, rows: Rows, center: Any, factor: Any, standard: Any) -> tuple[Any, Any, Any]:
    """Positions that each table's standard draws stand for, and the log density of its posterior there.

    Args:
        model: of one family.
        rows: of the tables, each array with the table as first axis.
        center, factor: of the proposals, over table.
        standard: table x draw x size.

    Returns:
        positions, table x size x draw; log densities less that of the centre, table x draw; and that, over table.
    """
    return jax.vmap(partial(evaluate_one, model))(rows, center, factor, standard)


def evaluate_one(model: Model, rows: Rows, center: Any, factor: Any, standard: Any) -> tuple[Any, Any, Any]:
    """Do for one table what :func:`evaluate` does for many."""
    positions = center[:, None] + factor @ standard.T
    return positions, *Density(model, rows).differences(positions.T, center)


def _match(density: Density, before: Matched, standard: Any, recipe: Recipe) -> Matched:
    """A proposal with the moments of the posterior, by importance sampling at fixed points."""
    center, factor, _ = before
    positions = (center[:, None] + factor @ standard.T).T
    log_weight = density.differences(positions, center)[0] - log_t(standard, recipe.degrees)
    weight = jnp.exp(log_weight - log_weight.max())
    efficiency = weight.sum() ** 2 / (weight**2).sum() / len(standard)
    # Cut off as ionides2008truncated does, so that no draw decides.
    weight = jnp.minimum(weight, weight.mean() * np.sqrt(len(standard)))
    weight = weight / weight.sum()
    positions = jnp.where(weight[:, None] > 0, positions, 0.0)
    middle = weight @ positions
    away = positions - middle
    matched = recipe.inflate * jnp.linalg.cholesky((away * weight[:, None]).T @ away)
    # A matching that fails leaves the proposal as it was; what it is worth shows in the weights of the draws.
    good = jnp.isfinite(matched).all() & jnp.isfinite(middle).all()
    made = Matched(middle, matched, efficiency)
    return jax.tree.map(lambda new, old: jnp.where(good, new, old), made, before._replace(efficiency=0.0))


def draw_t(rng: np.random.Generator, degrees: float, into: np.ndarray) -> None:
    """Fill an array, draw x size, with draws of a standard multivariate Student-t."""
    rng.standard_normal(out=into)
    into *= np.sqrt(degrees / rng.chisquare(degrees, len(into)))[:, None]


@cache
def matching_points(recipe: Recipe, size: int) -> tuple[np.ndarray, ...]:
    """The points of every round: the same for all tables, in pairs of opposite ones, which makes first moments exact.

    They decide what is proposed, not what is accepted, so that fits may share them.
    """
    rng = np.random.default_rng(0)
    halves = [np.empty((count // 2, size)) for count in recipe.rounds]
    for half in halves:
        draw_t(rng, recipe.degrees, half)
    return tuple(np.concatenate([half, -half]) for half in halves)
