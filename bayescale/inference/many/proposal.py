"""Proposals for many posteriors at once: Student-t matched by importance sampling, and the densities of their draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

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


class Proposed(NamedTuple):
    """What is proposed for one table, or for many with the table as first axis.

    Args:
        center, factor: of the proposal, shapes (size,) and (size, size).
        matching: efficiency of the importance weights in the last round of matching.
        log_density, log_weight: of the posterior at ``center + factor @ standard`` for each draw, and that over the
            density of the proposal.
    """

    center: Any
    factor: Any
    matching: Any
    log_density: Any
    log_weight: Any


QUICK = Recipe(8.0, 1.08, (512, 1024))


@partial(jax.jit, static_argnames=("model", "recipe"))
def propose(model: Model, recipe: Recipe, rows: Rows, standard: Any, points: tuple[Any, ...]) -> Proposed:
    """Match a proposal to each table and evaluate the density at its draws.

    Args:
        model: of one family.
        recipe: of the proposals.
        rows: of the tables, each array with the table as first axis.
        standard: draws of a standard Student-t, table x draw x size.
        points: those of :func:`matching_points`.

    Returns:
        each with the table as first axis.
    """

    return jax.vmap(lambda rows, standard: propose_one(model, recipe, rows, standard, points))(rows, standard)


def propose_one(model: Model, recipe: Recipe, rows: Rows, standard: Any, points: tuple[Any, ...]) -> Proposed:
    """Do for one table what :func:`propose` does for many."""
    density = Density(model, rows)
    center, factor = find_mode(density)
    factor, matching = recipe.inflate * factor, jnp.zeros(())
    for at in points:
        center, factor, matching = _match(density, center, factor, at, recipe)
    log_density = density(center + standard @ factor.T)
    return Proposed(center, factor, matching, log_density, log_density - log_t(standard, recipe.degrees))


def _match(density: Density, center: Any, factor: Any, standard: Any, recipe: Recipe) -> tuple[Any, Any, Any]:
    """Center and factor with the moments of the posterior, by importance sampling at fixed points; its efficiency."""
    positions = center + standard @ factor.T
    log_weight = density(positions) - log_t(standard, recipe.degrees)
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
    return jnp.where(good, middle, center), jnp.where(good, matched, factor), jnp.where(good, efficiency, 0.0)


def log_t(standard: Any, degrees: float) -> Any:
    """Log density of a standard multivariate Student-t up to a constant; the last axis are its coordinates."""
    return -0.5 * (degrees + standard.shape[-1]) * jnp.log1p(jnp.square(standard).sum(axis=-1) / degrees)


def draw_t(rng: np.random.Generator, count: int, size: int, degrees: float) -> np.ndarray:
    """Draws of a standard multivariate Student-t, count x size."""
    standard = rng.standard_normal((count, size))
    standard /= np.sqrt(rng.chisquare(degrees, count) / degrees)[:, None]
    return standard


@cache
def matching_points(recipe: Recipe, size: int) -> tuple[np.ndarray, ...]:
    """The points of every round: the same for all tables, in pairs of opposite ones, which makes first moments exact.

    They decide what is proposed, not what is accepted, so that fits may share them.
    """
    rng = np.random.default_rng(0)
    halves = [draw_t(rng, count // 2, size, recipe.degrees) for count in recipe.rounds]
    return tuple(np.concatenate([half, -half]) for half in halves)
