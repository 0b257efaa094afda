"""The compiled part of ``fit_many`` by ``lax.map``: one table after the other, in place of tables side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax

from bayescale.inference.many.density import Density
from bayescale.inference.many.mode import find_mode
from bayescale.inference.many.proposal import Proposed, Recipe, _match, log_t
from bayescale.inference.many.rows import Rows
from bayescale.models.model import Model


@partial(jax.jit, static_argnames=("model", "recipe"))
def propose_one_by_one(model: Model, recipe: Recipe, rows: Rows, standard: Any, points: tuple[Any, ...]) -> Proposed:
    """What :func:`bayescale.inference.many.proposal.propose` returns, with the same arguments."""

    def one(arguments: tuple[Rows, Any]) -> Proposed:
        rows, standard = arguments
        density = Density(model, rows)
        center, factor = find_mode(density)
        factor = recipe.inflate * factor
        for at in points:
            center, factor = _match(density, center, factor, at, recipe)
        log_density = density(center + standard @ factor.T)
        return Proposed(center, factor, log_density, log_density - log_t(standard, recipe.degrees))

    return jax.lax.map(one, (rows, standard))
