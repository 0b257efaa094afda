"""A formula in two parts: what depends on the data alone, computed once, and the rest, computed at every step.

A law is written for one run, ``A * (N / N0) ** -alpha``. Of that, ``log(N / N0)`` is the same at every position of the
sampler; what is left is ``A * exp(-alpha * log(N / N0))``, one exponential instead of a division and a power.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from bayescale.laws import Law

# What a trace wraps around plain operations: its body is evaluated in its place.
_WRAPPERS = ("jit", "pjit", "closed_call")


class _Step(NamedTuple):
    """One operation; inputs are numbers of values, or literals."""

    primitive: Any
    params: dict[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[int, ...]


class Split:
    """The two parts of ``function(varying, fixed)``, which is traced once.

    Args:
        function: any JAX function of two pytrees that returns one array. Where it takes a power to an exponent that
            varies, the base must be positive, as the columns of a table and a law's terms are. A function with loops,
            branches or derivatives of its own is left whole: its fixed part is all of ``fixed``.
        varying, fixed: examples of the arguments.
    """

    def __init__(self, function: Callable[[Any, Any], Any], varying: Any, fixed: Any):
        closed = jax.make_jaxpr(function)(varying, fixed)
        self._function, self._structure = function, jax.tree.structure(fixed)
        self._whole = not _is_plain(closed.jaxpr)
        if self._whole:
            return
        values = _Values()
        varies, rest = (tuple(values.new() for _ in jax.tree.leaves(tree)) for tree in (varying, fixed))
        constants = {values.new(): constant for constant in closed.consts}
        steps, (self._result,) = values.inlined(closed.jaxpr, (*varies, *rest), tuple(constants))
        self._varying, self._fixed, self._constants = varies, rest, constants
        self._once, self._always, self._needed = _divided(steps, {*rest, *constants}, self._result)

    def fixed_part(self, fixed: Any) -> tuple[Any, ...]:
        """What :meth:`rest` needs of ``fixed``."""
        leaves = jax.tree.leaves(fixed)
        if self._whole:
            return tuple(leaves)
        known = {**self._constants, **dict(zip(self._fixed, leaves, strict=True))}
        _evaluate(self._once, known)
        return tuple(_log(known[value]) if as_log else known[value] for value, as_log in self._needed)

    def rest(self, varying: Any, needed: tuple[Any, ...]) -> Any:
        """The function's value, from ``varying`` and :meth:`fixed_part`."""
        if self._whole:
            return self._function(varying, jax.tree.unflatten(self._structure, needed))
        known = dict(zip(self._varying, jax.tree.leaves(varying), strict=True))
        logs = {value: part for (value, as_log), part in zip(self._needed, needed, strict=True) if as_log}
        known |= {value: part for (value, as_log), part in zip(self._needed, needed, strict=True) if not as_log}
        _evaluate(self._always, known, logs)
        return known[self._result] if isinstance(self._result, int) else self._result.val


def split_log_loss(law: type[Law]) -> Split:
    """The log of a law's response for one run: its parameters vary, the pair of inputs and anchors is fixed.

    The formula is traced once per process and precision; all that is compiled afterwards is made from that trace.
    """
    return _split_log_loss(law, jnp.zeros(()).dtype.name)  # type: ignore[arg-type]  # mypy: classes have no hash


@cache
def _split_log_loss(law: type[Law], dtype: str) -> Split:
    number = np.zeros((), dtype)
    parameters, inputs, anchors = (
        dict.fromkeys(names, number)
        for names in ([p.name for p in law.parameters], law.arguments, [a.name for a in law.anchors])
    )
    return Split(lambda values, fixed: jnp.log(law(**values, **fixed[1])(**fixed[0])), parameters, (inputs, anchors))


def fixed_parts(law: type[Law], inputs: Any, anchors: Any) -> tuple[Any, ...]:
    """The fixed part of a law's formula at inputs over block x row."""
    split = split_log_loss(law)
    return jax.vmap(jax.vmap(lambda one: split.fixed_part((one, anchors))))(inputs)


def _log(base: Any) -> Any:
    """The logarithm of a base, of zero one that is finite: a power of it then is zero, as are its derivatives.

    That holds for exponents above a hundredth, where exp(-1e5 exponent) vanishes.
    """
    return jnp.maximum(jnp.log(base), -1e5)


def _divided(
    steps: list[_Step], fixed: set[int], result: Any
) -> tuple[list[_Step], list[_Step], list[tuple[int, bool]]]:
    """Steps on what is fixed alone, all others, and what these need: values, and whether it is their logarithm."""
    once, always = [], []
    needed: dict[tuple[int, bool], None] = {}
    for step in steps:
        if all(_is_literal(value) or value in fixed for value in step.inputs):
            once.append(step)
            fixed.update(step.outputs)
            continue
        always.append(step)
        if _is_power(step, fixed):
            needed[step.inputs[0], True] = None
        else:
            needed |= {(value, False): None for value in step.inputs if not _is_literal(value) and value in fixed}
    if result in fixed:
        needed[result, False] = None
    return once, always, list(needed)


def _is_power(step: _Step, fixed: Any) -> bool:
    """Whether a step takes a power of something fixed."""
    base = step.inputs[0]
    return step.primitive.name == "pow" and not _is_literal(base) and base in fixed


def _evaluate(steps: list[_Step], known: dict[int, Any], logs: Any = ()) -> None:
    """Evaluate steps one by one, adding to the known values; powers are exponentials, some with bases in ``logs``."""
    for step in steps:
        if _is_power(step, logs):
            out = [jnp.exp(_read(step.inputs[1], known) * logs[step.inputs[0]])]
        elif step.primitive.name == "pow" and not _is_literal(step.inputs[1]):
            # A compiled power costs several times as much, and its derivatives again.
            base, exponent = (_read(value, known) for value in step.inputs)
            out = [jnp.exp(exponent * jnp.log(base))]
        else:
            made = step.primitive.bind(*(_read(value, known) for value in step.inputs), **step.params)
            out = list(made) if step.primitive.multiple_results else [made]
        known.update(zip(step.outputs, out, strict=True))


def _read(value: Any, known: dict[int, Any]) -> Any:
    return value.val if _is_literal(value) else known[value]


def _is_literal(value: Any) -> bool:
    return isinstance(value, Literal)


class _Values:
    """Numbers the values of a trace: functions called twice share their trace, but not their values."""

    def __init__(self) -> None:
        self._count = 0

    def new(self) -> int:
        self._count += 1
        return self._count

    def inlined(self, jaxpr: Jaxpr, given: tuple[Any, ...], constants: tuple[Any, ...]) -> Any:
        """The steps of a trace with wrapped functions put in their place, and its results."""
        names: dict[Any, Any] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *given), strict=True))
        steps = list(self._steps(jaxpr, names))
        return steps, tuple(v if _is_literal(v) else names[v] for v in jaxpr.outvars)

    def _steps(self, jaxpr: Jaxpr, names: dict[Any, Any]) -> Iterator[_Step]:
        for step in jaxpr.eqns:
            inputs = tuple(v if _is_literal(v) else names[v] for v in step.invars)
            if step.primitive.name in _WRAPPERS:
                inner = step.params["jaxpr"]
                constants = tuple(Literal(c, v.aval) for c, v in zip(inner.consts, inner.jaxpr.constvars, strict=True))
                steps, results = self.inlined(inner.jaxpr, inputs, constants)
                yield from steps
            else:
                results = tuple(self.new() for _ in step.outvars)
                yield _Step(step.primitive, step.params, inputs, results)
            names.update(zip(step.outvars, results, strict=True))


def _is_plain(jaxpr: Jaxpr) -> bool:
    """Whether every operation works on numbers alone."""
    if not all(_is_plain(step.params["jaxpr"].jaxpr) for step in jaxpr.eqns if step.primitive.name in _WRAPPERS):
        return False
    others = [step for step in jaxpr.eqns if step.primitive.name not in _WRAPPERS]
    held = jax.tree.leaves([list(step.params.values()) for step in others])
    return not any(callable(value) or isinstance(value, ClosedJaxpr | Jaxpr) for value in held)
