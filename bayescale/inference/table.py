"""What every fit asks of its table and law."""

from __future__ import annotations

import pandas as pd

from bayescale.data import Runs
from bayescale.language.errors import FitError, SettingsError
from bayescale.laws import Law
from bayescale.models import Noise

# What a table of a fit may have at most, by itself and as one of many.
MAX_ROWS = 5_000_000
MAX_ROWS_OF_MANY = 200_000
# Families with values of their own: the metric of their sampler has the square of their number of parameters.
MAX_FAMILIES = 1_000


def check_table(runs: object) -> None:
    """Check that there is a table.

    Raises:
        SettingsError: something else than runs.
    """
    if not isinstance(runs, Runs):
        raise SettingsError(f"runs must come from read_runs, got {type(runs).__name__}; write read_runs(table) first.")


def check_families(runs: Runs, what: str, remedy: str) -> None:
    """Check that there are not more families than can be looked at in one go.

    Args:
        runs: the table.
        what: is done to them.
        remedy: what to do instead.

    Raises:
        FitError: there are more.
    """
    if len(runs.families) > MAX_FAMILIES:
        raise FitError(
            f"The table has {len(runs.families):,} families and up to {MAX_FAMILIES:,} are {what}; {remedy}."
        )


def check_batch(noise: type[Noise]) -> None:
    """Check that a noise is one of the log of the response, which is what batches of fits know.

    Raises:
        FitError: another.
    """
    if noise.of_value:
        raise FitError(f"The noise {noise.name!r} is not one of log loss; fit_many takes those only, fit(...) any.")


def size_of(run: pd.Series, law: type[Law]) -> str:
    """A run of a table by its model size, or by the law's first input where that is not known."""
    if "params" in run:
        return f"{run['params']:.3g} parameters"
    quantity = next(iter(law.arguments.values()))
    return f"{run[quantity.name]:.3g} {quantity.unit or quantity.label}"
