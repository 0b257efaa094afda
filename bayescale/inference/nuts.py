"""NumPyro's NUTS kernel in a chain runner that takes the data as arguments, so that one compile serves many tables."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from bayescale.inference.coordinates import Coordinates, Geometry, guide_and_gradient
from bayescale.inference.likelihood import prepare
from bayescale.inference.precision import RUN_OFTEN, RUN_SELDOM
from bayescale.inference.settings import Settings

# Draws per compiled call: long enough to hide the call, short enough for a lively progress bar.
CHUNK = 50
# What a state of NumPyro's kernel says of its position.
_PLACE = ("z", "z_grad", "potential_energy")
Progress = Callable[[int, int, int], None]
# The static and traced arguments that every compiled function here begins with: coordinates, warm-up length and tree
# depth, geometry, data, mean acceptance to aim at.
Arguments = tuple[Coordinates, tuple[int, int], Geometry, Any, Any]


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


def run_nuts(
    coordinates: Coordinates,
    geometry: Geometry,
    data: Any,
    *,
    settings: Settings,
    seed: int,
    thin: int = 1,
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Sample the posterior.

    Args:
        coordinates: where the sampler moves.
        geometry: from :func:`find_geometry`.
        data: arrays of a layout.
        settings: chains, draws and so on.
        seed: 32-bit seed.
        thin: draws made for each one kept.
        progress: called with (chain, draws done, divergences after warm-up) from the sampling threads.

    Returns:
        Positions (chain x draw x size) and sampler statistics (each chain x draw).
    """
    keys = jax.random.split(jax.random.key(seed), 2 * settings.chains)
    arguments = (coordinates, (settings.nuts_warmup, settings.max_tree_depth), geometry, data, settings.target_accept)
    if settings.chain_method == "vectorized":
        return _run_together(arguments, keys, settings, thin, progress)
    one = partial(_run_chain, arguments, keys, settings, thin, progress)
    if settings.chain_method == "sequential":
        chains = [one(chain) for chain in range(settings.chains)]
    else:
        # XLA releases the interpreter lock while it computes, so threads use all cores and share one compile.
        with ThreadPoolExecutor(min(settings.chains, os.cpu_count() or 1)) as pool:
            chains = list(pool.map(one, range(settings.chains)))
    positions = np.stack([positions for positions, _ in chains])
    return positions, {name: np.stack([stats[name] for _, stats in chains]) for name in chains[0][1]}


def _kernel(
    coordinates: Coordinates, lengths: tuple[int, int], geometry: Geometry, rows: Any, target_accept: Any
) -> tuple[Callable[[Any, Any], Any], Callable[..., Any]]:
    """NumPyro's functions, with the potential made from arguments; warm-up and tree depth are compiled in."""
    warmup, depth = lengths
    start, step = hmc(potential_fn_gen=lambda geometry, rows: partial(coordinates.guide, geometry, rows), algo="NUTS")

    def begin(position: Any, key: Any) -> Any:
        return start(
            position,
            num_warmup=warmup,
            # In these coordinates the posterior is nearly a standard normal, where about 0.5 is right.
            step_size=0.5,
            target_accept_prob=target_accept,
            max_tree_depth=depth,
            model_args=(geometry, rows),
            rng_key=key,
        )

    return begin, step


@partial(jax.jit, static_argnames=("coordinates", "lengths"), compiler_options=RUN_SELDOM)
def _begin(
    coordinates: Coordinates,
    lengths: tuple[int, int],
    geometry: Geometry,
    data: Any,
    target_accept: Any,
    position: Any,
    key: Any,
) -> Any:
    return _kernel(coordinates, lengths, geometry, data, target_accept)[0](position, key)


def _first_state(arguments: Arguments, position: Any, key: Any) -> Any:
    """The kernel's first state; the gradient comes from the function that the geometry has compiled already."""
    coordinates, _, geometry, data, _ = arguments
    value, gradient = guide_and_gradient(coordinates, geometry, data, position)
    return _begin(*arguments, ParamInfo(position, value, gradient), key)


def _accept_again(potential: Callable[[Any], Any], before: Any, after: Any) -> tuple[Any, Any]:
    """Accept or refuse what NUTS has drawn of the guide's density, so that draws are of the density itself.

    A draw of NUTS is a reversible move for the guide's density, so accepting it with the ratio of the two positions'
    weights, exact over guide, leaves the exact density as it is.

    Args:
        potential: the exact one.
        before, after: the kernel's states.

    Returns:
        the kernel's state, which keeps its adaptation, and the exact potential there.

    References:
        christen2005markov
    """
    old, new = potential(before.z), potential(after.z)
    # Minus the log weights; constants that the guide leaves out cancel.
    log_ratio = (old - before.potential_energy) - (new - after.potential_energy)
    key, own = jax.random.split(after.rng_key)
    accepted = jnp.log(jax.random.uniform(own, dtype=new.dtype)) < log_ratio
    there = [(getattr(after, name), getattr(before, name)) for name in _PLACE]
    place = {name: jnp.where(accepted, *pair) for name, pair in zip(_PLACE, there, strict=True)}
    return after._replace(rng_key=key, **place), jnp.where(accepted, new, old)


def _advance_chunk(
    coordinates: Coordinates, lengths: tuple[int, int], geometry: Geometry, data: Any, target_accept: Any, state: Any
) -> tuple[Any, Kept]:
    rows = prepare(coordinates.model, data)
    begin, step = _kernel(coordinates, lengths, geometry, rows, target_accept)
    # NumPyro's step uses closures that its start function sets up; nothing of this call is computed.
    jax.eval_shape(lambda: begin(state.z, jax.random.key(0)))

    def one(state: Any, _: None) -> tuple[Any, Kept]:
        before, state = state, step(state, (geometry, rows), {})
        potential = state.potential_energy
        if coordinates.model.noise.has_corners():
            state, potential = _accept_again(partial(coordinates.potential, geometry, rows), before, state)
        seen = (state.z, potential, state.energy, state.num_steps, state.accept_prob, state.diverging)
        return state, Kept(*seen, state.adapt_state.step_size)

    return jax.lax.scan(one, state, None, length=CHUNK)


_advance = jax.jit(_advance_chunk, static_argnames=("coordinates", "lengths"), compiler_options=RUN_OFTEN)
_advance_all = jax.jit(
    lambda coordinates, lengths, geometry, data, target_accept, states: jax.vmap(
        lambda state: _advance_chunk(coordinates, lengths, geometry, data, target_accept, state)
    )(states),
    static_argnames=("coordinates", "lengths"),
    compiler_options=RUN_OFTEN,
)


def _run_chain(
    arguments: Arguments, keys: Any, settings: Settings, thin: int, progress: Progress | None, chain: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    with jax.enable_x64(True):
        start = _start(arguments[0], keys[chain])
        state = _first_state(arguments, start, keys[settings.chains + chain])
        chunks = []
        for done in _chunks(settings, thin):
            state, kept = _advance(*arguments, state)
            chunks.append(Kept(*map(np.asarray, kept)))
            if progress is not None:
                progress(chain, done, _divergences(chunks, settings))
    return _collect(chunks, settings, thin, 0)


def _run_together(
    arguments: Arguments, keys: Any, settings: Settings, thin: int, progress: Progress | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    starts = jax.vmap(lambda key: _start(arguments[0], key))(keys[: settings.chains])
    firsts = [_first_state(arguments, *pair) for pair in zip(starts, keys[settings.chains :], strict=True)]
    states = jax.tree.map(lambda *leaves: jnp.stack(leaves), *firsts)
    chunks = []
    for done in _chunks(settings, thin):
        states, kept = _advance_all(*arguments, states)
        chunks.append(Kept(*map(np.asarray, kept)))
        if progress is not None:
            for chain in range(settings.chains):
                progress(chain, done, _divergences([Kept(*(p[chain] for p in c)) for c in chunks], settings))
    return _collect(chunks, settings, thin, 1)


def _start(coordinates: Coordinates, key: Any) -> Any:
    """A start about as spread out as the posterior, so that R-hat can tell chains that have not met."""
    return jax.random.normal(key, (coordinates.size,))


def _chunks(settings: Settings, thin: int) -> range:
    total = settings.nuts_warmup + thin * settings.nuts_draws
    return range(CHUNK, total + CHUNK, CHUNK)


def _collect(chunks: list[Kept], settings: Settings, thin: int, axis: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Join chunks along draws, drop the warm-up, keep every ``thin``-th draw; a divergence in between is kept too."""
    end = settings.nuts_warmup + thin * settings.nuts_draws
    whole = Kept(*(np.concatenate(parts, axis=axis) for parts in zip(*chunks, strict=True)))
    made = Kept(*(part[(slice(None),) * axis + (slice(settings.nuts_warmup, end),)] for part in whole))
    kept = Kept(*(part[(slice(None),) * axis + (slice(thin - 1, None, thin),)] for part in made))
    stats = {name: part for name, part in kept._asdict().items() if name != "position"}
    stats["lp"] = -stats["lp"]
    stats["diverging"] = made.diverging.reshape(*made.diverging.shape[:axis], -1, thin).any(axis=-1)
    stats["tree_depth"] = np.ceil(np.log2(stats["n_steps"] + 1)).astype(int)
    return kept.position, stats


def _divergences(chunks: list[Kept], settings: Settings) -> int:
    return int(np.concatenate([chunk.diverging for chunk in chunks])[settings.nuts_warmup :].sum())
