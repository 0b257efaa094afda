"""A law's formula as an expression tree, read off the trace of its ``__call__``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.language.declared import Declared


@dataclass(frozen=True)
class Expression:
    """One node: an operation with its operands, a symbol, or a number."""

    operation: str
    operands: tuple[Any, ...]


_NAMES = {"logistic": "sigmoid", "log1p": "log1p", "expm1": "expm1", "pow": "pow", "integer_pow": "pow"}
_WRAPPERS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat")
_PRINTED = "printed_"
_IGNORED = ("convert_element_type", "copy", "broadcast_in_dim", "squeeze", "stop_gradient")


def printed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let formulas show a JAX function by its name instead of what it computes, such as the root of an equation.

    The law's page must then say in words what it is.
    """
    function.__name__ = f"{_PRINTED}{function.__name__}"
    return jax.jit(function)


def formula_of(law: type[Declared], arguments: dict[str, str], symbols: dict[str, str]) -> Expression:
    """Trace ``law.__call__`` and return its expression.

    Args:
        law: a law class.
        arguments: the printed symbol of every argument of ``__call__``.
        symbols: the printed symbol of every field.
    """
    names = list(symbols)

    def call(fields: dict[str, Any], inputs: dict[str, Any]) -> Any:
        return law(**fields)(**inputs)  # type: ignore[operator]

    ones = {name: jnp.ones(()) for name in names}
    traced = jax.make_jaxpr(call)(ones, {name: jnp.ones(()) for name in arguments})
    # make_jaxpr flattens dictionaries in sorted key order.
    leaves = [symbols[n] for n in sorted(names)] + [arguments[n] for n in sorted(arguments)]
    inputs = [Expression("symbol", (leaf,)) for leaf in leaves]
    return _walk(traced.jaxpr, [np.asarray(c) for c in traced.consts], inputs)[0]


def _walk(jaxpr: Any, consts: list[Any], inputs: list[Expression]) -> list[Expression]:
    """Turn the equations of a traced function into expressions of its inputs."""
    known: dict[Any, Expression] = dict(zip(jaxpr.invars, inputs, strict=True))
    known.update(zip(jaxpr.constvars, (_number(c) for c in consts), strict=True))

    def read(atom: Any) -> Expression:
        return _number(atom.val) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        operands = [read(atom) for atom in equation.invars]
        name = equation.primitive.name
        if str(equation.params.get("name", "")).startswith(_PRINTED):
            results = [Expression(equation.params["name"].removeprefix(_PRINTED), tuple(operands))]
        elif name in _WRAPPERS:
            inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
            results = _walk(getattr(inner, "jaxpr", inner), list(getattr(inner, "consts", [])), operands)
        elif name in _IGNORED:
            results = operands[:1]
        elif name == "integer_pow":
            results = [Expression("pow", (operands[0], _number(equation.params["y"])))]
        elif name == "square":
            results = [Expression("pow", (operands[0], _number(2)))]
        else:
            results = [Expression(_NAMES.get(name, name), tuple(operands))]
        known.update(zip(equation.outvars, results, strict=False))
    return [read(atom) for atom in jaxpr.outvars]


def _number(value: Any) -> Expression:
    return Expression("number", (float(np.asarray(value).ravel()[0]),))
