"""Chains of NUTS: dealt out to devices, run in threads, one after the other or side by side, and put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Sharding

from bayescale.inference.checkpoint.trail import Trail
from bayescale.inference.coordinates import Coordinates, Geometry
from bayescale.inference.devices import Place, default_for
from bayescale.inference.lanes import Kept, joined, made, run_lane
from bayescale.inference.nuts_kernel import Arguments, advance, advance_all, first_state
from bayescale.inference.precision import on_place
from bayescale.inference.settings import Settings

Progress = Callable[[int, int, int], None]
# NumPyro keeps one stack of handlers for all threads, so that only one of them can trace a model at a time.
_TRACING = threading.Lock()
# Positions and sampler statistics of one chain.
Chain = tuple[np.ndarray, dict[str, np.ndarray]]


def run_nuts(
    coordinates: Coordinates,
    geometry: Geometry,
    data: Any,
    *,
    settings: Settings,
    seed: int,
    thin: int = 1,
    progress: Progress | None = None,
    places: Sequence[Place] = (None,),
    trail: Trail | None = None,
) -> Chain:
    """Sample the posterior.

    Args:
        coordinates: where the sampler moves.
        geometry: from :func:`find_geometry`.
        data: arrays of a layout.
        settings: chains, draws and so on.
        seed: 32-bit seed.
        thin: draws made for each one kept.
        progress: called with (chain, draws done, divergences after warm-up) from the sampling threads.
        places: devices that chains are dealt out to; or one sharding, where geometry and data are already.
        trail: where what is done is noted, and where chains begin that another process has begun.

    Returns:
        Positions (chain x draw x size) and sampler statistics (each chain x draw).
    """
    lengths = (settings.nuts_warmup, settings.max_tree_depth)
    there = [(coordinates, lengths, *_put((geometry, data), place), settings.target_accept) for place in places]
    keys = np.asarray(jax.random.key_data(jax.random.split(jax.random.key(seed), 2 * settings.chains)))
    trail = trail or Trail()
    trail.plan(settings.chains * _length(settings, thin))
    run = [
        _Lane(lane, there[i], places[i], chains, keys, settings, thin, progress, trail)
        for lane, (i, chains) in enumerate(_dealt(settings, places))
    ]
    if settings.chain_method == "sequential" or isinstance(places[0], Sharding):
        # On devices that share the rows every step waits for all of them, so chains take turns.
        parts = [one() for one in run]
    else:
        parts = _in_threads(run, max(os.cpu_count() or 1, len(places)), trail)
    found = {chain: drawn for part in parts for chain, drawn in part.items()}
    ordered = [found[chain] for chain in range(settings.chains)]
    positions = np.stack([positions for positions, _ in ordered])
    return positions, {name: np.stack([stats[name] for _, stats in ordered]) for name in ordered[0][1]}


def _in_threads(run: Sequence[Callable[[], Any]], most: int, trail: Trail) -> list[Any]:
    """Run chains in threads; whatever ends one of them, or the wait for them, stops all after their next chunk."""
    # XLA releases the interpreter lock while it computes, so threads use all cores and share one compile.
    pool = ThreadPoolExecutor(min(len(run), most))
    try:
        chains = [pool.submit(one) for one in run]
        for ended in wait(chains, return_when=FIRST_EXCEPTION).done:
            ended.result()  # raises what ended it, while others still run
        return [chain.result() for chain in chains]
    except BaseException:
        trail.stop.set()
        raise
    finally:
        # No thread computes on afterwards, unless a second interrupt ends the wait for it.
        pool.shutdown(cancel_futures=True)


def _put(values: Any, place: Place) -> Any:
    """Put arrays on a device; what belongs on several is there already."""
    return jax.device_put(values, place) if isinstance(place, jax.Device) else values


def _dealt(settings: Settings, places: Sequence[Place]) -> list[tuple[int, tuple[int, ...]]]:
    """Which chains run together, and the number of their place: single ones in turn, or those of a device at once."""
    chains, count = range(settings.chains), len(places)
    if settings.chain_method != "vectorized":
        return [(chain % count, (chain,)) for chain in chains]
    return [(i, tuple(chains[i::count])) for i in range(min(count, settings.chains))]


@dataclass(frozen=True)
class _Lane:
    """A lane: the chains of one compiled call.

    Args:
        lane: its number.
        arguments: where they run.
        place: that is.
        chains: their numbers.
        keys: of the starts of all chains, then of their draws.
        settings, thin, progress, trail: as for :func:`run_nuts`.
    """

    lane: int
    arguments: Arguments
    place: Place
    chains: tuple[int, ...]
    keys: np.ndarray
    settings: Settings
    thin: int
    progress: Progress | None
    trail: Trail

    def __call__(self) -> dict[int, Chain]:
        """Run them, in the thread that this is called from, and return what each of them drew."""
        # A thread has settings of its own, and so has to be told what the one that began it was.
        with jax.enable_x64(True), on_place(default_for(True)):
            together = self.settings.chain_method == "vectorized"
            with _TRACING:
                states = [self._begin(chain) for chain in self.chains]
                state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states) if together else states[0]
                (advance_all if together else advance).trace(*self.arguments, state)
            chunks = run_lane(
                self.lane, state, lambda state: (advance_all if together else advance)(*self.arguments, state),
                draws=_length(self.settings, self.thin), trail=self.trail, report=self._report,
            )  # fmt: skip
        return {chain: _collect(self._of(i, chunks), self.settings, self.thin) for i, chain in enumerate(self.chains)}

    def _begin(self, chain: int) -> Any:
        start, own = self.keys[chain], self.keys[self.settings.chains + chain]
        position = _start(self.arguments[0], jax.random.wrap_key_data(start))
        if isinstance(self.place, Sharding):  # every host has them, and JAX is to know that they are the same
            position, own = jax.device_put((np.asarray(position), own), self.place)
        own = jax.random.wrap_key_data(own)
        return first_state(self.arguments, position, own)

    def _of(self, position: int, chunks: list[Kept]) -> list[Kept]:
        """The chunks of one of the chains."""
        if self.settings.chain_method != "vectorized":
            return chunks
        return [Kept(*(part[position] for part in chunk)) for chunk in chunks]

    def _report(self, chunks: list[Kept]) -> None:
        if self.progress is not None:
            for i, chain in enumerate(self.chains):
                self.progress(chain, made(chunks), _divergences(self._of(i, chunks), self.settings))


def _start(coordinates: Coordinates, key: Any) -> Any:
    """A start about as spread out as the posterior, so that R-hat can tell chains that have not met."""
    return jax.random.normal(key, (coordinates.size,))


def _length(settings: Settings, thin: int) -> int:
    """Draws of a chain, warm-up included."""
    return settings.nuts_warmup + thin * settings.nuts_draws


def _collect(chunks: list[Kept], settings: Settings, thin: int) -> Chain:
    """Join chunks of a chain, drop the warm-up, keep every ``thin``-th draw; a divergence in between is kept too."""
    whole = joined(chunks)
    drawn = Kept(*(part[settings.nuts_warmup : _length(settings, thin)] for part in whole))
    kept = Kept(*(part[thin - 1 :: thin] for part in drawn))
    stats = {name: part for name, part in kept._asdict().items() if name != "position"}
    # Between kept draws energy changes by more than between neighbours, which is what says how tails are explored.
    changes = np.diff(whole.energy[settings.nuts_warmup - 1 : _length(settings, thin)])
    stats["energy_change_squared"] = np.square(changes).reshape(-1, thin).mean(axis=-1)
    stats["lp"] = -stats["lp"]
    stats["diverging"] = drawn.diverging.reshape(-1, thin).any(axis=-1)
    stats["tree_depth"] = np.ceil(np.log2(stats["n_steps"] + 1)).astype(int)
    return kept.position, stats


def _divergences(chunks: list[Kept], settings: Settings) -> int:
    return int(np.concatenate([chunk.diverging for chunk in chunks])[settings.nuts_warmup :].sum())
