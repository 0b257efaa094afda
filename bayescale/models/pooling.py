"""Pooling: which parameters the families share, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayescale.language.errors import SettingsError

KINDS = ("complete", "partial", "none")


@dataclass(frozen=True)
class Pooling:
    """Pooling per parameter.

    Args:
        default: ``"complete"`` (one value for all families), ``"partial"`` (family values around a population, both
            learnt) or ``"none"`` (independent families).
        overrides: pairs of parameter name and kind for single parameters.
        correlated: whether the partially pooled parameters of a family are correlated in the population.
        concentration: of the LKJ prior on that correlation; 1 is uniform, larger values pull towards none.
    """

    default: str = "partial"
    overrides: tuple[tuple[str, str], ...] = ()
    correlated: bool = False
    concentration: float = 2.0

    def __post_init__(self) -> None:
        for kind in (self.default, *(kind for _, kind in self.overrides)):
            if kind not in KINDS:
                raise SettingsError(f"pooling must be one of {', '.join(KINDS)}, got {kind!r}.")
        if not self.concentration > 0:
            raise SettingsError(f"concentration must be positive, got {self.concentration!r}.")

    @classmethod
    def of(cls, pooling: str | Mapping[str, str] | Pooling | None, *, grouped: bool) -> Pooling:
        """Return the pooling that an argument means; None is partial for grouped tables and complete for others.

        Raises:
            SettingsError: an unknown kind, or partial pooling of a table without families.
        """
        if isinstance(pooling, Pooling):
            chosen = pooling
        elif isinstance(pooling, Mapping):
            rest = {name: kind for name, kind in pooling.items() if name != "default"}
            chosen = cls(pooling.get("default", "partial"), tuple(sorted(rest.items())))
        elif pooling is None:
            chosen = cls("partial" if grouped else "complete")
        elif isinstance(pooling, str):
            chosen = cls(pooling)
        else:
            raise SettingsError(
                f"pooling must be a name, a mapping of parameter to name, or a Pooling, got {type(pooling).__name__}."
            )
        if not grouped and (chosen.default != "complete" or chosen.overrides):
            raise SettingsError(
                f"pooling {chosen.default!r} needs families, and the table has none or only one; "
                "read it with group='...' or leave pooling out."
            )
        return chosen

    def kind(self, parameter: str) -> str:
        """The kind of pooling of one parameter."""
        return dict(self.overrides).get(parameter, self.default)
