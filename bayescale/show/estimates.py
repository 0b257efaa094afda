"""Tables of medians and intervals, from fits, predictions and plans, as they are printed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bayescale.inference.monte_carlo import ERRORS
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, QUANTITIES, TOKENS_PER_PARAM
from bayescale.show import cells
from bayescale.show.cells import EMPTY, Cell, words
from bayescale.show.grid import Grid
from bayescale.show.numbers import check_digits, format_prob

_HIDDEN = ("prob", "lower", "upper", *ERRORS)
_HEADERS = {"group": "family", "extrapolation": "compute / largest in data"}
_QUANTITIES = {quantity.name: quantity.label for quantity in (*QUANTITIES.values(), TOKENS_PER_PARAM)}
# Columns whose equal neighbours are printed once, with a little space where they change.
_BLOCKS = ("group", "compute")


def estimates(table: pd.DataFrame, *, digits: int = 3) -> Grid:
    """Return a table of medians and intervals as it is printed.

    Args:
        table: from ``fit.table()``, ``prediction.table()`` or ``plan.table()``, whole or in part; with ``mcse=True``
            its digits follow the Monte-Carlo error.
        digits: significant digits of numbers that have no interval.

    Raises:
        SettingsError: no such table, an empty one, or intervals of several probabilities.
    """
    _check(table)
    check_digits(digits)
    shown = [name for name in table if name not in _HIDDEN and not table[name].isna().all()]
    unit = _common_unit(table)
    cost = str(table["cost"].iloc[0]) if "cost" in table and table["cost"].nunique() == 1 else None
    # What all rows share goes to the header of what it belongs to, and needs no column.
    told = {name for name, value in (("unit", unit), ("cost", cost)) if value is not None}
    shown = [name for name in shown if name not in told]
    headers = [part for name in shown for part in _headers(name, unit, cost, table["prob"].iloc[0])]
    sides = [side for name in shown for side in _alignment(name, table[name])]
    rows, breaks = _body(table, shown, digits)
    return Grid(tuple(headers), tuple(sides), rows, breaks)


def _check(table: pd.DataFrame) -> None:
    needed = {"prob", "median", "lower", "upper"}
    if not isinstance(table, pd.DataFrame) or not needed <= set(table):
        raise SettingsError(
            "Only the table of a fit, a prediction or a plan is printed: it needs prob, median, lower, upper."
        )
    if table.empty:
        raise SettingsError("The table has no rows, so there is nothing to print.")
    if table["prob"].nunique(dropna=False) != 1:
        found = ", ".join(format_prob(prob) for prob in table["prob"].unique())
        raise SettingsError(f"The table mixes intervals of several probabilities ({found}); print one table for each.")


def _body(table: pd.DataFrame, shown: list[str], digits: int) -> tuple[tuple[tuple[Cell, ...], ...], frozenset[int]]:
    blocks = [name for name in _BLOCKS if name in shown and table[name].nunique() < len(table)]
    rows: list[tuple[Cell, ...]] = []
    breaks: set[int] = set()
    previous: dict[str, Any] | None = None
    for row in table.to_dict("records"):
        repeated: list[str] = []
        for name in blocks:
            if previous is None or row[name] != previous[name]:
                break
            repeated.append(name)
        if previous is not None and len(repeated) < len(blocks):
            breaks.add(len(rows))
        rows.append(tuple(c for name in shown for c in ([EMPTY] if name in repeated else _cells(row, name, digits))))
        previous = row
    return tuple(rows), frozenset(breaks)


def _cells(row: dict[str, Any], name: str, digits: int) -> list[Cell]:
    value = row[name]
    if name == "median":
        errors = [row[error] for error in ERRORS] if set(ERRORS) <= set(row) else None
        return list(cells.estimate(value, row["lower"], row["upper"], digits=digits, errors=errors))
    if name == "parameter":
        return [cells.parameter(value)]
    if name == "quantity":
        return [words(_QUANTITIES.get(value, value))]
    if isinstance(value, str):
        return [words(value, absent="–")]
    return [cells.number(value, digits=min(digits, 2) if name == "extrapolation" else digits)]


def _headers(name: str, unit: str | None, cost: str | None, prob: float) -> list[Cell]:
    if name == "median":
        middle = "median" if not unit else f"{unit}, median" if "(" in unit else f"median ({unit})"
        return [words(middle), words(f"{format_prob(prob)} equal-tailed interval")]
    if name in QUANTITIES and name != LOSS.name:
        quantity = QUANTITIES[name]
        label = f"{quantity.label} {cost}" if name == COMPUTE.name and cost else quantity.label
        return [words(f"{label} ({quantity.unit})" if quantity.unit else label)]
    return [words(_HEADERS.get(name, name.replace("_", " ")))]


def _common_unit(table: pd.DataFrame) -> str | None:
    """The unit of every estimate, None where they differ; a prediction's says that it is of a loss."""
    of_loss = "parameter" not in table and "quantity" not in table
    response = str(table.attrs.get("response", LOSS.name))
    label = _QUANTITIES.get(response, response)
    if "unit" not in table:
        return f"{LOSS.label} ({LOSS.unit})" if of_loss else None
    if table["unit"].nunique() != 1:
        return None
    unit = str(table["unit"].iloc[0])
    return (f"{label} ({unit})" if unit else label) if of_loss else unit


def _alignment(name: str, column: pd.Series) -> list[str]:
    if name == "median":
        return ["right", "right"]
    return ["right" if pd.api.types.is_numeric_dtype(column) else "left"]
