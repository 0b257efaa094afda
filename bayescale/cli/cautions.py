"""What a reader of predictions and plans must know besides the numbers."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bayescale.cli.reporting import note

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Fit


def caution(fit: Fit, file: str, table: pd.DataFrame | None = None) -> None:
    """Print notes on stderr: checks that fail, and compute beyond the data.

    Args:
        fit: the fit.
        file: its name.
        table: of a prediction or a plan, with ``extrapolation``.
    """
    if fit.checks.failed:
        failing = ", ".join(check.name for check in fit.checks.failed)
        see = f"bayescale check {shlex.quote(file)}"
        note(f"the fit does not pass its checks ({failing}), so do not rely on it; see: {see}")
    if table is not None and (words := extrapolated(table)):
        note(words)


def extrapolated(table: pd.DataFrame) -> str:
    """Return in words how far a table goes beyond the data, or nothing."""
    from bayescale.decisions.extrapolation import is_beyond

    furthest = float(table["extrapolation"].max())
    if not is_beyond(furthest):
        return ""
    return (
        f"extrapolated {furthest:.3g}x in compute beyond the largest run; intervals do not include the law's own error "
        "there and are known to be too narrow"
    )
