"""What a table must have: loss and two of size, tokens and compute, or what another law takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from bayescale.data.columns import listed
from bayescale.data.constants import CONSTANTS
from bayescale.data.headings import as_name, in_units, loss_unit_of
from bayescale.data.schema import ALIASES, DESIGN_COLUMNS, RESPONSES, Column
from bayescale.language.errors import DataError
from bayescale.language.hints import nearest

if TYPE_CHECKING:
    from bayescale.laws import Law

# What a table can be read without, and what its intervals depend on.
GROUPING = ("family", "run")


def require(
    found: Mapping[str, str],
    header: Sequence[str],
    *,
    name: str,
    known: Mapping[str, Column],
    declined: Collection[str],
    law: type[Law] | None,
) -> set[str]:
    """Refuse a source without the columns that a fit needs.

    Args:
        found: canonical name to source column.
        header: the source's column names.
        name: the source's name, for messages.
        known: the canonical columns.
        declined: the columns that the caller leaves out.
        law: what is to be fitted, or None where that is not known: then a table of another response than the loss, or
            of a single input, is one too, unless the header seems to offer what the usual table has.

    Returns:
        the columns without which it could not be read.

    Raises:
        DataError: with what is missing and how to say which column it is.
    """
    if law is not None and not is_usual(law):
        return _require_for(law, found, header, name, declined)
    design = [canonical for canonical in DESIGN_COLUMNS if canonical in found]
    absent = [canonical for canonical in DESIGN_COLUMNS if canonical not in found]
    lacking = (absent if len(design) < 2 else []) + ["loss"] * ("loss" not in found)
    other = law is None and _is_readable(found, known)
    if lacking and not (other and not [one for one in lacking if one not in declined and _offered(one, found, header)]):
        raise DataError(_usual_lack(found, header, name, design, absent, other, declined))
    if lacking:
        return {canonical for canonical in found if canonical in (*DESIGN_COLUMNS, *RESPONSES)}
    # With params and tokens there, compute can be computed as well as read.
    return {"params", "tokens", "loss", *(() if {"params", "tokens"} <= set(found) else ("compute",))}


def is_usual(law: type[Law]) -> bool:
    """Whether the usual table is what a law needs."""
    inputs = set(law.inputs())
    return law.response.name == "loss" and len(inputs) > 1 and inputs <= set(DESIGN_COLUMNS)


def _is_readable(found: Mapping[str, str], known: Mapping[str, Column]) -> bool:
    """Whether there are a response and an input."""
    numbers = [name for name in found if known[name].kind == "number" and not name.endswith("_se")]
    return len(numbers) > 1 and any(name in RESPONSES for name in numbers)


def _usual_lack(
    found: Mapping[str, str],
    header: Sequence[str],
    name: str,
    design: list[str],
    absent: list[str],
    other: bool,
    declined: Collection[str],
) -> str:
    """Say what the usual table lacks."""
    wants, lacks = [], []
    if len(design) < 2:
        has = f"has only {design[0]}" if design else "has none of them"
        lacks.append(f"needs two of {', '.join(DESIGN_COLUMNS)} and {has}")
        # Suggest what the header seems to offer; failing that, the first ones that would do.
        offered = [canonical for canonical in absent if _offered(canonical, found, header)]
        wants += (offered + [canonical for canonical in absent if canonical not in offered])[: 2 - len(design)]
    if "loss" not in found:
        lacks.append("has no column 'loss'" if not lacks else "no column 'loss'")
        wants.append("loss")
    without = " or, for a table of something else, columns={'loss': None}" if other and wants == ["loss"] else ""
    return f"{name} {' and '.join(lacks)} ({listed(header)}): {_remedy(wants, found, header, declined)}{without}."


def _require_for(
    law: type[Law], found: Mapping[str, str], header: Sequence[str], name: str, declined: Collection[str]
) -> set[str]:
    """Refuse a source that lacks a column of a law's, which cannot be computed either."""
    needed = {*law.inputs(), law.response.name}
    design = {canonical for canonical in DESIGN_COLUMNS if canonical in found}
    missing = [one for one in (*law.inputs(), law.response.name) if one not in found]
    missing = [one for one in missing if one not in DESIGN_COLUMNS or len(design) < 2]
    if missing:
        lacks = f"lacks {', '.join(missing[:-1])}{' and ' * (len(missing) > 1)}{missing[-1]}"
        raise DataError(
            f"{name} {lacks}, which the law {law.name!r} takes ({listed(header)}): "
            f"{_remedy(missing, found, header, declined)}."
        )
    return needed | (design if not needed & set(DESIGN_COLUMNS) <= design else set())


def _remedy(
    wants: Sequence[str], found: Mapping[str, str], header: Sequence[str], declined: Collection[str] = ()
) -> str:
    """The whole mapping that such a header asks for: also who is of one family or run, and units by their names."""
    columns = {want: _offered(want, found, header) for want in wants}
    taken = {**found, **{want: column for want, column in columns.items() if column}}
    grouping = {name: _alias(name, taken, header) for name in GROUPING if name not in found and name not in declined}
    unnamed = "<column or number>"
    said = {name: in_units(name, column) if column else "<column>" for name, column in columns.items()}
    said |= {name: unnamed for name in CONSTANTS if said.get(name) == "<column>"}
    said |= {name: column for name, column in grouping.items() if column}
    unit = loss_unit_of(columns.get("loss") or found.get("loss") or "")
    return f"say which with columns={said}" + (f" and {unit}" if unit else "")


def _offered(canonical: str, found: Mapping[str, str], header: Sequence[str]) -> str | None:
    """Return the column of the header that looks most like a canonical one."""
    free = {as_name(column): column for column in header if column and column not in found.values()}
    return _alias(canonical, found, header) or nearest(canonical, free.values())


def _alias(canonical: str, found: Mapping[str, str], header: Sequence[str]) -> str | None:
    """Return the column of the header that is usually called so."""
    free = {as_name(column): column for column in header if column and column not in found.values()}
    usual = map(as_name, (canonical, *ALIASES.get(canonical, ())))
    return next((free[alias] for alias in usual if alias in free), None)
