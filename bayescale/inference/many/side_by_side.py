"""The compiled part of a batch on one device or on several, each with tables of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import jax
from jax.sharding import PartitionSpec

from bayescale.inference.devices import Place, mesh_of

AXIS = "fits"
# Tables of one compiled call on each processor: enough to hide the cost of its operations, few enough to stay in cache
# (benchmarks/bench_together.py compares numbers).
TOGETHER = 16
# And on each accelerator, which a few tables leave idle: the rounds of the search for the modes have as many numbers to
# do as there are tables. Chosen without one at hand; benchmarks/accelerator.py compares numbers.
ON_ACCELERATORS = 256


def tables_of_a_call(places: Sequence[Place]) -> int:
    """Tables that are computed at a time, on all places together."""
    device = places[0] if places[0] is not None else jax.local_devices()[0]
    return len(places) * (TOGETHER if device.platform == "cpu" else ON_ACCELERATORS)


def on_places(
    compiled: Callable[..., Any], fixed: tuple[Any, ...], places: Sequence[Place], over: tuple[Any, ...], *common: Any
) -> Any:
    """Call a compiled function of many tables where they are to be computed.

    Every device runs one program for its tables, so that results are the same to the last bit on any number of several
    devices. The program for a single one is compiled by itself, and rounds otherwise.

    Args:
        compiled: takes the fixed arguments, what is over tables, and what is common to them.
        fixed: hashable.
        places: devices, each of which gets as many tables.
        over: trees of arrays with the table as first axis.
        common: trees of arrays.
    """
    if len(places) > 1:
        return _shared(compiled, fixed, tuple(places), len(over), len(common))(*over, *common)
    if places[0] is not None:
        over, common = jax.device_put((over, common), places[0])
    return compiled(*fixed, *over, *common)


@lru_cache(maxsize=64)
def _shared(
    compiled: Callable[..., Any], fixed: tuple[Any, ...], devices: tuple[jax.Device, ...], over: int, common: int
) -> Callable[..., Any]:
    mesh = mesh_of(devices, AXIS)
    own, all_of_it = PartitionSpec(AXIS), PartitionSpec()
    # Tables have nothing to do with each other, so there is no sum over devices whose result could differ between them.
    return jax.jit(
        jax.shard_map(
            partial(compiled, *fixed),
            mesh=mesh,
            in_specs=(own,) * over + (all_of_it,) * common,
            out_specs=own,
            check_vma=False,
        )
    )
