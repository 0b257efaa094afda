"""What a reader of predictions and plans must know besides the numbers."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bayescale.cli.reporting import note

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Fit


def caution(fit: Fit, file: str, table: pd.DataFrame | None = None, form: str = "table") -> None:
    """Print notes on stderr: checks that fail, and compute beyond the data.

    Args:
        fit: the fit.
        file: its name.
        table: of a prediction or a plan.
        form: how the table was printed: a table for people has the note on compute under it, and JSON within it.
    """
    if fit.checks.failed:
        failing = ", ".join(check.name for check in fit.checks.failed)
        see = f"bayescale check {shlex.quote(file)}"
        note(f"the fit does not pass its checks ({failing}), so do not rely on it; see: {see}")
    if table is not None and form in ("csv", "latex", "markdown") and (words := extrapolated(table)):
        note(words)


def extrapolated(*tables: pd.DataFrame) -> str:
    """Return the note of the table that goes furthest beyond the data, or nothing."""
    noted = [table for table in tables if table.attrs.get("note")]
    return max(noted, key=lambda table: float(table["extrapolation"].max())).attrs["note"] if noted else ""
