"""A lane of a run of NUTS: one chain, or all of them side by side, chunk after chunk of draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from bayescale.inference.checkpoint import Trail


class Kept(NamedTuple):
    """What is kept of every draw: the position and, under their names in ``sample_stats``, the statistics.

    ``lp`` holds the potential, minus the log density, until the chunks are joined.
    """

    position: Any
    lp: Any
    energy: Any
    n_steps: Any
    acceptance_rate: Any
    diverging: Any
    step_size: Any


class Stopped(Exception):
    """A lane was told to stop."""


def run_lane(
    lane: int,
    state: Any,
    advance: Callable[[Any], tuple[Any, Kept]],
    *,
    draws: int,
    trail: Trail,
    report: Callable[[list[Kept]], None],
) -> list[Kept]:
    """Make at least so many draws, beginning where the trail says that the lane is.

    Args:
        lane: its number.
        state: the kernel's first state.
        advance: makes a chunk of draws.
        draws: of each chain, warm-up included.
        trail: keeps what is done after every chunk.
        report: is told of it.

    Raises:
        Stopped: the trail's ``stop`` was set.
    """
    state, chunks = trail.begun(lane, state)
    if chunks:
        report(chunks)
    while made(chunks) < draws:
        if trail.stop.is_set():
            raise Stopped
        state, kept = advance(state)
        chunks.append(Kept(*map(np.asarray, kept)))
        trail.add(lane, state, chunks)
        report(chunks)
    return chunks


def made(chunks: list[Kept]) -> int:
    """Draws of each chain; they are along the last axis of a statistic."""
    return sum(chunk.diverging.shape[-1] for chunk in chunks)


def joined(chunks: list[Kept]) -> Kept:
    """Join chunks along draws."""
    axis = chunks[0].diverging.ndim - 1
    return Kept(*(np.concatenate(parts, axis=axis) for parts in zip(*chunks, strict=True)))
