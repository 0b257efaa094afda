"""The words that fields are declared with: parameters, anchors, derived quantities, pooled coordinates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
        at: names of the anchors at which it is the quantity described, none for a parameter that knows no anchor.
    """

    name: str
    doc: str
    prior: Prior
    unit: str = ""
    symbol: str = ""
    between: float = 0.3
    pooling: str | None = None
    at: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """Its meaning with its anchors, "loss from finite size at N0"."""
        return f"{self.doc} at {' and '.join(self.at)}" if self.at else self.doc

    @property
    def textbook_meaning(self) -> str:
        """Its meaning in the form with anchors at 1, "loss from finite size at N0 = 1"."""
        return f"{self.doc} at {' and '.join(f'{name} = 1' for name in self.at)}" if self.at else self.doc


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
    at: str | tuple[str, ...] = (),
) -> Any:
    """Declare a parameter; see :class:`Parameter` for the arguments.

    A parameter that depends on where an input is measured from says so with ``at``, the name of the anchor:
    ``parameter("loss from finite size", at="N0", ...)``. Its prior holds at that anchor.

    Raises:
        LawError: a missing description, something that is no prior, or an unknown pooling.
    """
    if not isinstance(doc, str) or not doc.strip():
        raise LawError("parameter(...) needs a description in words as its first argument.")
    if not isinstance(prior, Prior):
        raise LawError(f"parameter({doc!r}) needs prior=LogNormal(...) or another Prior, got {prior!r}.")
    if pooling not in (None, "complete"):
        raise LawError(f"parameter({doc!r}): pooling must be None or 'complete', got {pooling!r}.")
    anchors = (at,) if isinstance(at, str) else tuple(at)
    declared = Parameter("", doc, prior, unit, symbol or "", between, pooling, anchors)
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
