"""Declarations: a class whose annotated fields are parameters becomes a frozen, documented JAX pytree."""

from __future__ import annotations

import dataclasses
import inspect
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import jax

from bayescale.language.declare import Anchor, Parameter, default_symbol, derived
from bayescale.language.errors import LawError


class Declared:
    """Base of laws and noises: checks a subclass when it is defined and makes it a frozen pytree.

    A subclass is abstract (``class Base(Law, abstract=True)``, with methods but no fields) or final: what a law says
    of itself, its optimum, pooled coordinates, published values and citations, need not hold for a law derived from it.
    """

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    anchors: ClassVar[tuple[Anchor, ...]] = ()
    derived_quantities: ClassVar[tuple[derived, ...]] = ()

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        _refuse_final_bases(cls)
        bare = {name for name, value in vars(cls).items() if isinstance(value, dataclasses.Field)}
        if abstract:
            if bare:
                raise LawError(
                    f"{cls.__name__} is abstract and declares {min(bare)!r}; "
                    "declare parameters and anchors in the classes that extend it."
                )
            return
        if not (cls.__doc__ or "").strip():
            raise LawError(f"{cls.__name__} needs a docstring: its first line is the description in the catalogue.")
        if missing := sorted(bare - set(inspect.get_annotations(cls))):
            raise LawError(
                f"{cls.__name__}.{missing[0]} has no type annotation; write {missing[0]}: Array = parameter(...), "
                "or float for an anchor."
            )
        _refuse_taken_names(cls, bare)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        if not isinstance(cls.name, str) or not cls.name:
            raise LawError(f"{cls.__name__}.name must be text, the name in tables and files, got {cls.name!r}.")
        dataclasses.dataclass(frozen=True, eq=False, repr=False)(cls)
        cls.parameters, cls.anchors = _declared_fields(cls)
        cls.derived_quantities = tuple(
            value for base in reversed(cls.__mro__) for value in vars(base).values() if isinstance(value, derived)
        )
        names = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
        jax.tree_util.register_dataclass(cls, data_fields=names, meta_fields=[])

    def replace(self, **changes: Any) -> Any:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters by name."""
        return {p.name: getattr(self, p.name) for p in self.parameters}

    def __repr__(self) -> str:
        shown = [f.name for f in dataclasses.fields(self)]  # type: ignore[arg-type]
        inside = ", ".join(f"{name}={_short(getattr(self, name))}" for name in shown)
        return f"{type(self).__name__}({inside})"


def _short(value: Any) -> str:
    shape = getattr(value, "shape", ())
    if shape:
        return f"array{tuple(shape)}"
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return str(value)


def _refuse_final_bases(cls: type[Declared]) -> None:
    """A class with fields is final."""
    for base in cls.__bases__:
        if issubclass(base, Declared) and dataclasses.is_dataclass(base):
            root = _root(base)
            raise LawError(
                f"{cls.__name__} extends {base.__name__}, which is final: what {base.__name__} says of itself need not "
                f"hold for another formula. Write class {cls.__name__}({root}) with fields and __call__ of its own; "
                f"methods that both need go into class Base({root}, abstract=True)."
            )


def _root(cls: type[Declared]) -> str:
    """The name of what a class is: Law or Noise."""
    return [base.__name__ for base in cls.__mro__ if issubclass(base, Declared) and base is not Declared][-1]


def _refuse_taken_names(cls: type[Declared], fields: set[str]) -> None:
    """A field or derived quantity must not hide what every law or noise has."""
    declared = fields | {name for name, value in vars(cls).items() if isinstance(value, derived)}
    for base in cls.__mro__[1:]:
        if taken := sorted(declared & (set(vars(base)) | set(inspect.get_annotations(base)))):
            owner = _root(cls) if base is Declared else base.__name__
            raise LawError(
                f"{cls.__name__} declares {taken[0]!r}, which {owner} already has; "
                "give the parameter, anchor or derived quantity another name."
            )


def _declared_fields(cls: type[Declared]) -> tuple[tuple[Parameter, ...], tuple[Anchor, ...]]:
    """Parameters and anchors, with their names and symbols."""
    found: dict[type, list[Any]] = {Parameter: [], Anchor: []}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        declared = field.metadata.get("declared")
        if declared is None:
            raise LawError(
                f"{cls.__name__}.{field.name} is not declared; "
                f"write {field.name}: Array = parameter('what it means', prior=...) or anchor('N')."
            )
        symbol = declared.symbol or default_symbol(field.name)
        found[type(declared)].append(dataclasses.replace(declared, name=field.name, symbol=symbol))
    anchors = [a.name for a in found[Anchor]]
    for declared in found[Parameter]:
        if unknown := [name for name in declared.at if name not in anchors]:
            raise LawError(
                f"{cls.__name__}.{declared.name} is declared at {unknown[0]!r}, which is no anchor of it; "
                f"its anchors are {', '.join(anchors) or 'none'}."
            )
    return tuple(found[Parameter]), tuple(found[Anchor])
