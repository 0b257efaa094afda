"""All cells of all mapped columns, chunk by chunk: values where they can be used, a log of those that cannot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from bayescale.data.cells import CellLog, parse_numbers, parse_texts
from bayescale.data.schema import Column
from bayescale.data.sources import Source
from bayescale.language.errors import DataError


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a source holds, by canonical name.

    Args:
        numbers: float64 values, over rows.
        texts: labels, over rows.
        rows: row numbers in the source, from 1.
        log: the unusable cells.
    """

    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, list[str]]
    rows: np.ndarray
    log: CellLog


def parse_table(
    source: Source, mapping: Mapping[str, str], *, known: Mapping[str, Column], needed: Collection[str]
) -> Parsed:
    """Read the mapped columns.

    Args:
        source: the table.
        mapping: canonical name to source column.
        known: what a usable cell of each canonical column is.
        needed: the columns without which the table could not be read.

    Raises:
        DataError: when the source has no rows.
    """
    log = CellLog(source.name)
    rules = {name: known[name] for name in mapping}
    parts: dict[str, list[np.ndarray]] = {name: [] for name, rule in rules.items() if rule.kind == "number"}
    texts: dict[str, list[str]] = {name: [] for name, rule in rules.items() if rule.kind == "text"}
    rows: list[np.ndarray] = []
    for chunk in source.chunks(list(mapping.values())):
        rows.append(chunk.rows)
        for name, column in mapping.items():
            cells, rule = chunk.columns[column], rules[name]
            if name in texts:
                texts[name] += parse_texts(cells, chunk.rows, column=rule, name=column, log=log)
            else:
                optional = name not in needed
                part = parse_numbers(cells, chunk.rows, column=rule, name=column, log=log, optional=optional)
                parts[name].append(part)
    if not rows:
        raise DataError(f"{source.name} has a header and no rows: expected one row per run.")
    numbers = {name: np.concatenate(part) for name, part in parts.items()}
    return Parsed(numbers=numbers, texts=texts, rows=np.concatenate(rows), log=log)
