"""The rows of one table over several devices: each computes its blocks, and sums go over all of them.

A device holds its own blocks alone. JAX's compiler follows them: what is summed over blocks, in the likelihood and in
its gradient, it sums on every device and then over the devices; all else is computed everywhere alike. A test counts
what travels: sums, and no row, but for residuals along runs, for which it gathers an array of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from bayescale.inference.devices import mesh_of
from bayescale.models.layout import SMALLEST_BLOCK

AXIS = "rows"
# Blocks a device, at least, if they can be made so small: all devices have as many, so that the last one's are padding,
# of which there is then at most an eighth.
BLOCKS = 8
# Of the arrays of a layout, those that are no block's.
COMMON = ("anchors", "level_family")


def everywhere(devices: Sequence[jax.Device]) -> NamedSharding:
    """The sharding of what all devices hold."""
    return NamedSharding(mesh_of(devices, AXIS), PartitionSpec())


def spread_rows(data: Mapping[str, Any], devices: Sequence[jax.Device]) -> dict[str, Any]:
    """Put the rows of a table on devices, each its share.

    Args:
        data: arrays of a layout, the same on every host.
        devices: where to; of several hosts, all of them.

    Returns:
        the arrays of a layout with more and smaller blocks, of which every device has as many.
    """
    parted = part_blocks(data, len(devices))
    blocks = parted["family"].shape[0]
    own, common = NamedSharding(mesh_of(devices, AXIS), PartitionSpec(AXIS)), everywhere(devices)

    def put(values: Any, is_own: bool) -> Any:
        # One measurement error for all rows is no block's.
        return jax.device_put(values, own if is_own and values.shape[0] == blocks else common)

    placed = {name: jax.tree.map(lambda v, own=name not in COMMON: put(v, own), parted[name]) for name in parted}
    return placed | {"at_once": ()}


def part_blocks(data: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Make blocks smaller, so that so many devices can have equally many; the last ones are padding.

    Args:
        data: arrays of a layout.
        count: number of devices.
    """
    blocks, width = data["mask"].shape
    parts = 1
    while blocks * parts < BLOCKS * count and width // parts >= 2 * SMALLEST_BLOCK:
        parts *= 2
    lacking = -(blocks * parts) % count

    def part(values: Any) -> Any:
        values = np.asarray(values)
        # Rows stay in their order, which residuals along runs rely on.
        small = np.repeat(values, parts) if values.ndim == 1 else values.reshape(blocks * parts, width // parts)
        return np.concatenate([small, np.repeat(small[-1:], lacking, axis=0)])

    def part_each(values: Any) -> Any:
        return jax.tree.map(lambda one: part(one) if np.shape(one) in ((blocks,), (blocks, width)) else one, values)

    made = {name: values if name in COMMON else part_each(values) for name, values in data.items()}
    for name in ("mask", "linked"):
        if name in made:
            made[name][blocks * parts :] = 0
    return made
