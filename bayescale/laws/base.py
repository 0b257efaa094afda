"""The base of every scaling law: a declared formula for one run."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, get_type_hints

from bayescale.costs import Cost
from bayescale.language.declare import Declared, PooledCoordinate
from bayescale.language.errors import LawError
from bayescale.language.quantities import Quantity, quantity_of


class Law(Declared, abstract=True):
    """A law is a class: its fields are parameters, ``__call__`` is the formula for one run, ``cites`` its sources.

    An instance is the law at parameter values; a batch of instances is a posterior. A subclass is checked when it is
    defined: it needs a docstring, at least one parameter, and an annotated ``__call__`` whose arguments and return
    value carry quantities, for example ``def __call__(self, N: Size, D: Tokens) -> Loss``.

    Raises:
        LawError: when the class statement is executed and something is missing.
    """

    name: ClassVar[str]
    cites: ClassVar[tuple[str, ...]] = ()
    published: ClassVar[Mapping[str, Law]] = MappingProxyType({})
    arguments: ClassVar[Mapping[str, Quantity]]
    response: ClassVar[Quantity]

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(abstract=abstract, **kwargs)
        if abstract:
            return
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The formula for one run."""
        raise LawError(f"{type(self).__name__} has no formula; define __call__(self, N: Size, ...) -> Loss.")

    @classmethod
    def inputs(cls) -> tuple[str, ...]:
        """The canonical columns that a table must have for this law, in the order of the formula's arguments."""
        return tuple(quantity.name for quantity in cls.arguments.values())

    def at(self, **columns: Any) -> Any:
        """Evaluate the formula on canonical columns, ``law.at(params=70e9, tokens=1.4e12)``."""
        return self(**{argument: columns[quantity.name] for argument, quantity in self.arguments.items()})

    def textbook(self) -> Any:
        """The same law in the parametrisation that papers print; by default itself."""
        return self

    # Optional: coordinates in which families scatter around the population when all parameters are partially pooled,
    # with pool(logs) and unpool(coordinates), a bijection whose Jacobian determinant is 1.
    pooled: ClassVar[tuple[PooledCoordinate, ...]] = ()

    @staticmethod
    def pool(logs: Any) -> Any:
        """Logs of the parameters to the coordinates named in ``pooled``; by default the logs themselves."""
        return logs

    @staticmethod
    def unpool(coordinates: Any) -> Any:
        """Inverse of :meth:`pool`."""
        return coordinates

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
        found[argument] = quantity
    response = quantity_of(hints.get("return"))
    if response is None:
        raise LawError(f"{cls.__name__}.__call__ does not say what it returns; annotate it, for example -> Loss.")
    return MappingProxyType(found), response
