"""The likelihood of a model as the sampler computes it: run by run, with everything fixed taken out beforehand.

It is the density that :class:`Model` has as a NumPyro model, and a test holds the two equal. There the parameters are
spread over padded rows first; here the formula and the noise are written for one run, so that what a family's runs
share, such as the normalising constant of the noise, is computed once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.inference.compressed.density import Nodes, log_likelihood_of_curves
from bayescale.inference.formula import fixed_parts, split_log_loss
from bayescale.inference.parts import MANY_CELLS, part_shape, summed
from bayescale.models.chain import innovations, links
from bayescale.models.layout import Layout
from bayescale.models.model import Model, observed


def sampled_arrays(layout: Layout) -> dict[str, Any]:
    """The arrays of a layout, with one measurement error for all runs if it is zero for all."""
    sd = layout.arrays["measurement_sd"]
    return layout.arrays if sd.any() else {**layout.arrays, "measurement_sd": np.zeros((1, 1))}


class Rows(NamedTuple):
    """What the likelihood needs of the data, block x row but for the families.

    Args:
        fixed: the fixed part of the law's formula, a tuple of arrays.
        observed: log loss, or for a noise of the response itself the response.
        measurement_sd: of what is observed; it may be one number, of shape (1, 1).
        mask, level: as in a layout.
        family: of every block.
        columns: what the noise takes besides, by argument.
        gap, linked: as in a layout with residuals along runs, else None.
        at_once: an empty tuple where devices share the blocks, so that none waits for another's; else None.
    """

    fixed: tuple[Any, ...]
    observed: Any
    measurement_sd: Any
    mask: Any
    level: Any
    family: Any
    columns: dict[str, Any]
    gap: Any = None
    linked: Any = None
    at_once: tuple[()] | None = None


def prepare(model: Model, data: Mapping[str, Any]) -> Rows | Nodes:
    """Compute what does not depend on the parameters; to be called outside the sampler's loop.

    Args:
        model: the model.
        data: arrays of a layout, or of a compressed one.
    """
    if "forms" in data:
        return Nodes(data["fixed"], data["log_loss"], data["mask"], data["level"], data["family"], data["forms"])
    fixed = fixed_parts(model.law, data["inputs"], data["anchors"])
    value = data.get("value", {"sd": data["measurement_sd"], "columns": {}})
    where = data["mask"], data["level"], data["family"]
    own = (data.get(name) for name in ("gap", "linked", "at_once"))
    return Rows(fixed, observed(data), value["sd"], *where, value["columns"], *own)


def log_likelihood(model: Model, values: Mapping[str, Any], shifts: Any, rows: Rows | Nodes, tip: Any = None) -> Any:
    """Log likelihood summed over all runs.

    Args:
        model: the model.
        values: every parameter in natural units, common or one value per family.
        shifts: the effect of every level, or None.
        rows: from :func:`prepare`.
        tip: round the corners of the noise's density off so far, which leaves out a constant; None: the density itself.
    """
    if isinstance(rows, Nodes) or rows.at_once is not None or rows.observed.size <= MANY_CELLS:
        return _together(model, values, shifts, rows, tip)
    return summed(partial(_of_part, model), jax.tree.map(jnp.asarray, (dict(values), shifts, tip)), _in_parts(rows))


def _of_part(model: Model, parameters: Any, part: tuple[Rows, Rows]) -> Any:
    """Log likelihood of some blocks, given the row before them."""
    (values, shifts, tip), (rows, before) = parameters, part
    return _together(model, values, shifts, rows, tip, before)


def _in_parts(rows: Rows) -> tuple[Rows, Rows]:
    """Blocks in parts of a few, or of a piece of one, along a leading axis, and the one row before each part."""
    blocks, width = rows.observed.shape
    many, narrow = part_shape(blocks, width)
    pieces = width // narrow
    parts = blocks * pieces // many

    def part(values: Any) -> Any:
        if values.shape == (blocks, width):
            return values.reshape(parts, many, narrow)
        if values.shape[0] == blocks:
            return jnp.repeat(values, pieces, axis=0).reshape(parts, many, *values.shape[1:])
        return jnp.broadcast_to(values, (parts, *values.shape))

    own = jax.tree.map(part, rows)
    last = jax.tree.map(lambda a: a[:, -1:, -1:] if a.ndim == 3 else a[:, -1:], own)
    # Before the first part there is none: its own last row, to which nothing is linked.
    return own, jax.tree.map(lambda a: jnp.roll(a, 1, axis=0), last)


def _together(
    model: Model,
    values: Mapping[str, Any],
    shifts: Any,
    rows: Rows | Nodes,
    tip: Any = None,
    before: Rows | None = None,
) -> Any:
    """Log likelihood of all blocks at once; ``before`` is the one row before them, where they are a part of more."""
    split = split_log_loss(model.law)
    common = {name: value for name, value in values.items() if not jnp.ndim(value)}
    names = [name for name, value in values.items() if jnp.ndim(value)]
    # One gather for all of them: its gradient is a loop over the blocks.
    owned = jnp.stack([values[name] for name in names], axis=1)[rows.family] if names else jnp.zeros(0)

    def curve(own: Any, fixed: Any, seen: Any, shift: Any) -> Any:
        named = {**common, **dict(zip(names, own, strict=True))}
        parameters = {p.name: named[p.name] for p in model.law.parameters}
        # What a curve has once is computed once: its size, of which the law takes a power, not at every node.
        axes = tuple(0 if one.shape == seen.shape else None for one in fixed)
        fixed = tuple(one[0] if axis is None else one for one, axis in zip(fixed, axes, strict=True))
        if 0 in axes:
            mean = jax.vmap(partial(split.rest, parameters), in_axes=(axes,))(fixed)
        else:
            mean = jnp.broadcast_to(split.rest(parameters, fixed), seen.shape)
        return mean if shift is None else mean + shift

    def noise(own: Any, seen: Any, mean: Any, counts: Any, sd: Any, columns: Any) -> Any:
        named = {**common, **dict(zip(names, own, strict=True))}
        # One draw: the noise takes parameters of shape draw x 1 and curves of shape draw x run.
        here = model.noise(**{p.name: jnp.reshape(named[p.name], (1, 1)) for p in model.noise.parameters})
        if tip is not None and here.has_corners():
            return here.rounded(counts * (seen - mean)[None], sd, counts, tip)[0]
        return here.log_density(seen, mean[None], sd, counts, columns)[0]

    def block(own: Any, fixed: Any, seen: Any, counts: Any, shift: Any, sd: Any, columns: Any) -> Any:
        return noise(own, seen, curve(own, fixed, seen, shift), counts, sd, columns)

    moved = None if shifts is None else shifts[rows.level]
    if isinstance(rows, Nodes):
        means = jax.vmap(curve, in_axes=(0 if names else None, 0, 0, None if shifts is None else 0))
        return log_likelihood_of_curves(model, values, means(owned, rows.fixed, rows.observed, moved), rows)
    same_sd = rows.measurement_sd.size == 1
    axes = (0 if names else None, 0, 0, 0, None if shifts is None else 0, None if same_sd else 0, 0)
    sd = rows.measurement_sd.reshape(1) if same_sd else rows.measurement_sd
    if model.residuals is not None:
        mean = jax.vmap(curve, in_axes=(axes[0], 0, 0, axes[4]))(owned, rows.fixed, rows.observed, moved)
        # Each row is needed twice, with the one after it too: without this the compiler would compute all of it twice.
        mean = jax.lax.optimization_barrier(mean)
        first = None if before is None else _first_residual(model, values, shifts, before)
        new, log_share = _innovations(model, values, rows, rows.mask * (rows.observed - mean), first)
        over = jax.vmap(noise, in_axes=(axes[0], 0, 0, 0, axes[5], 0))
        total = over(owned, new, jnp.zeros_like(new), rows.mask, sd, rows.columns).sum()
        return total - (rows.mask * log_share).sum()
    return jax.vmap(block, in_axes=axes)(owned, rows.fixed, rows.observed, rows.mask, moved, sd, rows.columns).sum()


def _first_residual(model: Model, values: Mapping[str, Any], shifts: Any, before: Rows) -> Any:
    """The residual of the one row before a part, and its scale."""
    at = {name: value[before.family[0]] if jnp.ndim(value) else value for name, value in values.items()}
    mean = split_log_loss(model.law).rest({p.name: at[p.name] for p in model.law.parameters}, _cell(before.fixed))
    residual = before.observed[0, 0] - mean - (0.0 if shifts is None else shifts[before.level[0, 0]])
    return before.mask[0, 0] * residual, jnp.hypot(at[model.noise.scale], _cell(before.measurement_sd))


def _cell(values: Any) -> Any:
    """The one number of arrays of one block and one row."""
    return jax.tree.map(lambda a: a.ravel()[-1], values)


def _innovations(
    model: Model, values: Mapping[str, Any], rows: Rows, residual: Any, first: Any = None
) -> tuple[Any, Any]:
    """What is new in each residual of runs whose residuals follow each other, and the log of its share of the scale."""
    shape, place = residual.shape, {"family": rows.family}
    along = model.residuals_at(values, place)
    if along.in_log_tokens:
        correlation, share = links(along(rows.gap), rows.linked)
        log_share = jnp.log(share)
    else:  # all gaps are 1: one correlation for all links of a block, whose exponentials would cost more than the law
        correlation, own = links(along(jnp.ones((1, 1))), jnp.ones((1, 1)))
        correlation, share = rows.linked * correlation, 1.0 + rows.linked * (own - 1.0)
        log_share = rows.linked * jnp.log(own)
    correlation, share = (jnp.broadcast_to(one, shape).ravel() for one in (correlation, share))
    scale = None
    if rows.measurement_sd.size > 1:
        sigma = getattr(model.noise_at(values, place), model.noise.scale)
        scale = jnp.broadcast_to(jnp.hypot(sigma, rows.measurement_sd), shape).ravel()
    if first is not None:
        first = first[0] if scale is None else first[0] / first[1]
    new = innovations(residual.ravel(), correlation, share, scale, first)
    return new.reshape(shape), log_share
