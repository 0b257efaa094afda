"""Powers as exponentials: the same curve at a third of the cost.

A law writes ``(N / N0) ** -alpha``. With a positive base, ``exp(-alpha * log(N / N0))`` is the same number; the
logarithm of data is taken once for all parameter values, and the derivatives reuse what the value has computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

# What a trace wraps around plain operations: its body is evaluated in its place.
_WRAPPERS = ("jit", "pjit", "closed_call")


def with_cheap_powers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with every power to a varying exponent as an exponential.

    Args:
        function: any JAX function of pytrees that returns one array. The bases of such powers must be positive, as the
            columns of a table and a law's terms are. A function with loops, branches or derivatives of its own is left
            as it is.
    """

    def evaluate(*arguments: Any) -> Any:
        closed = jax.make_jaxpr(function)(*arguments)
        if not _is_plain(closed.jaxpr):
            return function(*arguments)
        return _run(closed, jax.tree.leaves(arguments))[0]

    return evaluate


def _is_plain(jaxpr: Jaxpr) -> bool:
    """Whether every operation works on numbers alone."""
    if not all(_is_plain(step.params["jaxpr"].jaxpr) for step in jaxpr.eqns if step.primitive.name in _WRAPPERS):
        return False
    others = [step for step in jaxpr.eqns if step.primitive.name not in _WRAPPERS]
    held = jax.tree.leaves([list(step.params.values()) for step in others])
    return not any(callable(value) or isinstance(value, ClosedJaxpr | Jaxpr) for value in held)


def _run(closed: ClosedJaxpr, arguments: list[Any]) -> list[Any]:
    """Evaluate a trace operation by operation."""
    jaxpr = closed.jaxpr
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*closed.consts, *arguments), strict=True))

    def read(variables: Any) -> list[Any]:
        return [v.val if isinstance(v, Literal) else values[v] for v in variables]

    for step in jaxpr.eqns:
        given = read(step.invars)
        if step.primitive.name in _WRAPPERS:
            out = _run(step.params["jaxpr"], given)
        elif step.primitive.name == "pow" and not isinstance(step.invars[1], Literal):
            out = [jnp.exp(given[1] * jnp.log(given[0]))]
        else:
            result = step.primitive.bind(*given, **step.params)
            out = list(result) if step.primitive.multiple_results else [result]
        values.update(zip(step.outvars, out, strict=True))
    return read(jaxpr.outvars)
