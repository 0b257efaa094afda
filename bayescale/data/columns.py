"""Which column of the source is which canonical column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayescale.data.schema import Column
from bayescale.language.errors import DataError, SettingsError
from bayescale.language.hints import did_you_mean

LISTED_COLUMNS = 20


def map_columns(
    header: Sequence[str],
    *,
    columns: Mapping[str, str | None] | None,
    group: str | None,
    name: str,
    known: Mapping[str, Column],
) -> dict[str, str]:
    """Match canonical columns with the source's: those asked for, then those of the same name.

    Args:
        header: the source's column names.
        columns: canonical name to source column, or to None to leave the column out.
        group: the source column that names the family, or None for a ``family`` column if there is one.
        name: the source's name, for messages.
        known: the canonical columns, in their order.

    Returns:
        canonical name to source column, in canonical order.

    Raises:
        SettingsError: when the mapping itself makes no sense.
        DataError: when the source lacks a column.
    """
    asked = _asked(columns, group, known)
    for canonical, column in asked.items():
        if column is not None and column not in header:
            raise DataError(
                f"{name} has no column {column!r} for {canonical}{did_you_mean(column, header)} ({listed(header)})."
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
    for canonical in known:
        # A column that was asked for under another name is not also read under its own.
        if canonical not in asked and canonical in header and canonical not in taken:
            found[canonical] = canonical
    return {canonical: found[canonical] for canonical in known if canonical in found}


def _asked(
    columns: Mapping[str, str | None] | None, group: str | None, known: Mapping[str, Column]
) -> dict[str, str | None]:
    """Return the caller's mapping with the group in it."""
    if columns is not None and not isinstance(columns, Mapping):
        raise SettingsError(f"columns must map canonical names to source columns, got {type(columns).__name__}.")
    asked = dict(columns or {})
    for canonical, column in asked.items():
        if canonical not in known:
            if column in known:
                remedy = f": write columns={{{column!r}: {canonical!r}}}, the canonical name first"
            else:
                remedy = f"{did_you_mean(str(canonical), known)} ({', '.join(known)})"
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


def listed(header: Sequence[str]) -> str:
    """Return the header as words, cut where it is long."""
    shown = [column or "<unnamed>" for column in header[:LISTED_COLUMNS]]
    more = f", and {len(header) - LISTED_COLUMNS} more" if len(header) > LISTED_COLUMNS else ""
    return f"its columns: {', '.join(shown)}{more}"
