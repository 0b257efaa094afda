"""Declarations: a class whose annotated fields are parameters becomes a frozen, documented JAX pytree."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import jax

from bayescale.language.errors import LawError
from bayescale.language.priors import Prior


@dataclass(frozen=True)
class Parameter:
    """What is declared about one parameter.

    Args:
        name: the field's name, which is also the posterior variable's.
        doc: its meaning in words.
        prior: its prior; with partial pooling, the prior of the population's location.
        unit: its unit, empty for a pure number.
        symbol: LaTeX of its symbol.
        between: scale of the half-normal prior of its between-family sd, on the unconstrained (log) scale.
        pooling: ``"complete"`` keeps it common to all families whatever the model's pooling is.
    """

    name: str
    doc: str
    prior: Prior
    unit: str = ""
    symbol: str = ""
    between: float = 0.3
    pooling: str | None = None


@dataclass(frozen=True)
class Anchor:
    """A reference point of an input: a constant set by the fit, not estimated."""

    name: str
    argument: str
    symbol: str


@dataclass(frozen=True)
class PooledCoordinate:
    """A coordinate in which families scatter around their population when all parameters of a law are pooled.

    Args:
        name: its name; its between-family sd is the posterior variable ``{name}_between``.
        doc: its meaning in words.
        between: scale of the half-normal prior of that sd.
    """

    name: str
    doc: str
    between: float


# fmt: off
_GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
))
# fmt: on


def default_symbol(name: str) -> str:
    """Return the LaTeX of a field name: Greek words become letters, what follows ``_`` a subscript.

    >>> default_symbol("alpha_N"), default_symbol("E")
    ('\\\\alpha_{N}', 'E')
    """
    head, _, tail = name.partition("_")
    head = f"\\{head}" if head.lower() in _GREEK else head
    return f"{head}_{{{tail}}}" if tail else head


def parameter(
    doc: str,
    *,
    prior: Prior,
    unit: str = "",
    symbol: str | None = None,
    between: float = 0.3,
    pooling: str | None = None,
) -> Any:
    """Declare a parameter; see :class:`Parameter` for the arguments.

    Raises:
        LawError: a missing description, something that is no prior, or an unknown pooling.
    """
    if not isinstance(doc, str) or not doc.strip():
        raise LawError("parameter(...) needs a description in words as its first argument.")
    if not isinstance(prior, Prior):
        raise LawError(f"parameter({doc!r}) needs prior=LogNormal(...) or another Prior, got {prior!r}.")
    if pooling not in (None, "complete"):
        raise LawError(f"parameter({doc!r}): pooling must be None or 'complete', got {pooling!r}.")
    declared = Parameter("", doc, prior, unit, symbol or "", between, pooling)
    return dataclasses.field(metadata={"declared": declared})


def anchor(argument: str, *, symbol: str | None = None) -> Any:
    """Declare the anchor of an argument of ``__call__``: 1 unless set, the geometric mean of the design in a fit."""
    declared = Anchor("", argument, symbol or "")
    # Given by name only, so that an anchor may be declared before a parameter, which has no default.
    return dataclasses.field(default=1.0, kw_only=True, metadata={"declared": declared})


class derived(property):
    """Mark a property as a derived quantity: a posterior column and a table row computed from the parameters."""

    def __init__(self, doc: str, *, unit: str = "", symbol: str | None = None):
        self.doc, self.unit, self.symbol = doc, unit, symbol or ""
        super().__init__()

    def __call__(self, function: Callable[[Any], Any]) -> derived:
        property.__init__(self, function, doc=self.doc)
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.symbol = self.symbol or default_symbol(name)


class Declared:
    """Base of laws, noises and effects: checks a subclass when it is defined and makes it a frozen pytree."""

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    anchors: ClassVar[tuple[Anchor, ...]] = ()
    derived_quantities: ClassVar[tuple[derived, ...]] = ()

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if abstract:
            return
        if not (cls.__doc__ or "").strip():
            raise LawError(f"{cls.__name__} needs a docstring: its first line is the description in the catalogue.")
        bare = {name for name, value in vars(cls).items() if isinstance(value, dataclasses.Field)}
        if missing := sorted(bare - set(inspect.get_annotations(cls))):
            raise LawError(
                f"{cls.__name__}.{missing[0]} has no type annotation; write {missing[0]}: Array = parameter(...), "
                "or float for an anchor."
            )
        dataclasses.dataclass(frozen=True, eq=False, repr=False)(cls)
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
        cls.parameters, cls.anchors = tuple(found[Parameter]), tuple(found[Anchor])
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
