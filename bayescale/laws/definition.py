"""What defines a law or a noise as part of a model, as a hash by which a saved fit recognises it."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import tokenize
from abc import ABC
from collections.abc import Iterator
from functools import cache, cached_property
from types import CodeType, FunctionType
from typing import Any

from bayescale.language.declare import Parameter, PooledCoordinate
from bayescale.language.declared import Declared
from bayescale.laws.base import Law

# The functions that a posterior depends on; an optimum or a derived quantity is computed from it, not part of it.
FORMULAS = ("__call__", "textbook", "pool", "unpool")
# How blocks are nested is a part of the code, how far they are indented is not.
_LAYOUT = {tokenize.NEWLINE: ";", tokenize.INDENT: "{", tokenize.DEDENT: "}"}


def definition_hash(declared: type[Declared]) -> str:
    """Return the SHA-256 of what makes a law or a noise part of a model: formulas, names, supports and scales.

    Comments, docstrings, layout, descriptions, symbols, citations, optima and derived quantities do not change it, nor
    do declared priors, which a fit records for itself. What a formula calls in its own class or module is a part of it.
    """
    return _hash(declared)  # type: ignore[arg-type]  # mypy thinks that these classes have no hash


@cache
def _hash(declared: type[Declared]) -> str:
    record: dict[str, Any] = {
        "name": declared.name,
        "parameters": [_parameter(p) for p in declared.parameters],
        "anchors": [[a.name, a.argument] for a in declared.anchors],
        "formulas": dict(_sources(declared)),
    }
    if issubclass(declared, Law):
        record["arguments"] = [[argument, quantity.name] for argument, quantity in declared.arguments.items()]
        record["response"] = declared.response.name
        record["pooled"] = [[c.name, c.between] for c in declared.pooled if isinstance(c, PooledCoordinate)]
    else:
        record["scale"] = getattr(declared, "scale", None)
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _parameter(p: Parameter) -> list[Any]:
    return [p.name, p.prior.positive, p.prior.lowest, p.between, p.pooling]


def _sources(declared: type[Declared]) -> Iterator[tuple[str, str]]:
    """The tokens of each formula and of whatever it uses from the class or from its module, by name."""
    waiting = [(name, _unwrapped(_own(declared, name))) for name in FORMULAS]
    seen: set[str] = set()
    while waiting:
        name, used = waiting.pop(0)
        if name in seen:
            continue
        if isinstance(used, FunctionType):
            seen.add(name)
            yield name, _tokens(used)
            for word in _words(used.__code__):
                waiting.append((word, _unwrapped(_own(declared, word))))
                there = _unwrapped(used.__globals__.get(word))
                if not isinstance(there, FunctionType) or there.__module__ == declared.__module__:
                    waiting.append((f"module {word}", there))
        elif isinstance(used, bool | int | float | str | tuple):
            seen.add(name)
            yield name, repr(used)


def _own(declared: type[Declared], name: str) -> Any:
    """What the class, or an abstract base of a user's, says of a name; fields are recorded as what they declare."""
    if name in {*(p.name for p in declared.parameters), *(a.name for a in declared.anchors)}:
        return None
    for base in declared.__mro__:
        ours = base in (object, ABC, Declared) or Declared in base.__bases__
        if name in vars(base) and not ours:
            return vars(base)[name]
    return None


def _unwrapped(value: Any) -> Any:
    """The function behind a static method, a class method, a property or a decorator such as jax.jit."""
    if isinstance(value, cached_property):
        value = value.func
    value = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    return inspect.unwrap(value) if callable(value) else value


def _words(code: CodeType) -> list[str]:
    """Names of globals and attributes that a function uses, also in the functions inside it."""
    inner = [word for constant in code.co_consts if isinstance(constant, CodeType) for word in _words(constant)]
    return list(dict.fromkeys([*code.co_names, *inner]))


def _tokens(function: FunctionType) -> str:
    """The code of a function without comments, docstring and layout; its compiled form if there is no source."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # defined in an interactive session
        return _compiled(function.__code__, function.__doc__)
    kept: list[str] = []
    starts, text = True, False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL):
            continue
        text = (starts and token.type == tokenize.STRING) or (text and token.type == tokenize.NEWLINE)
        if not text:
            kept.append(_LAYOUT.get(token.type, token.string))
        starts = token.type in _LAYOUT
    return " ".join(kept)


def _compiled(code: CodeType, doc: str | None) -> str:
    constants = [c if isinstance(c, CodeType) else repr(c) for c in code.co_consts if c != doc]
    inside = [_compiled(c, None) if isinstance(c, CodeType) else c for c in constants]
    return " ".join([code.co_code.hex(), *code.co_names, *inside])
