"""The door: a table in, validated runs out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayescale.data.accounting import complete_design
from bayescale.data.cells import extreme_reason, is_extreme
from bayescale.data.checkpoints import Early
from bayescale.data.columns import map_columns
from bayescale.data.constants import constants
from bayescale.data.opening import open_source
from bayescale.data.parsing import Parsed, parse_table
from bayescale.data.requirements import require
from bayescale.data.runs import Runs
from bayescale.data.scaled import unscaled
from bayescale.data.schema import FEWEST_ROWS, columns_with, mixtures_in
from bayescale.data.sources import Source
from bayescale.data.suspicions import suspicions
from bayescale.data.together import check_together
from bayescale.data.units import check_unit, loss_column, to_nats
from bayescale.data.unnamed import unnamed_families
from bayescale.language.errors import DataError, SettingsError
from bayescale.language.quantities import PARAMS, QUANTITIES, Quantity

if TYPE_CHECKING:
    from bayescale.laws import Law


def read_runs(
    source: str | os.PathLike[str] | pd.DataFrame,
    columns: Mapping[str, str | None] | None = None,
    *,
    group: str | None = None,
    law: str | type[Law] | None = None,
    loss_unit: str = "nats/token",
    bytes_per_token: float | None = None,
    params_convention: str = "total",
    max_rows: int = 5_000_000,
    drop_early: bool | Early = False,
) -> Runs:
    """Read a table of training runs, refusing what cannot be used and warning of what looks wrong.

    Args:
        source: a path to CSV, TSV or text (each also .gz; UTF-8) or Parquet, or a pandas DataFrame.
        columns: canonical name to source column, such as ``{"params": "n_params", "loss": "val_loss"}``; a canonical
            name that is left out is taken where the source has a column of that name, None leaves a column out.
            Counts in other units and shares in per cent are read times a number: ``{"tokens": "tokens_b*1e9"}``,
            ``{"accuracy": "acc*0.01"}``; ``{"chance": "0.25"}`` and ``{"items": "2376"}`` hold in every row.
            Needed are loss and two of params, tokens (counts) and compute (FLOP); the third follows from C = 6 N D.
            A table of another response (accuracy, error, lr, batch_tokens) or of a single input needs one of each.
            Columns ``mix_<domain>`` are weights of a mixture, which sum to 1 in each row.
        group: the column that names the family; a ``family`` column is the default.
        law: what is to be fitted, as a class, a name or ``"file.py:Class"``: its inputs and its response are needed,
            also quantities of its own, and nothing else is.
        loss_unit: ``"nats/token"``, ``"bits/token"``, ``"bits/byte"`` or ``"perplexity"``; nats/token after reading,
            ``loss_se`` too.
        bytes_per_token: the mean bytes per token of the test set, for ``"bits/byte"``.
        params_convention: ``"total"``, ``"non_embedding"`` or ``"active"``, recorded as given.
        max_rows: the largest number of rows to accept.
        drop_early: True to leave out the first tenth of each run and its first 1e10 tokens, as
            :meth:`Runs.drop_early` does, saying what that was; an :class:`bayescale.Early` for other numbers.

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
        law=law,
        loss_unit=loss_unit,
        bytes_per_token=bytes_per_token,
        params_convention=params_convention,
        max_rows=max_rows,
    )
    if drop_early:
        runs = runs.without_early(drop_early if isinstance(drop_early, Early) else Early())
    for warning in runs.warnings:
        warnings.warn(warning, stacklevel=2)
    return runs


def read_quietly(
    source: str | os.PathLike[str] | pd.DataFrame,
    columns: Mapping[str, str | None] | None = None,
    *,
    group: str | None = None,
    law: str | type[Law] | None = None,
    loss_unit: str = "nats/token",
    bytes_per_token: float | None = None,
    params_convention: str = "total",
    max_rows: int = 5_000_000,
) -> Runs:
    """Do what :func:`read_runs` does, keeping the warnings without emitting them: for data that documents them."""
    _check_settings(loss_unit, bytes_per_token, params_convention, max_rows)
    table = open_source(source, max_rows=max_rows)
    names, same = constants(columns, table.header)
    names, factors = unscaled(names, table.header)
    parsed, mapping, own = _parsed(table, names, group, law, loss_unit, same, factors)
    counts = {name: parsed.numbers[name] * factor for name, factor in factors.items()}
    counts |= {name: np.full(len(parsed.rows), value) for name, value in same.items()}
    parsed = replace(parsed, numbers={**parsed.numbers, **counts})
    numbers, convention = _completed(parsed, mapping)
    _check_length(len(parsed.rows), table.name)
    if "loss" in numbers:
        numbers["loss"], errors = to_nats(
            numbers["loss"], numbers.get("loss_se"), loss_unit=loss_unit, bytes_per_token=bytes_per_token
        )
        if errors is not None:
            numbers["loss_se"] = errors
    asked = {name for name, column in (columns or {}).items() if column is None}
    unnamed = None if "family" in mapping else unnamed_families(table, numbers, set(mapping.values()), asked)
    data = {**numbers, **parsed.texts}
    frame = pd.DataFrame({name: data[name] for name in columns_with(own) if name in data})
    # The frame has its own copy of all cells; with a million rows the others are worth giving back.
    del parsed, numbers, data
    runs = Runs(
        table=frame,
        group=mapping.get("family"),
        params_convention=params_convention,
        compute_convention=convention,
        source=table.name,
        source_loss_unit=loss_unit,
        bytes_per_token=bytes_per_token,
        renamed=_renamed(mapping, columns, table.header),
        quantities=own,
    )
    return replace(runs, warnings=(*suspicions(runs), *([unnamed] if unnamed else [])))


def _parsed(
    table: Source,
    columns: Mapping[str, str | None] | None,
    group: str | None,
    law: str | type[Law] | None,
    loss_unit: str,
    same: Mapping[str, float],
    factors: Mapping[str, float],
) -> tuple[Parsed, dict[str, str], tuple[Quantity, ...]]:
    """Read all cells; also return the mapping of columns and the quantities that are in the table beyond the usual."""
    fitted = None
    if law is not None:
        from bayescale.laws import find_law  # here, since it starts JAX

        fitted = find_law(law)
    asked = list(columns) if isinstance(columns, Mapping) else []
    own = {q.name: q for q in mixtures_in((*table.header, *asked))}
    own |= {q.name: q for q in (*fitted.arguments.values(), fitted.response)} if fitted else {}
    known = columns_with(own.values())
    mapping = map_columns(table.header, columns=columns, group=group, name=table.name, known=known)
    mapping = {name: column for name, column in mapping.items() if name not in same}
    declined = [canonical for canonical in asked if mapping.get(canonical) is None]
    found = mapping | {name: f"{value:.15g}" for name, value in same.items()}
    needed = require(found, table.header, name=table.name, known=known, declined=declined, law=fitted)
    rules = known | {"loss": loss_column(loss_unit)}
    rules |= {name: replace(known[name], upper=known[name].upper / factor) for name, factor in factors.items()}
    parsed = parse_table(table, mapping, known=rules, needed=needed)
    further = tuple(q for name, q in own.items() if name not in QUANTITIES and {name, f"{name}_se"} & set(mapping))
    return parsed, mapping, further


def _renamed(
    mapping: Mapping[str, str], columns: Mapping[str, str | None] | None, header: Sequence[str]
) -> dict[str, str | None]:
    """What must be said of columns to read the table again, besides the column of families."""
    found: dict[str, str | None] = {name: column for name, column in mapping.items() if name not in ("family", column)}
    found |= {name: (columns or {})[name] for name in unscaled(columns, header)[1]}
    found |= {name: f"{value:.15g}" for name, value in constants(columns, header)[1].items()}
    return found | {name: None for name, column in (columns or {}).items() if column is None and name in header}


def _completed(parsed: Parsed, mapping: Mapping[str, str]) -> tuple[dict[str, np.ndarray], str]:
    """All numbers with the third of params, tokens and compute, and the convention of compute.

    Raises:
        DataError: cells that cannot be used.
    """
    numbers, log, convention = dict(parsed.numbers), parsed.log, "exact"
    if (completed := complete_design(numbers)) is not None:
        derived, values, convention = completed
        numbers[derived] = values
        if not log.count:
            for index in np.flatnonzero(is_extreme(values)):
                row, why = int(parsed.rows[index]), f"follows from 6ND and {extreme_reason(values[index])}"
                log.add(row, derived, f"{values[index]:g}", why)
    if not log.count:
        check_together(numbers, parsed.rows, mapping, log)
    log.raise_if_any()
    return numbers, convention


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
