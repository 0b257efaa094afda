"""The log likelihood from the forms of curves: its cost does not depend on the number of checkpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from bayescale.inference.compressed.forms import Forms
from bayescale.inference.compressed.panels import BY_POINT, PANEL, POINTS, point_shares
from bayescale.models.model import Model
from bayescale.models.residuals import OU

# With so few nodes, products are written out one by one, and half of each matrix, which is symmetric, is not read: what
# the forms of thousands of curves cost is the way from memory. With more, it takes seconds to compile.
WRITTEN_OUT = 8


class Nodes(NamedTuple):
    """What a compressed likelihood needs of the data, curve x node but for forms and families.

    Args:
        fixed: the fixed part of the law's formula, a tuple of arrays; curve x 1 for what a curve has once.
        observed: the best values of the log response.
        mask, level: as in a layout, for nodes in place of rows.
        family: of every curve.
        forms: of every curve.
    """

    fixed: tuple[Any, ...]
    observed: Any
    mask: Any
    level: Any
    family: Any
    forms: Forms


def log_likelihood_of_curves(model: Model, values: Mapping[str, Any], mean: Any, nodes: Nodes) -> Any:
    """Log likelihood summed over all rows.

    Args:
        model: with normal noise.
        values: every parameter in natural units, common or one value per family.
        mean: log response by the law at the nodes, curve x node, shifts of levels included.
        nodes: what was computed once.
    """
    forms, weight, log_share = weighed_forms(model, values, nodes.forms)
    costs = curve_costs(((mean - nodes.observed) * nodes.mask).T, forms.constant, forms.linear, forms.square)
    sigma = jnp.asarray(values[model.noise.scale])
    log_scale = jnp.log(sigma[nodes.family] if sigma.ndim else sigma)
    squares = (weight[:, None] * costs).sum(axis=0) * jnp.exp(-2.0 * log_scale)
    constant = (log_scale + 0.5 * math.log(2.0 * math.pi)) * forms.rows
    return -0.5 * squares.sum() - constant.sum() - log_share


def weighed_forms(model: Model, values: Mapping[str, Any], forms: Forms) -> tuple[Forms, Any, Any]:
    """The forms that count at parameter values, their weights in the precision of residuals, and the log share.

    That is the sum of the logs of the new shares of the scale, over all rows.
    """
    if model.residuals is None:
        return forms, jnp.ones(1), 0.0
    residuals = model.residuals(**{p.name: values[p.name] for p in model.residuals.parameters})
    if model.residuals is OU:
        return _interpolated(jnp.log(residuals.tau), forms)  # type: ignore[attr-defined]
    decay = residuals(1.0)
    correlation, new = jnp.exp(-decay), -jnp.expm1(-2.0 * decay)
    weight = jnp.stack([jnp.ones(()), -2.0 * correlation, correlation * correlation]) / new
    return forms, weight, 0.5 * forms.links * jnp.log(new)


def _interpolated(log_tau: Any, forms: Forms) -> tuple[Forms, Any, Any]:
    """The panel of log tau and the weights of its points; beyond all panels those of the nearest end."""
    steps = jnp.clip((log_tau - forms.lowest) / PANEL, 0.0, forms.panels)
    panel = jnp.minimum(jnp.floor(steps), forms.panels - 1)
    if forms.panels > 1:
        first = POINTS * panel.astype(int)
        own = {name: jax.lax.dynamic_slice_in_dim(getattr(forms, name), first, POINTS) for name in BY_POINT}
        forms = forms._replace(**own)
    share = point_shares(steps - panel)
    return forms, share, share @ forms.log_share


@jax.custom_jvp
def curve_costs(away: Any, constant: Any, linear: Any, square: Any) -> Any:
    """Costs q - 2 v d + d' M d of every form and curve, form x curve.

    Args:
        away: d, node x curve.
        constant, linear, square: q, v and M as in :class:`Forms`.
    """
    return _costs(away, constant, linear, square)[0]


@curve_costs.defjvp
def _derivative(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """The slope is 2 (M d - v), and M d is there already; forms are data and have no slopes."""
    costs, slope = _costs(*primals)
    return costs, (slope * tangents[0]).sum(axis=1)


def _costs(away: Any, constant: Any, linear: Any, square: Any) -> tuple[Any, Any]:
    half = _product(square, away) - linear
    costs = constant + ((half - linear) * away).sum(axis=1)
    return costs, 2.0 * half


def _product(square: Any, away: Any) -> Any:
    """M d of every form and curve, form x node x curve."""
    nodes = range(away.shape[0])
    if len(nodes) > WRITTEN_OUT:
        # Sums over nodes of products along curves, which are compiled into one loop each.
        return (square * away[None, None]).sum(axis=2)
    rows = [sum(square[:, min(i, j), max(i, j)] * away[j] for j in nodes) for i in nodes]
    return jnp.stack(rows, axis=1)
