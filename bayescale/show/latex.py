"""Tables as LaTeX for papers; booktabs is the only package needed."""

from __future__ import annotations

import pandas as pd

from bayescale.show.estimates import estimates


def to_latex(table: pd.DataFrame, *, caption: str | None = None, label: str | None = None, digits: int = 3) -> str:
    r"""Return a table of a fit, a prediction or a plan as LaTeX, with ``\usepackage{booktabs}`` the only requirement.

    Medians and intervals are rounded so that the interval's width keeps two significant digits; of a table made with
    ``mcse=True``, so that the Monte-Carlo error is at most one unit of the last digit. Every column of the table is
    printed; drop those that are too wide for the page, ``table.drop(columns="meaning")``.

    Args:
        table: from ``fit.table()``, ``prediction.table()`` or ``plan.table()``, whole or in part.
        caption: LaTeX of a caption; with a caption or a label the tabular comes inside a table float.
        label: for ``\ref``.
        digits: significant digits of numbers that have no interval.

    Raises:
        SettingsError: no such table, an empty one, or intervals of several probabilities.
    """
    return estimates(table, digits=digits).latex(caption, label)
