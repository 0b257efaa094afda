"""Chains of NUTS: dealt out to devices, run in threads, one after the other or side by side, and put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Sharding

from bayescale.inference.coordinates import Coordinates, Geometry
from bayescale.inference.devices import Place, default_for
from bayescale.inference.nuts_kernel import CHUNK, Arguments, Kept, advance, advance_all, first_state
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

    Returns:
        Positions (chain x draw x size) and sampler statistics (each chain x draw).
    """
    lengths = (settings.nuts_warmup, settings.max_tree_depth)
    there = [(coordinates, lengths, *_put((geometry, data), place), settings.target_accept) for place in places]
    keys = np.asarray(jax.random.key_data(jax.random.split(jax.random.key(seed), 2 * settings.chains)))
    run = [_Some(there[i], places[i], chains, keys, settings, thin, progress) for i, chains in _dealt(settings, places)]
    if settings.chain_method == "sequential" or isinstance(places[0], Sharding):
        # On devices that share the rows every step waits for all of them, so chains take turns.
        made = [one() for one in run]
    else:
        # XLA releases the interpreter lock while it computes, so threads use all cores and share one compile.
        with ThreadPoolExecutor(min(len(run), max(os.cpu_count() or 1, len(places)))) as pool:
            made = list(pool.map(lambda one: one(), run))
    found = {chain: drawn for part in made for chain, drawn in part.items()}
    ordered = [found[chain] for chain in range(settings.chains)]
    positions = np.stack([positions for positions, _ in ordered])
    return positions, {name: np.stack([stats[name] for _, stats in ordered]) for name in ordered[0][1]}


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
class _Some:
    """The chains of one compiled call.

    Args:
        arguments: where they run.
        place: that is.
        chains: their numbers.
        keys: of the starts of all chains, then of their draws.
        settings, thin, progress: as for :func:`run_nuts`.
    """

    arguments: Arguments
    place: Place
    chains: tuple[int, ...]
    keys: np.ndarray
    settings: Settings
    thin: int
    progress: Progress | None

    def __call__(self) -> dict[int, Chain]:
        """Run them, in the thread that this is called from, and return what each of them drew."""
        # A thread has settings of its own, and so has to be told what the one that began it was.
        with jax.enable_x64(True), on_place(default_for(True)):
            together = self.settings.chain_method == "vectorized"
            with _TRACING:
                states = [self._begin(chain) for chain in self.chains]
                state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states) if together else states[0]
                (advance_all if together else advance).trace(*self.arguments, state)
            return self._together(state) if together else self._alone(state)

    def _begin(self, chain: int) -> Any:
        start, own = self.keys[chain], self.keys[self.settings.chains + chain]
        position = _start(self.arguments[0], jax.random.wrap_key_data(start))
        if isinstance(self.place, Sharding):  # every host has them, and JAX is to know that they are the same
            position, own = jax.device_put((np.asarray(position), own), self.place)
        own = jax.random.wrap_key_data(own)
        return first_state(self.arguments, position, own)

    def _alone(self, state: Any) -> dict[int, Chain]:
        [chain], chunks = self.chains, list[Kept]()
        for done in _chunks(self.settings, self.thin):
            state, kept = advance(*self.arguments, state)
            chunks.append(Kept(*map(np.asarray, kept)))
            self._report(chain, done, chunks)
        return {chain: _collect(chunks, self.settings, self.thin)}

    def _together(self, states: Any) -> dict[int, Chain]:
        chunks: dict[int, list[Kept]] = {chain: [] for chain in self.chains}
        for done in _chunks(self.settings, self.thin):
            states, kept = advance_all(*self.arguments, states)
            kept = Kept(*map(np.asarray, kept))
            for i, chain in enumerate(self.chains):
                chunks[chain].append(Kept(*(part[i] for part in kept)))
                self._report(chain, done, chunks[chain])
        return {chain: _collect(parts, self.settings, self.thin) for chain, parts in chunks.items()}

    def _report(self, chain: int, done: int, chunks: list[Kept]) -> None:
        if self.progress is not None:
            self.progress(chain, done, _divergences(chunks, self.settings))


def _start(coordinates: Coordinates, key: Any) -> Any:
    """A start about as spread out as the posterior, so that R-hat can tell chains that have not met."""
    return jax.random.normal(key, (coordinates.size,))


def _chunks(settings: Settings, thin: int) -> range:
    total = settings.nuts_warmup + thin * settings.nuts_draws
    return range(CHUNK, total + CHUNK, CHUNK)


def _collect(chunks: list[Kept], settings: Settings, thin: int) -> Chain:
    """Join chunks of a chain, drop the warm-up, keep every ``thin``-th draw; a divergence in between is kept too."""
    made = slice(settings.nuts_warmup, settings.nuts_warmup + thin * settings.nuts_draws)
    drawn = Kept(*(np.concatenate(parts)[made] for parts in zip(*chunks, strict=True)))
    kept = Kept(*(part[thin - 1 :: thin] for part in drawn))
    stats = {name: part for name, part in kept._asdict().items() if name != "position"}
    stats["lp"] = -stats["lp"]
    stats["diverging"] = drawn.diverging.reshape(-1, thin).any(axis=-1)
    stats["tree_depth"] = np.ceil(np.log2(stats["n_steps"] + 1)).astype(int)
    return kept.position, stats


def _divergences(chunks: list[Kept], settings: Settings) -> int:
    return int(np.concatenate([chunk.diverging for chunk in chunks])[settings.nuts_warmup :].sum())
