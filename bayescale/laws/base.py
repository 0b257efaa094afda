"""The base of every scaling law: a declared formula for one run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, get_type_hints

from bayescale.costs import Cost
from bayescale.language.declare import PooledCoordinate
from bayescale.language.declared import Declared
from bayescale.language.errors import LawError
from bayescale.language.quantities import Quantity, quantity_of

# What a law's page says in words, by the name of the class variable.
PAGE = {
    "claims": "Claims",
    "valid": "Valid for",
    "needs": "A design needs",
    "unidentified": "Usually not identified",
}
# Why a variant that no paper has is without published values.
OWN_FORM = "A form of this package: we know of no paper that prints values of it."


class Law(Declared, abstract=True):
    """A law is a class: its fields are parameters, ``__call__`` is the formula for one run, ``cites`` its sources.

    An instance is the law at parameter values; a batch of instances is a posterior. What its page says is text of the
    class: ``claims``, what it claims; ``valid``, its range of validity; ``needs``, what a design must contain;
    ``unidentified``, what data usually do not identify; ``unpublished``, why ``published`` has no instance, where it
    has none. A subclass is checked when it is defined: it needs a docstring, at least one parameter, and an annotated
    ``__call__`` whose arguments and return value carry quantities, for example
    ``def __call__(self, N: Size, D: Tokens) -> Loss``. A law is final: another formula is another class of ``Law``, and
    what several share is an abstract base without parameters.

    Raises:
        LawError: when the class statement is executed and something is missing.
    """

    cites: ClassVar[tuple[str, ...]] = ()
    # Words for the law's page; a user's law may leave them empty.
    claims: ClassVar[str] = ""
    valid: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    unidentified: ClassVar[str] = ""
    unpublished: ClassVar[str] = ""
    published: ClassVar[Mapping[str, Law]] = MappingProxyType({})
    arguments: ClassVar[Mapping[str, Quantity]]
    response: ClassVar[Quantity]

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(abstract=abstract, **kwargs)
        if abstract:
            return
        if not cls.parameters:
            raise LawError(f"{cls.__name__} has no parameters; declare them as fields with parameter(...).")
        if "__call__" not in vars(cls):
            raise LawError(f"{cls.__name__} has no formula; define __call__(self, N: Size, ...) -> Loss.")
        cls.arguments, cls.response = _signature(cls)
        for declared in cls.anchors:
            if declared.argument not in cls.arguments:
                raise LawError(
                    f"{cls.__name__}.{declared.name} anchors {declared.argument!r}, which __call__ does not take; "
                    f"its arguments are {', '.join(cls.arguments)}."
                )
        if isinstance(cls.cites, str):
            raise LawError(f"{cls.__name__}.cites must be a tuple of BibTeX keys, got the text {cls.cites!r}.")
        for page in (*PAGE, "unpublished"):
            if not isinstance(getattr(cls, page), str):
                raise LawError(f"{cls.__name__}.{page} must be text for the law's page, got {getattr(cls, page)!r}.")
        _check_coordinates(cls)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The formula for one run."""
        raise LawError(f"{type(self).__name__} has no formula; define __call__(self, N: Size, ...) -> Loss.")

    @classmethod
    def inputs(cls) -> tuple[str, ...]:
        """The canonical columns that a table must have for this law, in the order of the formula's arguments."""
        return tuple(quantity.name for quantity in cls.arguments.values())

    def at(self, **columns: Any) -> Any:
        """Evaluate the formula on canonical columns, ``law.at(params=70e9, tokens=1.4e12)``; others are left alone.

        Raises:
            LawError: a column that the formula needs is missing.
        """
        if missing := [name for name in self.inputs() if name not in columns]:
            raise LawError(
                f"The law {self.name!r} needs {' and '.join(missing)}, got {', '.join(columns) or 'nothing'}; "
                f"write law.at({', '.join(f'{name}=...' for name in self.inputs())})."
            )
        return self(**{argument: columns[quantity.name] for argument, quantity in self.arguments.items()})

    def textbook(self) -> Any:
        """The same law in the parametrisation that papers print, with all anchors at 1; by default itself."""
        return self

    @classmethod
    def has_textbook(cls) -> bool:
        """Whether papers print another form than the anchored one: fits then print that form."""
        return cls.textbook is not Law.textbook

    # Optional: coordinates in which families scatter around the population when all parameters are partially pooled on
    # the log scale. ``pool`` maps the logs of the parameters, in order of declaration, to these coordinates and
    # ``unpool`` back. What the sampler relies on, and :func:`bayescale.laws.pooled.check_pooled` verifies:
    #   1. there are as many coordinates as parameters, each with a name of its own;
    #   2. unpool(pool(logs)) = logs, both finite wherever the prior has mass;
    #   3. both have a Jacobian determinant of 1 or -1, since the density is written in either as if they were one;
    #   4. the first coordinate is the level: adding d to it alone adds d to the log of the loss, at every input.
    pooled: ClassVar[tuple[PooledCoordinate, ...]] = ()

    @staticmethod
    def pool(logs: Any) -> Any:
        """Logs of the parameters to the coordinates named in ``pooled``; by default the logs themselves."""
        return logs

    @staticmethod
    def unpool(coordinates: Any) -> Any:
        """Inverse of :meth:`pool`."""
        return coordinates

    @classmethod
    def published_starts(cls, anchors: Mapping[str, float]) -> Any:
        """The starts of a point fit that the authors published: an instance at these anchors whose parameters are flat
        arrays, or None where there are none."""
        return None

    @staticmethod
    def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Optional: logs of the parameters to coordinates which the data at the anchors determine one by one.

        The instant engine proposes in them, so the closer to normal a posterior is in them the better: the level of
        the loss and its slopes at the centre of the design, then the exponents. Arrays of NumPy or JAX, same shape.
        """
        return logs

    @staticmethod
    def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        """Inverse of :meth:`straighten`, and the log of its Jacobian determinant; NaN where there is no such law."""
        return coordinates, 0.0

    @classmethod
    def moved(cls, logs: tuple[Any, ...], by: Mapping[str, float]) -> tuple[Any, ...]:
        """Optional: logs of the parameters of the same curve, or nearly, at other anchors; by default the same logs.

        The instant engine has its coordinates where a table says most, which need not be at the anchors. Whatever this
        does must be undone by the opposite moves and have a Jacobian determinant of 1.

        Args:
            logs: of the parameters, in order of declaration; arrays of NumPy or JAX, same shape.
            by: log of the anchor that they hold at over the one that is asked for, by name of the anchor.
        """
        return logs

    # Whether unstraighten has a value for all coordinates: NUTS then moves in them too, if the table is one family.
    straight_everywhere: ClassVar[bool] = False

    # From how many points, drawn from the priors, the engines look for modes; 0 where one fit of the curve from the
    # priors' centre finds the only one.
    starts: ClassVar[int] = 0

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """Closed-form compute-optimal (params, tokens) at ``compute`` FLOP, or None where there is none."""
        return None


def _signature(cls: type[Law]) -> tuple[Mapping[str, Quantity], Quantity]:
    """Read the quantities off the annotations of ``__call__``."""
    module = inspect.getmodule(cls)
    try:
        hints = get_type_hints(cls.__call__, globalns=vars(module) if module else None, include_extras=True)
    except NameError as error:
        raise LawError(f"{cls.__name__}.__call__: {error}; import the quantity from bayescale.language.") from None
    found: dict[str, Quantity] = {}
    for argument in list(inspect.signature(cls.__call__).parameters)[1:]:
        quantity = quantity_of(hints.get(argument))
        if quantity is None:
            raise LawError(
                f"{cls.__name__}.__call__: argument {argument!r} carries no quantity; annotate it, "
                f"for example {argument}: Size or {argument}: Tokens."
            )
        if quantity in found.values():
            raise LawError(
                f"{cls.__name__}.__call__: two arguments are {quantity.label} ({quantity.name}); "
                "a table has one column of it, so use one argument."
            )
        found[argument] = quantity
    response = quantity_of(hints.get("return"))
    if response is None:
        raise LawError(f"{cls.__name__}.__call__ does not say what it returns; annotate it, for example -> Loss.")
    return MappingProxyType(found), response


def _check_coordinates(cls: type[Law]) -> None:
    """The first rule of pooled coordinates, which needs no numbers."""
    names = [c.name if isinstance(c, PooledCoordinate) else None for c in cls.pooled]
    if names and (None in names or len(set(names)) != len(cls.parameters) or len(names) != len(cls.parameters)):
        raise LawError(
            f"{cls.__name__}.pooled must be {len(cls.parameters)} PooledCoordinate(...) with different names, one per "
            f"parameter; got {len(names)}{f' named {", ".join(map(str, names))}' if None not in names else ''}."
        )
    if not names and (cls.pool is not Law.pool or cls.unpool is not Law.unpool):
        raise LawError(f"{cls.__name__} has pool or unpool but names no coordinates; declare them as pooled = (...).")
