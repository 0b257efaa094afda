"""What every fit asks of its table and law."""

from __future__ import annotations

from bayescale.data import Runs
from bayescale.language.errors import FitError, SettingsError
from bayescale.laws import Law

# What a table of a fit may have at most.
MAX_ROWS = 200_000


def check_table(runs: object) -> None:
    """Check that there is a table.

    Raises:
        SettingsError: something else than runs.
    """
    if not isinstance(runs, Runs):
        raise SettingsError(f"runs must come from read_runs, got {type(runs).__name__}; write read_runs(table) first.")


def check_response(law: type[Law]) -> None:
    """Check that a law is one of losses.

    Raises:
        FitError: a law of another response.
    """
    if law.response.name != "loss":
        raise FitError(f"The law {law.name!r} predicts {law.response.label}; fit takes laws of the loss.")
