"""Many tables as they are given, and those of them that can be fitted: a bad table gets a reason, never an abort."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bayescale.data import Runs
from bayescale.data.model_error import check_model_error
from bayescale.data.read import read_quietly, read_runs
from bayescale.data.schema import FEWEST_ROWS
from bayescale.inference.table import MAX_ROWS_OF_MANY
from bayescale.language.errors import BayescaleError, DataError, SettingsError
from bayescale.laws import Law
from bayescale.models.layout import require_columns
from bayescale.models.responses import responses


@dataclass(frozen=True, eq=False)
class Given:
    """One table of a batch.

    Args:
        label: its name, or its number.
        runs: the table; None where it cannot be fitted.
        reason: why it cannot; empty where it can.
    """

    label: str | int
    runs: Runs | None
    reason: str = ""


def gather(law: type[Law], tables: Any, read: Mapping[str, Any] | None, model_error: float | None) -> tuple[Given, ...]:
    """Label and check tables.

    Args:
        law: what is to be fitted.
        tables: a mapping of label to table, a sequence of tables, or runs whose families are the tables.
        read: arguments of :func:`bayescale.read_runs` for tables that are no runs yet.
        model_error: that every table is given, see :meth:`Runs.with_model_error`; None for none.

    Raises:
        SettingsError: no tables, two of one label, arguments that read_runs does not have, or no such error.
    """
    error = None if model_error is None else check_model_error(model_error)
    known = set(inspect.signature(read_runs).parameters) - {"source"}
    if unknown := sorted(set(read or {}) - known):
        raise SettingsError(f"read takes arguments of read_runs, {', '.join(sorted(known))}; got {unknown[0]!r}.")
    labelled = _labelled(tables)
    if not labelled:
        raise SettingsError("fit_many needs at least one table, got none.")
    return tuple(_given(law, label, table, dict(read or {}), error) for label, table in labelled)


def _labelled(tables: Any) -> list[tuple[str | int, Any]]:
    if isinstance(tables, Runs):
        return list(tables.by_family()) or [(0, tables)]
    if isinstance(tables, Mapping):
        labels = [str(label) for label in tables]
        if twice := sorted(label for label, times in Counter(labels).items() if times > 1):
            raise SettingsError(f"Two tables have the label {twice[0]!r}; labels are compared as text.")
        return list(zip(labels, tables.values(), strict=True))
    if isinstance(tables, str | Path | pd.DataFrame) or not isinstance(tables, Iterable):
        raise SettingsError(
            f"tables must be a mapping of label to table, a sequence of tables, or runs with families, got one "
            f"{type(tables).__name__}; read_runs(table, group=...) makes runs with families of it, and fit(...) is for "
            "a single table."
        )
    return list(enumerate(tables))


def _given(law: type[Law], label: str | int, table: Any, read: dict[str, Any], model_error: float | None) -> Given:
    if isinstance(table, BayescaleError):  # whoever read it says why there is none
        return Given(label, None, str(table))
    try:
        runs = table if isinstance(table, Runs) else read_quietly(table, **{"law": law, **read})
        require_columns(law, runs)
        runs = runs if model_error is None else runs.with_model_error(model_error)
        responses(law, runs, None)
        if len(runs.families) > 1:
            raise DataError(
                f"the table has {len(runs.families)} families, and each table gets one curve; give each family as a "
                "table of its own, as fit_many(law, read_runs(table)) does, or pool them with fit(law, runs)."
            )
        if len(runs) < FEWEST_ROWS:
            raise DataError(f"the table has {len(runs)} run(s): a fit needs at least {FEWEST_ROWS}.")
        if len(runs) > MAX_ROWS_OF_MANY:
            raise DataError(
                f"the table has {len(runs):,} rows, and up to {MAX_ROWS_OF_MANY:,} are fitted; keep every k-th."
            )
    except BayescaleError as error:
        return Given(label, None, str(error))
    except Exception as error:  # whatever a table can be: it is one of many, and the others are fitted
        what = f"expected runs, a DataFrame or the path of a file, got {type(table).__name__}"
        return Given(label, None, f"the table cannot be read: {type(error).__name__}: {error} ({what})")
    return Given(label, runs)
