"""The door: a table in, validated runs out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from bayescale.data.accounting import complete_design
from bayescale.data.columns import map_columns
from bayescale.data.opening import open_source
from bayescale.data.parsing import parse_table
from bayescale.data.runs import Runs
from bayescale.data.schema import COLUMNS, FEWEST_ROWS
from bayescale.data.suspicions import suspicions
from bayescale.data.units import check_unit, loss_column, to_nats
from bayescale.language.errors import DataError, SettingsError
from bayescale.language.quantities import PARAMS


def read_runs(
    source: str | os.PathLike | pd.DataFrame,
    columns: Mapping[str, str | None] | None = None,
    *,
    group: str | None = None,
    loss_unit: str = "nats/token",
    bytes_per_token: float | None = None,
    params_convention: str = "total",
    max_rows: int = 5_000_000,
) -> Runs:
    """Read a table of training runs, refusing what cannot be used and warning of what looks wrong.

    Args:
        source: a path to CSV, TSV or text (each also .gz; UTF-8) or Parquet, or a pandas DataFrame.
        columns: canonical name to source column, such as ``{"params": "n_params", "loss": "val_loss"}``; a canonical
            name that is left out is taken where the source has a column of that name, None leaves a column out.
            Needed are loss and two of params, tokens (counts) and compute (FLOP); the third follows from C = 6 N D.
        group: the column that names the family; a ``family`` column is the default.
        loss_unit: ``"nats/token"``, ``"bits/token"``, ``"bits/byte"`` or ``"perplexity"``; nats/token after reading,
            ``loss_se`` too.
        bytes_per_token: the mean bytes per token of the test set, for ``"bits/byte"``.
        params_convention: ``"total"``, ``"non_embedding"`` or ``"active"``, recorded as given.
        max_rows: the largest number of rows to accept.

    Returns:
        the runs, in the order of the source, with their coded warnings.

    Raises:
        DataError: when the table cannot be used; its ``cells`` hold every unusable cell.
        SettingsError: when an argument is outside what is accepted.

    Warns:
        DataWarning: for each suspicion, also kept in ``Runs.warnings``.

    Examples:
        >>> import pandas as pd
        >>> table = pd.DataFrame({
        ...     "params": [1e8, 2e8, 4e8, 1e8, 2e8, 4e8],
        ...     "tokens": [2e9, 2e9, 2e9, 8e9, 8e9, 8e9],
        ...     "val_loss": [3.4, 3.2, 3.1, 3.2, 3.0, 2.8],
        ... })
        >>> print(read_runs(table, {"loss": "val_loss"}))
        Runs: 6 runs, from DataFrame
          params  1e+08 to 4e+08 parameters (total)
          tokens  2e+09 to 8e+09 tokens
          compute 1.2e+18 to 1.92e+19 FLOP (6ND)
          loss    2.8 to 3.4 nats/token
    """
    runs = read_quietly(
        source,
        columns,
        group=group,
        loss_unit=loss_unit,
        bytes_per_token=bytes_per_token,
        params_convention=params_convention,
        max_rows=max_rows,
    )
    for warning in runs.warnings:
        warnings.warn(warning, stacklevel=2)
    return runs


def read_quietly(
    source: str | os.PathLike | pd.DataFrame,
    columns: Mapping[str, str | None] | None = None,
    *,
    group: str | None = None,
    loss_unit: str = "nats/token",
    bytes_per_token: float | None = None,
    params_convention: str = "total",
    max_rows: int = 5_000_000,
) -> Runs:
    """Do what :func:`read_runs` does, keeping the warnings without emitting them: for data that documents them."""
    _check_settings(loss_unit, bytes_per_token, params_convention, max_rows)
    table = open_source(source, max_rows=max_rows)
    mapping = map_columns(table.header, columns=columns, group=group, name=table.name)
    parsed = parse_table(table, mapping, loss_rule=loss_column(loss_unit))
    numbers, log = dict(parsed.numbers), parsed.log
    derived, values, convention = complete_design(numbers)
    if not log.count:
        for index in np.flatnonzero(~(np.isfinite(values) & (values > 0))):
            row = int(parsed.rows[index])
            log.add(row, derived, f"{values[index]:g}", "follows from 6ND and is outside floating point")
    log.raise_if_any()
    _check_length(len(values), table.name)
    numbers[derived] = values
    numbers["loss"], errors = to_nats(
        numbers["loss"], numbers.get("loss_se"), loss_unit=loss_unit, bytes_per_token=bytes_per_token
    )
    if errors is not None:
        numbers["loss_se"] = errors
    data = {**numbers, **parsed.texts}
    runs = Runs(
        table=pd.DataFrame({name: data[name] for name in COLUMNS if name in data}),
        group=mapping.get("family"),
        params_convention=params_convention,
        compute_convention=convention,
        source=table.name,
        source_loss_unit=loss_unit,
    )
    return replace(runs, warnings=suspicions(runs))


def _check_settings(loss_unit: str, bytes_per_token: float | None, params_convention: str, max_rows: int) -> None:
    """Refuse arguments outside what is accepted."""
    check_unit(loss_unit, bytes_per_token)
    if params_convention not in PARAMS.conventions:
        accepted = ", ".join(repr(name) for name in PARAMS.conventions)
        raise SettingsError(f"params_convention must be one of {accepted}, got {params_convention!r}.")
    if isinstance(max_rows, bool) or not isinstance(max_rows, int) or max_rows < FEWEST_ROWS:
        raise SettingsError(f"max_rows must be an integer of at least {FEWEST_ROWS}, got {max_rows!r}.")


def _check_length(rows: int, name: str) -> None:
    """Refuse a table on which no law can be fitted."""
    if rows < FEWEST_ROWS:
        has = "1 run" if rows == 1 else f"{rows} runs"
        raise DataError(f"{name} has {has}: a fit needs at least {FEWEST_ROWS}.")
