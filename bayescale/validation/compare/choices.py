"""What is compared: laws, and choices of analysis for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from bayescale.data import Runs
from bayescale.data.model_error import compute_of_rows
from bayescale.language.errors import LawError, SettingsError
from bayescale.laws import Law, find_law
from bayescale.models import Noise, find_noise
from bayescale.models.layout import require_columns

_FORM = re.compile(r"\s*(\w+)\s*([<>])\s*(\S+)\s*")


@dataclass(frozen=True)
class Drop:
    """A rule for runs that are not fitted, such as ``"tokens_per_param < 5"``.

    Args:
        column: a number of the table, ``tokens_per_param`` or ``compute``.
        sign: ``"<"`` or ``">"``.
        bound: in the unit of the column.
    """

    column: str
    sign: str
    bound: float

    @staticmethod
    def of(rule: str | Drop) -> Drop:
        """The rule that words say.

        Raises:
            SettingsError: words of another form.
        """
        if isinstance(rule, Drop):
            return rule
        found = _FORM.fullmatch(rule) if isinstance(rule, str) else None
        try:
            return Drop(found[1], found[2], float(found[3]))  # type: ignore[index]
        except (TypeError, ValueError):
            raise SettingsError(
                f"A rule for dropped runs is 'NAME < NUMBER' or 'NAME > NUMBER', such as 'tokens_per_param < 5', got "
                f"{rule!r}."
            ) from None

    def kept(self, runs: Runs) -> np.ndarray:
        """Mask of the rows that stay.

        Raises:
            SettingsError: the table has no such numbers.
        """
        table = runs.table
        if self.column == "tokens_per_param" and {"params", "tokens"} <= set(table):
            values = (table["tokens"] / table["params"]).to_numpy(float)
        elif self.column == "compute" and {"params", "tokens"} <= set(table):
            values = compute_of_rows(table)
        elif self.column in table and table[self.column].dtype.kind == "f":
            values = table[self.column].to_numpy(float)
        else:
            names = [str(name) for name in table if table[name].dtype.kind == "f"]
            raise SettingsError(
                f"Runs cannot be dropped by {self.column!r}: the table has {', '.join(names)}, and tokens_per_param "
                "where it has params and tokens."
            )
        return ~(values < self.bound if self.sign == "<" else values > self.bound)

    def __str__(self) -> str:
        return f"{self.column} {self.sign} {self.bound:g}"


@dataclass(frozen=True)
class Choice:
    """A law with one way to analyse the runs.

    Args:
        label: a name that no other choice of a comparison has: the law, and what varies beside it.
        law: the law.
        noise: its name.
        noise_class: what fits take.
        drop: the rule for runs that are not fitted, or None.
        model_error: per square root of a decade; see :meth:`bayescale.Runs.with_model_error`.
    """

    label: str
    law: type[Law]
    noise: str
    noise_class: type[Noise]
    drop: Drop | None
    model_error: float

    def kept(self, runs: Runs) -> np.ndarray:
        """Mask of the rows that may be fitted."""
        return np.ones(len(runs), bool) if self.drop is None else self.drop.kept(runs)


def choices_of(
    laws: Sequence[str | type[Law]],
    runs: Runs,
    noises: Sequence[str | type[Noise]],
    drops: Sequence[str | Drop | None],
    model_errors: Sequence[float],
) -> tuple[Choice, ...]:
    """Every law with every noise, rule and model error.

    Raises:
        SettingsError: nothing to compare, or the same thing twice.
        LawError: laws of different responses.
        DataError: a column that a law needs is not in the table.
    """
    for name, given in (("laws", laws), ("noises", noises), ("drops", drops), ("model_errors", model_errors)):
        if isinstance(given, str) or not len(given):
            raise SettingsError(f"{name} must be a list with at least one entry, got {given!r}.")
    found = [find_law(law) for law in laws]
    for law in found:
        if law.response.name != found[0].response.name:
            raise LawError(
                f"Laws are compared by one response: {found[0].name!r} predicts {found[0].response.label}, "
                f"{law.name!r} {law.response.label}."
            )
        require_columns(law, runs)
    made = []
    for law, noise, rule, error in product(found, noises, drops, model_errors):
        kind, drop = find_noise(noise), None if rule is None else Drop.of(rule)
        words = [law.name] + ([kind.name] if len(noises) > 1 else [])
        words += [f"without {drop}" if drop else "all runs"] if len(drops) > 1 else []
        words += [f"model error {error:g}"] if len(model_errors) > 1 else []
        made.append(Choice(", ".join(words), law, kind.name, kind, drop, float(error)))
    labels = [choice.label for choice in made]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise SettingsError(f"{twice[0]!r} is compared with itself; name every law, noise and rule once.")
    if len(made) < 2:
        raise SettingsError("A comparison takes at least two laws, or one with several noises, drops or model errors.")
    return tuple(made)
