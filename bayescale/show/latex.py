"""Tables as LaTeX for papers; booktabs is the only package needed."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from bayescale.language.declare import default_symbol
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, QUANTITIES, TOKENS_PER_PARAM
from bayescale.show.escape import escape
from bayescale.show.numbers import check_digits, format_estimate, format_number, format_prob

_HIDDEN = ("prob", "lower", "upper")
_HEADERS = {"group": "family", "extrapolation": "compute / largest in data"}
_QUANTITIES = {quantity.name: quantity.label for quantity in (*QUANTITIES.values(), TOKENS_PER_PARAM)}
# Columns whose equal neighbours are printed once, with a little space where they change.
_BLOCKS = ("group", "compute")
_SIMPLE_NAME = re.compile(r"([A-Za-z]|alpha|beta|gamma|delta|eta|kappa|lambda|mu|nu|rho|sigma|tau|phi|omega)(_\w+)?")


def to_latex(table: pd.DataFrame, *, caption: str | None = None, label: str | None = None, digits: int = 3) -> str:
    r"""Return a table of a fit, a prediction or a plan as LaTeX, with ``\usepackage{booktabs}`` the only requirement.

    Medians and intervals are rounded so that the interval's width keeps two significant digits. Every column of the
    table is printed; drop those that are too wide for the page, ``table.drop(columns="meaning")``.

    Args:
        table: from ``fit.table()``, ``prediction.table()`` or ``plan.table()``, whole or in part.
        caption: LaTeX of a caption; with a caption or a label the tabular comes inside a table float.
        label: for ``\ref``.
        digits: significant digits of numbers that have no interval.

    Raises:
        SettingsError: no such table, an empty one, or intervals of several probabilities.
    """
    _check(table)
    check_digits(digits)
    interval = rf"{format_prob(table['prob'].iloc[0], latex=True)} equal-tailed interval"
    shown = [name for name in table if name not in _HIDDEN and not table[name].isna().all()]
    unit = _common_unit(table)
    cost = str(table["cost"].iloc[0]) if "cost" in table and table["cost"].nunique() == 1 else None
    # What all rows share goes to the header of what it belongs to, and needs no column.
    told = {name for name, value in (("unit", unit), ("cost", cost)) if value is not None}
    shown = [name for name in shown if name not in told]
    headers = [part for name in shown for part in _headers(name, unit, cost, interval)]
    columns = "".join("rr" if name == "median" else _alignment(table[name]) for name in shown)
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _line(headers), r"\midrule"]
    return _float([*lines, *_body(table, shown, digits), r"\bottomrule", r"\end{tabular}"], caption, label)


def _check(table: pd.DataFrame) -> None:
    needed = {"prob", "median", "lower", "upper"}
    if not isinstance(table, pd.DataFrame) or not needed <= set(table):
        raise SettingsError(
            "to_latex takes the table of a fit, a prediction or a plan: it needs prob, median, lower, upper."
        )
    if table.empty:
        raise SettingsError("The table has no rows, so there is nothing to print.")
    if table["prob"].nunique(dropna=False) != 1:
        found = ", ".join(format_prob(prob) for prob in table["prob"].unique())
        raise SettingsError(f"The table mixes intervals of several probabilities ({found}); print one table for each.")


def _body(table: pd.DataFrame, shown: list[str], digits: int) -> list[str]:
    blocks = [name for name in _BLOCKS if name in shown and table[name].nunique() < len(table)]
    lines: list[str] = []
    previous: dict[str, Any] | None = None
    for row in table.to_dict("records"):
        repeated: list[str] = []
        for name in blocks:
            if previous is None or row[name] != previous[name]:
                break
            repeated.append(name)
        if previous is not None and len(repeated) < len(blocks):
            lines.append(r"\addlinespace")
        cells = [part for name in shown for part in ([""] if name in repeated else _cells(row, name, digits))]
        lines.append(_line(cells))
        previous = row
    return lines


def _cells(row: dict[str, Any], name: str, digits: int) -> list[str]:
    value = row[name]
    if name == "median":
        estimate = format_estimate(value, row["lower"], row["upper"], digits=digits, latex=True)
        return [f"${part}$" for part in estimate]
    if name == "parameter":
        return [_parameter(value)]
    if name == "quantity":
        return [escape(_QUANTITIES.get(value, value))]
    if isinstance(value, str):
        return [escape(value) or "--"]
    return [f"${format_number(value, digits=min(digits, 2) if name == 'extrapolation' else digits, latex=True)}$"]


def _parameter(name: str) -> str:
    """The name of a posterior variable: its symbol where it is a letter, and the name itself where it is a word."""
    if not _SIMPLE_NAME.fullmatch(name):
        return escape(name)
    head, _, tail = name.partition("_")
    return f"${default_symbol(head)}{rf'_{{\mathrm{{{escape(tail)}}}}}' if tail else ''}$"


def _headers(name: str, unit: str | None, cost: str | None, interval: str) -> list[str]:
    if name == "median":
        return ["median" if not unit else escape(f"{unit}, median" if "(" in unit else f"median ({unit})"), interval]
    if name in QUANTITIES and name != LOSS.name:
        quantity = QUANTITIES[name]
        words = f"{quantity.label} {cost}" if name == COMPUTE.name and cost else quantity.label
        return [escape(f"{words} ({quantity.unit})" if quantity.unit else words)]
    return [escape(_HEADERS.get(name, name.replace("_", " ")))]


def _common_unit(table: pd.DataFrame) -> str | None:
    """The unit of every estimate, None where they differ; a prediction's says that it is of a loss."""
    of_loss = "parameter" not in table and "quantity" not in table
    if "unit" not in table:
        return f"{LOSS.label} ({LOSS.unit})" if of_loss else None
    if table["unit"].nunique() != 1:
        return None
    unit = str(table["unit"].iloc[0])
    return f"{LOSS.label} ({unit})" if of_loss else unit


def _alignment(column: pd.Series) -> str:
    return "r" if pd.api.types.is_numeric_dtype(column) else "l"


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _float(tabular: list[str], caption: str | None, label: str | None) -> str:
    if caption is None and label is None:
        return "\n".join(tabular) + "\n"
    named = [rf"\caption{{{caption}}}"] if caption is not None else []
    named += [rf"\label{{{label}}}"] if label is not None else []
    return "\n".join([r"\begin{table}", r"\centering", *named, *tabular, r"\end{table}"]) + "\n"
