"""NumPyro's NUTS kernel as compiled functions that take the data as arguments: one compile serves many tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from bayescale.inference.coordinates import Coordinates, Geometry, guide_and_gradient
from bayescale.inference.lanes import Kept
from bayescale.inference.likelihood import prepare
from bayescale.inference.precision import RUN_OFTEN, RUN_SELDOM

# Draws per compiled call: long enough to hide the call, short enough for a lively progress bar.
CHUNK = 50
# What a state of NumPyro's kernel says of its position.
_PLACE = ("z", "z_grad", "potential_energy")
# The static and traced arguments that every compiled function here begins with: coordinates, warm-up length and tree
# depth, geometry, data, mean acceptance to aim at.
Arguments = tuple[Coordinates, tuple[int, int], Geometry, Any, Any]


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


def first_state(arguments: Arguments, position: Any, key: Any) -> Any:
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


advance = jax.jit(_advance_chunk, static_argnames=("coordinates", "lengths"), compiler_options=RUN_OFTEN)
advance_all = jax.jit(
    lambda coordinates, lengths, geometry, data, target_accept, states: jax.vmap(
        lambda state: _advance_chunk(coordinates, lengths, geometry, data, target_accept, state)
    )(states),
    static_argnames=("coordinates", "lengths"),
    compiler_options=RUN_OFTEN,
)
