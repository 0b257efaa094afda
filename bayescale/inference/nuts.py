"""NumPyro's NUTS kernel in a chain runner that takes the data as arguments, so that one compile serves many tables."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from bayescale.inference.checkpoint.trail import Trail
from bayescale.inference.coordinates import Coordinates, Geometry, guide_and_gradient
from bayescale.inference.lanes import Kept, joined, made, run_lane
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


def run_nuts(
    coordinates: Coordinates,
    geometry: Geometry,
    data: Any,
    *,
    settings: Settings,
    seed: int,
    thin: int = 1,
    progress: Progress | None = None,
    trail: Trail | None = None,
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
        trail: where what is done is noted, and where chains begin that another process has begun.

    Returns:
        Positions (chain x draw x size) and sampler statistics (each chain x draw).
    """
    keys = jax.random.split(jax.random.key(seed), 2 * settings.chains)
    arguments = (coordinates, (settings.nuts_warmup, settings.max_tree_depth), geometry, data, settings.target_accept)
    trail = trail or Trail()
    trail.plan(settings.chains * _length(settings, thin))
    if settings.chain_method == "vectorized":
        return _run_together(arguments, keys, settings, thin, progress, trail)
    one = partial(_run_chain, arguments, keys, settings, thin, progress, trail)
    if settings.chain_method == "sequential":
        chains = [one(chain) for chain in range(settings.chains)]
    else:
        chains = _in_threads(one, settings.chains, trail)
    positions = np.stack([positions for positions, _ in chains])
    return positions, {name: np.stack([stats[name] for _, stats in chains]) for name in chains[0][1]}


def _in_threads(one: Callable[[int], Any], count: int, trail: Trail) -> list[Any]:
    """Run chains in threads; whatever ends one of them, or the wait for them, stops all after their next chunk."""
    # XLA releases the interpreter lock while it computes, so threads use all cores and share one compile.
    pool = ThreadPoolExecutor(min(count, os.cpu_count() or 1))
    try:
        return [chain.result() for chain in [pool.submit(one, chain) for chain in range(count)]]
    except BaseException:
        trail.stop.set()
        raise
    finally:
        # No thread computes on afterwards, unless a second interrupt ends the wait for it.
        pool.shutdown(cancel_futures=True)


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
    arguments: Arguments, keys: Any, settings: Settings, thin: int, progress: Progress | None, trail: Trail, chain: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    def report(chunks: list[Kept]) -> None:
        if progress is not None:
            progress(chain, made(chunks), _divergences(chunks, settings))

    with jax.enable_x64(True):
        state = _first_state(arguments, _start(arguments[0], keys[chain]), keys[settings.chains + chain])
        chunks = run_lane(
            chain, state, lambda state: _advance(*arguments, state),
            draws=_length(settings, thin), trail=trail, report=report,
        )  # fmt: skip
    return _collect(chunks, settings, thin, 0)


def _run_together(
    arguments: Arguments, keys: Any, settings: Settings, thin: int, progress: Progress | None, trail: Trail
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    starts = jax.vmap(lambda key: _start(arguments[0], key))(keys[: settings.chains])
    firsts = [_first_state(arguments, *pair) for pair in zip(starts, keys[settings.chains :], strict=True)]
    states = jax.tree.map(lambda *leaves: jnp.stack(leaves), *firsts)

    def report(chunks: list[Kept]) -> None:
        if progress is None:
            return
        for chain in range(settings.chains):
            alone = [Kept(*(part[chain] for part in chunk)) for chunk in chunks]
            progress(chain, made(chunks), _divergences(alone, settings))

    chunks = run_lane(
        0, states, lambda states: _advance_all(*arguments, states),
        draws=_length(settings, thin), trail=trail, report=report,
    )  # fmt: skip
    return _collect(chunks, settings, thin, 1)


def _start(coordinates: Coordinates, key: Any) -> Any:
    """A start about as spread out as the posterior, so that R-hat can tell chains that have not met."""
    return jax.random.normal(key, (coordinates.size,))


def _length(settings: Settings, thin: int) -> int:
    """Draws that a chain makes, warm-up included."""
    return settings.nuts_warmup + thin * settings.nuts_draws


def _collect(chunks: list[Kept], settings: Settings, thin: int, axis: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Join chunks along draws, drop the warm-up, keep every ``thin``-th draw; a divergence in between is kept too."""
    whole, after = joined(chunks), slice(settings.nuts_warmup, _length(settings, thin))
    drawn = Kept(*(part[(slice(None),) * axis + (after,)] for part in whole))
    kept = Kept(*(part[(slice(None),) * axis + (slice(thin - 1, None, thin),)] for part in drawn))
    stats = {name: part for name, part in kept._asdict().items() if name != "position"}
    stats["lp"] = -stats["lp"]
    stats["diverging"] = drawn.diverging.reshape(*drawn.diverging.shape[:axis], -1, thin).any(axis=-1)
    stats["tree_depth"] = np.ceil(np.log2(stats["n_steps"] + 1)).astype(int)
    return kept.position, stats


def _divergences(chunks: list[Kept], settings: Settings) -> int:
    return int(np.concatenate([chunk.diverging for chunk in chunks])[settings.nuts_warmup :].sum())
