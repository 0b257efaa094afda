"""Which column of the source is which canonical column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayescale.data.schema import ALIASES, COLUMNS, DESIGN_COLUMNS
from bayescale.language.errors import DataError, SettingsError
from bayescale.language.hints import did_you_mean, nearest

LISTED_COLUMNS = 20


def map_columns(
    header: Sequence[str], *, columns: Mapping[str, str | None] | None, group: str | None, name: str
) -> dict[str, str]:
    """Match canonical columns with the source's: those asked for, then those of the same name.

    Args:
        header: the source's column names.
        columns: canonical name to source column, or to None to leave the column out.
        group: the source column that names the family, or None for a ``family`` column if there is one.
        name: the source's name, for messages.

    Returns:
        canonical name to source column, in canonical order.

    Raises:
        SettingsError: when the mapping itself makes no sense.
        DataError: when the source lacks a column.
    """
    asked = _asked(columns, group)
    for canonical, column in asked.items():
        if column is not None and column not in header:
            raise DataError(
                f"{name} has no column {column!r} for {canonical}{did_you_mean(column, header)} ({_listed(header)})."
            )
    taken: dict[str, str] = {}
    for canonical, column in asked.items():
        if column in taken:
            raise SettingsError(
                f"column {column!r} cannot be both {taken[column]} and {canonical}: name one column each."
            )
        if column is not None:
            taken[column] = canonical
    found = {canonical: column for column, canonical in taken.items()}
    for canonical in COLUMNS:
        # A column that was asked for under another name is not also read under its own.
        if canonical not in asked and canonical in header and canonical not in taken:
            found[canonical] = canonical
    _require(found, header, name)
    return {canonical: found[canonical] for canonical in COLUMNS if canonical in found}


def _asked(columns: Mapping[str, str | None] | None, group: str | None) -> dict[str, str | None]:
    """Return the caller's mapping with the group in it."""
    if columns is not None and not isinstance(columns, Mapping):
        raise SettingsError(f"columns must map canonical names to source columns, got {type(columns).__name__}.")
    asked = dict(columns or {})
    for canonical, column in asked.items():
        if canonical not in COLUMNS:
            if column in COLUMNS:
                remedy = f": write columns={{{column!r}: {canonical!r}}}, the canonical name first"
            else:
                remedy = f"{did_you_mean(str(canonical), COLUMNS)} ({', '.join(COLUMNS)})"
            raise SettingsError(f"columns maps {canonical!r}, which is no canonical column{remedy}.")
        if column is not None and not isinstance(column, str):
            raise SettingsError(f"columns must map {canonical} to a column name or None, got {column!r}.")
    if group is not None:
        if not isinstance(group, str):
            raise SettingsError(f"group must be the name of one column, got {group!r}.")
        if asked.get("family", group) != group:
            raise SettingsError(f"group={group!r} and columns={{'family': {asked['family']!r}}} disagree: give one.")
        asked["family"] = group
    return asked


def _require(found: Mapping[str, str], header: Sequence[str], name: str) -> None:
    """Refuse a source without a loss or with fewer than two of params, tokens and compute."""
    design = [canonical for canonical in DESIGN_COLUMNS if canonical in found]
    absent = [canonical for canonical in DESIGN_COLUMNS if canonical not in found]
    wants, lacks = [], []
    if len(design) < 2:
        has = f"has only {design[0]}" if design else "has none of them"
        lacks.append(f"needs two of {', '.join(DESIGN_COLUMNS)} and {has}")
        # Suggest what the header seems to offer; failing that, the first ones that would do.
        offered = [canonical for canonical in absent if _suggestion(canonical, found, header)]
        wants += (offered + [canonical for canonical in absent if canonical not in offered])[: 2 - len(design)]
    if "loss" not in found:
        lacks.append("has no column 'loss'" if not lacks else "no column 'loss'")
        wants.append("loss")
    if lacks:
        example = ", ".join(f"{want!r}: {_suggestion(want, found, header) or '<column>'!r}" for want in wants)
        raise DataError(f"{name} {' and '.join(lacks)} ({_listed(header)}): say which with columns={{{example}}}.")


def _suggestion(canonical: str, found: Mapping[str, str], header: Sequence[str]) -> str | None:
    """Return the column of the header that looks most like a canonical one."""
    free = {column.lower(): column for column in header if column and column not in found.values()}
    for alias in (canonical, *ALIASES.get(canonical, ())):
        if alias in free:
            return free[alias]
    return nearest(canonical, free.values())


def _listed(header: Sequence[str]) -> str:
    """Return the header as words, cut where it is long."""
    shown = [column or "<unnamed>" for column in header[:LISTED_COLUMNS]]
    more = f", and {len(header) - LISTED_COLUMNS} more" if len(header) > LISTED_COLUMNS else ""
    return f"its columns: {', '.join(shown)}{more}"
