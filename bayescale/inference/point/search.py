"""Levenberg-Marquardt from many starts at once.

Some lanes work side by side on a queue of jobs (a start and the weights of the rows). A lane that is done takes the
next job, so that easy jobs do not wait for hard ones, and the arrays of a step stay in cache.

Far from the optimum the loss is first taken with a wide tip, which is then narrowed to ``delta``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.inference.point.curve import Local, Rows, local
from bayescale.inference.point.steps import newton
from bayescale.laws import Law

# A job has converged when Newton's step predicts a smaller relative decrease of the objective than this. One standard
# error from the optimum the objective is about 1 / rows higher, so that 1e-12 is 1e-4 standard errors at 10,000 rows
# and less below. The residual is where losses that fit exactly end: 1e-6 of the loss.
TOLERANCE, EXACT = 1e-12, 0.5e-12
# Damping at the start, and its changes after a good and a bad step.
DAMPING, GOOD, BAD = 0.1, 0.2, 6.0
# The longest step: so many prior standard deviations, or from far away this part of the way to the prior's center.
LONGEST, FAR = 1.5, 0.25
# The tip is narrowed when the predicted relative decrease is below LEVEL, to this part or to the mean residual.
WIDEST, LEVEL, NARROWER = 1e3, 0.1, 0.3
# A job whose objective falls by less than a thousandth in so many steps has run into a plateau.
PATIENCE, PROGRESS = 25, 1e-3
# Numbers of one step that stay in cache, and numbers of weights held at a time.
CACHED, HELD = 2**14, 2**21


class Found(NamedTuple):
    """Where jobs ended.

    Args:
        position: job x parameter, unconstrained.
        objective: of every job, at the last tip.
        converged: whether the convergence test holds.
        iterations: evaluations of the curve.
        spread: mean absolute residual.
    """

    position: np.ndarray
    objective: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    spread: np.ndarray


class _Lanes(NamedTuple):
    """The state of every lane, and what the lanes have brought in."""

    job: Any
    position: Any
    step: Any
    here: Local
    damping: Any
    tip: Any
    taken: Any
    before: Any
    converged: Any
    next_job: Any
    results: Any


def search(
    law: type[Law],
    loss: str,
    rows: Rows,
    starts: np.ndarray,
    weights: Callable[[int], np.ndarray],
    *,
    center: np.ndarray,
    scale: np.ndarray,
    delta: float,
    widest: float = WIDEST,
    iterations: int,
) -> Found:
    """Minimise the objective of every job; call inside ``computing()``.

    Args:
        law, loss, rows: what is fitted; see :func:`local`.
        starts: job x parameter, unconstrained.
        weights: returns the row weights (jobs x rows) of the next so many jobs.
        center, scale: of the priors on the unconstrained scale; they bound single steps and nothing else.
        delta: the loss's tip.
        widest: the tip that a job begins with, if larger.
        iterations: most evaluations of the curve per job.
    """
    length = rows.mask.size
    capacity = int(np.clip(HELD // length, 64, 8192))
    lanes = int(np.clip(CACHED // length, 1, 64))
    limits = _Limits(center, scale, float(delta), max(float(widest), float(delta)), iterations)
    parts = []
    for first in range(0, len(starts), capacity):
        given = starts[first : first + capacity]
        count = len(given)
        # One shape, hence one compiled function, for starts and resamples.
        padded = np.concatenate([given, np.broadcast_to(given[:1], (capacity - count, given.shape[1]))])
        held = np.zeros((capacity, length), np.float32)
        held[:count] = weights(count)
        results = _run(law, loss, lanes, rows, padded, held, count, limits)
        parts.append(np.asarray(results)[:count])
    joined = np.concatenate(parts)
    size = starts.shape[1]
    objective, converged, taken, spread = joined[:, size:].T
    return Found(joined[:, :size], objective, converged > 0, taken.astype(int), spread)


class _Limits(NamedTuple):
    """What bounds a search; see :func:`search`."""

    center: Any
    scale: Any
    delta: Any
    widest: Any
    iterations: Any


@partial(jax.jit, static_argnames=("law", "loss", "lanes"))
def _run(law: Any, loss: str, lanes: int, rows: Rows, starts: Any, weights: Any, count: Any, limits: _Limits) -> Any:
    """Results (job x parameters, objective, converged, iterations, spread) of the first ``count`` jobs."""
    jobs, size = starts.shape
    expand = jax.vmap(lambda p, w, tip: local(law, loss, p, w.astype(p.dtype), tip, rows))

    def body(state: _Lanes) -> _Lanes:
        tried = state.position + state.step
        there = expand(tried, weights[jnp.minimum(state.job, jobs - 1)], state.tip)
        state, ended = _advance(state, tried, there, limits)
        return _refill(state, ended & (state.job < count), starts, count, limits.widest)

    zero, square = jnp.zeros((lanes, size)), jnp.zeros((lanes, size, size))
    full = partial(jnp.full, (lanes,))
    begin = _Lanes(
        jnp.arange(lanes),
        starts[jnp.minimum(jnp.arange(lanes), jobs - 1)],
        zero,
        Local(full(jnp.inf), zero, square, square, full(jnp.inf)),
        full(DAMPING),
        full(limits.widest),
        jnp.zeros(lanes, int),
        full(jnp.inf),
        full(False),
        jnp.asarray(lanes),
        jnp.full((jobs, size + 4), jnp.nan),
    )
    return jax.lax.while_loop(lambda state: (state.job < count).any(), body, begin).results


def _advance(state: _Lanes, tried: Any, there: Local, limits: _Limits) -> tuple[_Lanes, Any]:
    """Take the step of every lane if it is better, find the next one, and say which jobs have ended."""
    # A new job and a new tip come with an infinite objective, so that their first evaluation counts as better.
    fresh, better = jnp.isinf(state.here.value), there.value < state.here.value
    here = Local(*(_choose(better, new, old) for new, old in zip(there, state.here, strict=True)))
    position = _choose(better, tried, state.position)
    damping = jnp.clip(state.damping * jnp.where(better, GOOD, BAD), 1e-9, 1e9)
    damping = jnp.where(fresh, state.damping, damping)
    step, decrease = jax.vmap(newton)(here, damping)
    longest = jnp.maximum(LONGEST * limits.scale, FAR * jnp.abs(position - limits.center))
    step = jnp.where(jnp.isfinite(step), jnp.clip(step, -longest, longest), 0.0)

    relative = decrease / (here.value + EXACT)
    narrow = (relative < LEVEL) & (state.tip > limits.delta)
    narrower = jnp.minimum(NARROWER * state.tip, here.spread)
    tip = jnp.where(narrow, jnp.where(narrower < 2 * limits.delta, limits.delta, narrower), state.tip)
    converged = (relative < TOLERANCE) & ~narrow
    taken = state.taken + 1
    mark = taken % PATIENCE == 0
    plateau = mark & ~narrow & (here.value > (1 - PROGRESS) * state.before)
    before = jnp.where(narrow, jnp.inf, jnp.where(mark, here.value, state.before))
    ended = converged | plateau | (fresh & ~better) | (taken >= limits.iterations)
    # With a new tip the objective is another one, and is evaluated anew where the lane stands.
    again = narrow & ~ended
    here = here._replace(value=jnp.where(again, jnp.inf, here.value))
    step = _choose(again, 0.0, step)
    moved = state._replace(
        position=position,
        step=step,
        here=here,
        damping=damping,
        tip=tip,
        taken=taken,
        before=before,
        converged=converged,
    )
    return moved, ended


def _refill(state: _Lanes, done: Any, starts: Any, count: Any, widest: Any) -> _Lanes:
    """Bring in the jobs that are done, and give their lanes the next ones."""
    jobs = len(starts)
    numbers = (state.here.value, state.converged, state.taken, state.here.spread)
    row = jnp.concatenate([state.position, *(number[:, None] for number in numbers)], axis=1)
    job = jnp.where(done, jnp.minimum(state.next_job + jnp.cumsum(done) - 1, count), state.job)
    return state._replace(
        job=job,
        position=_choose(done, starts[jnp.minimum(job, jobs - 1)], state.position),
        step=_choose(done, 0.0, state.step),
        here=state.here._replace(value=jnp.where(done, jnp.inf, state.here.value)),
        damping=jnp.where(done, DAMPING, state.damping),
        tip=jnp.where(done, widest, state.tip),
        taken=jnp.where(done, 0, state.taken),
        before=jnp.where(done, jnp.inf, state.before),
        next_job=state.next_job + done.sum(),
        results=state.results.at[jnp.where(done, state.job, jobs)].set(row, mode="drop"),
    )


def _choose(chosen: Any, new: Any, old: Any) -> Any:
    """``new`` in the lanes that are chosen."""
    return jnp.where(chosen.reshape(-1, *[1] * (jnp.ndim(old) - 1)), new, old)
