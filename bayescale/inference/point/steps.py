"""One step of the search.

A step minimises the Gauss-Newton model whose curvature is ``near + damping * (far + a little)``, see :class:`Local`.
Damping 1 is iteratively reweighted least squares, which rarely overshoots and creeps at the end, since most rows lie
on the straight part of the loss; damping 0 is Newton's step, which is exact once it is known which rows do not.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from bayescale.inference.point.curve import Local

# Of the curvature along one parameter, at least this part is left when the parameters before it move along: below it
# the design does not tell them apart, and no optimum is a point. Rounding leaves about 1e-16.
DISTINCT = 1e-10
# The little of damping: it keeps the model positive definite.
RIDGE = 1e-4


def newton(here: Local, damping: Any) -> tuple[Any, Any]:
    """The damped step, and the decrease that the undamped one predicts: infinite where there is no unique one."""
    # In units in which every parameter has the same curvature, and finite where it has none.
    unit = 1.0 / jnp.sqrt(jnp.diag(here.near + here.far) + 1e-300)
    slope, near, far = here.slope * unit, here.near * unit * unit[:, None], here.far * unit * unit[:, None]
    damped = jnp.linalg.cholesky(near + damping * (far + RIDGE * jnp.eye(unit.size)))
    step = -jax.scipy.linalg.cho_solve((damped, True), slope) * unit
    factor = jnp.linalg.cholesky(near)
    whitened = jax.scipy.linalg.solve_triangular(factor, slope, lower=True)
    left = (jnp.diag(factor) ** 2 / jnp.diag(near)).min()
    decrease = 0.5 * whitened @ whitened
    return step, jnp.where((left > DISTINCT) & jnp.isfinite(decrease), decrease, jnp.inf)
