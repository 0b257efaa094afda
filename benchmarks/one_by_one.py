"""The compiled part of ``fit_many`` by ``lax.map``: one table after the other, in place of tables side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax

from bayescale.inference.many.proposal import Proposed, Recipe, propose_one
from bayescale.inference.many.rows import Rows
from bayescale.models.model import Model


@partial(jax.jit, static_argnames=("model", "recipe"))
def propose_one_by_one(model: Model, recipe: Recipe, rows: Rows, standard: Any, points: tuple[Any, ...]) -> Proposed:
    """What :func:`bayescale.inference.many.proposal.propose` returns, with the same arguments."""

    return jax.lax.map(lambda table: propose_one(model, recipe, *table, points), (rows, standard))
