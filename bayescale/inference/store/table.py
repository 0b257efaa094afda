"""The table of runs in the file of a fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.data import Runs
from bayescale.data.cells import CellLog, parse_numbers, parse_texts
from bayescale.data.requirements import is_usual
from bayescale.data.schema import REQUIRED_COLUMNS, columns_with
from bayescale.inference.store.archive import Arrays
from bayescale.inference.store.record import record_part
from bayescale.language.errors import DataWarning, StoreError
from bayescale.language.prior import is_number
from bayescale.language.quantities import LOSS, PARAMS, quantity_from_dict
from bayescale.laws import Law


def runs_dataset(runs: Runs) -> xr.Dataset:
    """The table over row; text as UTF-8 characters, so that every size is declared."""
    columns = {}
    for name in runs.table.columns:
        if runs.columns[name].kind == "number":
            columns[name] = xr.Variable("row", runs.table[name].to_numpy(np.float64))
        else:
            texts = np.array(runs.table[name].tolist(), dtype=object)
            columns[name] = xr.Variable("row", texts, encoding={"dtype": "S1"})
    return xr.Dataset(columns)


def stored_runs(columns: Arrays, about: Mapping[str, Any], law: type[Law]) -> Runs:
    """The table, through the same checks of cells as when it was first read."""
    described = _about(about)
    known = columns_with(described["quantities"])
    needed = REQUIRED_COLUMNS if is_usual(law) else (*law.inputs(), law.response.name)
    wrong = set(columns) - set(known) or set(needed) - set(columns)
    if wrong or len({values.shape for values in columns.values()}) != 1:
        raise StoreError(f"its runs must be columns of one length with {', '.join(needed)}; save it again.")
    rows = np.arange(1, len(next(iter(columns.values()))) + 1)
    log = CellLog("its table of runs")
    table: dict[str, Any] = {}
    for name in (name for name in known if name in columns):
        values, rule = columns[name], known[name]
        if values.ndim != 1 or (values.dtype != np.float64 if rule.kind == "number" else values.dtype.kind != "S"):
            raise StoreError(f"the column {name!r} of its runs is {values.dtype} {values.shape}; save the fit again.")
        if rule.kind == "number":
            table[name] = parse_numbers(values, rows, column=rule, name=name, log=log)
        else:
            texts = [text.decode() for text in values.tolist()]
            table[name] = parse_texts(texts, rows, column=rule, name=name, log=log)
    log.raise_if_any()
    runs = Runs(table=pd.DataFrame(table), **described)
    if runs.sha256 != about.get("sha256"):
        raise StoreError("its table of runs is not the one that was fitted, their hashes differ; save the fit again.")
    return runs


def _about(about: Mapping[str, Any]) -> dict[str, Any]:
    """What is known about the table besides its cells."""
    allowed = {
        "loss_unit": ("nats/token",),
        "source_loss_unit": LOSS.conventions,
        "params_convention": PARAMS.conventions,
        "compute_convention": ("6ND", "exact"),
    }
    for name, values in allowed.items():
        if record_part(about, name, str) not in values:
            raise StoreError(f"its {name} must be one of {', '.join(values)}, got {about[name][:40]!r}; save it again.")
    group = None if about.get("group") is None else record_part(about, "group", str)
    warnings = []
    for pair in record_part(about, "warnings", list):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise StoreError("its warnings must be pairs of code and message; save the fit again.")
        warnings.append(DataWarning(*pair))
    kept = {name: about[name] for name in allowed}
    kept |= {"bytes_per_token": _bytes_per_token(about), "renamed": _renamed(about)}
    kept |= {"group": group, "source": record_part(about, "source", str), "warnings": tuple(warnings)}
    return {**kept, "quantities": tuple(map(quantity_from_dict, about.get("quantities", [])))}


def _bytes_per_token(about: Mapping[str, Any]) -> float | None:
    """What turned bits/byte into nats/token; older files do not have it."""
    value = about.get("bytes_per_token")
    if value is not None and not (is_number(value) and 0 < value < np.inf and about["source_loss_unit"] == "bits/byte"):
        raise StoreError("its bytes_per_token must be a positive number, of bits/byte; save the fit again.")
    return value


def _renamed(about: Mapping[str, Any]) -> dict[str, str | None] | None:
    """What columns of the source were called; older files do not have it."""
    names = about.get("renamed")
    if names is None:
        return None
    if not (isinstance(names, dict) and all(column is None or isinstance(column, str) for column in names.values())):
        raise StoreError("its renamed must map names of columns to names or null; save the fit again.")
    return names
