"""The compiled part of ``fit_many`` by ``lax.map``: one table after the other, in place of tables side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax

from bayescale.inference.many.proposal import Matched, Recipe, evaluate_one, match_one
from bayescale.inference.many.rows import Rows
from bayescale.models.model import Model


@partial(jax.jit, static_argnames=("model", "recipe"))
def match_one_by_one(model: Model, recipe: Recipe, rows: Rows, points: tuple[Any, ...]) -> Matched:
    """What :func:`bayescale.inference.many.proposal.match` returns, with the same arguments."""
    return jax.lax.map(lambda table: match_one(model, recipe, table, points), rows)


@partial(jax.jit, static_argnames=("model",))
def evaluate_one_by_one(model: Model, rows: Rows, *drawn: Any) -> tuple[Any, Any, Any]:
    """What :func:`bayescale.inference.many.proposal.evaluate` returns, with the same arguments."""
    return jax.lax.map(lambda table: evaluate_one(model, *table), (rows, *drawn))
