"""A law or a fit seen with parameters counted in another way."""

from __future__ import annotations

import dataclasses
import inspect
import types
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints, overload

from bayescale.costs import Embeddings, ShapeFamily, SixND
from bayescale.data import Runs
from bayescale.inference.fit import Fit
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import PARAMS
from bayescale.laws import Law

type Shapes = ShapeFamily | Embeddings


@dataclass(frozen=True, eq=False, repr=False)
class ConvertedFit(Fit):
    """A fit whose law takes parameters in another convention; made by :func:`convert`.

    The draws are those of ``source``, and so are the checks. Its law's anchors and coefficients keep the convention of
    ``source``; only what goes in and comes out is converted.

    Args:
        source: the fit that was made.
    """

    source: Fit = dataclasses.field(kw_only=True)

    @property
    def measured_checks(self) -> Any:
        """The checks of the fit that was made."""
        return self.source.measured_checks

    def save(self, path: Any) -> None:
        """Refuse: a file has no place for shapes.

        Raises:
            SettingsError: always, with what to do.
        """
        raise SettingsError(
            "A converted fit is a view of a fit and is not saved; save the fit that it was made from, and convert "
            "what load returns."
        )


@overload
def convert(fit: Fit, *, params_from: str, params_to: str, shapes: Shapes) -> ConvertedFit: ...
@overload
def convert(fit: Law, *, params_from: str, params_to: str, shapes: Shapes) -> Law: ...
def convert(fit: Fit | Law, *, params_from: str, params_to: str, shapes: Shapes) -> ConvertedFit | Law:
    """See a law, or every draw of a fit, with parameters counted in another way.

    What comes back predicts the same loss of the same model, and can be asked like any other fit or law: its size is
    given, and planned, in the new convention, its tokens are the same. Budgets in 6ND become those of the new count, so
    a plan differs: small models are mostly embeddings.

    Args:
        fit: a fit, or a law at parameter values.
        params_from: how it counts parameters: ``"total"``, ``"non_embedding"`` or ``"active"``; for a fit, as its table
            says.
        params_to: how they are to be counted.
        shapes: what ties the two: a :class:`~bayescale.costs.ShapeFamily`, or :class:`~bayescale.costs.Embeddings`.

    Returns:
        a fit or a law like the one given. Of a fit, the table is converted too; its compute is counted anew where it is
        6ND by construction, and kept where the source gave it.

    Raises:
        SettingsError: the fit's table counts otherwise than ``params_from``, or shapes that cannot convert it.
        LawError: a law that takes no params.

    References:
        pearce2024reconciling

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["besiroglu2024chinchilla"]
        >>> seen = convert(law, params_from="total", params_to="non_embedding", shapes=Embeddings(47_491))
        >>> total = 1e6 + 47_491 * 1e6 ** (1 / 3)
        >>> round(float(seen.at(params=1e6, tokens=1e9) / law.at(params=total, tokens=1e9)), 6)
        1.0
    """
    if not isinstance(shapes, ShapeFamily | Embeddings):
        raise SettingsError(f"shapes must be a costs.ShapeFamily or costs.Embeddings, got {shapes!r}.")
    shapes.convert(1.0, source=params_from, target=params_to)
    if isinstance(fit, Law):
        values = {field.name: getattr(fit, field.name) for field in dataclasses.fields(fit)}  # type: ignore[arg-type]
        return _seen(type(fit), params_from, params_to, shapes)(**values)  # type: ignore[arg-type]  # has a hash
    if fit.runs.params_convention != params_from:
        raise SettingsError(
            f"The fit's table counts parameters as {fit.runs.params_convention!r}, got params_from={params_from!r}; "
            "give the table's, or read it again with the params_convention that it has."
        )
    parts = {field.name: getattr(fit, field.name) for field in dataclasses.fields(Fit)}
    law = _seen(fit.law, params_from, params_to, shapes)  # type: ignore[arg-type]
    parts["model"] = dataclasses.replace(fit.model, law=law)
    parts["runs"] = _runs(fit.runs, params_to, shapes)
    return ConvertedFit(**parts, source=fit)


def _runs(runs: Runs, params_to: str, shapes: Shapes) -> Runs:
    """The table with its parameters converted."""
    table = runs.to_frame()
    table["params"] = shapes.convert(table["params"].to_numpy(float), source=runs.params_convention, target=params_to)
    if runs.compute_convention == SixND.name:
        table["compute"] = SixND()(table["params"], table["tokens"])
    return dataclasses.replace(runs, table=table, params_convention=params_to)


@cache
def _seen(law: type[Law], params_from: str, params_to: str, shapes: Shapes) -> type[Law]:
    """The law as a formula of parameters in another convention; one class for equal arguments, so compiled once.

    Its optimum, derived quantities and published values are left out: they are those of the law as it was.
    """
    sizes = [argument for argument, quantity in law.arguments.items() if quantity == PARAMS]
    if not sizes:
        raise LawError(f"The law {law.name!r} takes {', '.join(law.inputs())} and no params: there is none to convert.")
    (size,), fields = sizes, dataclasses.fields(law)  # type: ignore[arg-type]

    def original(seen: Law) -> Law:
        return law(**{field.name: getattr(seen, field.name) for field in fields})

    def formula(self: Law, *args: Any, **kwargs: Any) -> Any:
        inputs = dict(zip(law.arguments, args, strict=False)) | kwargs
        inputs[size] = shapes.convert(inputs[size], source=params_to, target=params_from)
        return original(self)(**inputs)

    def textbook(self: Law) -> Any:
        inner = original(self).textbook()
        return self.replace(**{field.name: getattr(inner, field.name) for field in fields})

    # A law is defined by its signature, its fields and its coordinates.
    formula.__signature__ = inspect.signature(law.__call__)  # type: ignore[attr-defined]
    formula.__annotations__ = get_type_hints(law.__call__, include_extras=True)
    body: dict[str, Any] = {
        "__doc__": f"{inspect.getdoc(law)}\n\nSeen with {params_to} parameters; its own are {params_from}.",
        "__annotations__": {field.name: field.type for field in fields},
        "__call__": formula,
        "name": law.name if params_from == params_to else f"{law.name} ({params_to})",
        "cites": law.cites,
    }
    body |= {
        field.name: dataclasses.field(default=field.default, kw_only=field.kw_only, metadata=field.metadata)
        for field in fields
    }
    if law.has_textbook():
        body["textbook"] = textbook
    if law.pooled:
        body |= {"pooled": law.pooled, "pool": staticmethod(law.pool), "unpool": staticmethod(law.unpool)}
    return types.new_class(law.__name__, (Law,), {}, lambda namespace: namespace.update(body))
