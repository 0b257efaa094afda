"""From what a figure is given to the table it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from bayescale.costs import SixND
from bayescale.decisions.draws import group_label
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS

# What figures of runs count compute in, and so ask plans for.
COST = SixND()


def table_of(source: Any, make: Callable[..., pd.DataFrame], needed: Sequence[str], **options: Any) -> pd.DataFrame:
    """Return a table as it is, or make it from a fit or a plan.

    Raises:
        SettingsError: a table that lacks columns or has no rows.
    """
    table = source if isinstance(source, pd.DataFrame) else make(source, **options)
    if missing := [name for name in needed if name not in table]:
        raise SettingsError(f"The table lacks {', '.join(missing)}; make it with {make.__name__}.")
    if table.empty:
        raise SettingsError(f"The table of {make.__name__} has no rows, so there is nothing to draw.")
    return table


def check_fit(source: Any, caller: str) -> Fit:
    """Return the fit.

    Raises:
        SettingsError: something else.
    """
    if not isinstance(source, Fit):
        raise SettingsError(f"{caller} takes a Fit or its table, got {type(source).__name__}.")
    return source


def own_groups(fit: Fit, groups: Sequence[str] | str | None) -> list[str | None]:
    """The families to draw, by default all; ``[None]`` for a fit without families.

    Raises:
        SettingsError: the fit has no such family.
    """
    if groups is None:
        return list(fit.groups) or [None]
    chosen = [groups] if isinstance(groups, str) else list(groups)
    for group in chosen:
        group_label(fit, group)
    return list(chosen)


def own_runs(fit: Fit, group: str | None) -> pd.DataFrame:
    """The runs of a family, or all of them, with ``own_compute``: the compute that plans are made with, COST.

    Raises:
        SettingsError: a law of another response than the loss, or runs without size and tokens.
    """
    table = fit.runs.table
    if fit.law.response != LOSS or not {"params", "tokens"} <= set(table):
        raise SettingsError(
            f"This figure shows losses by compute, and the law {fit.law.name!r} predicts {fit.law.response.label} from "
            f"a table of {', '.join(table.columns)}; draw predict(...).table() instead."
        )
    if group is not None and "family" in table:
        table = table[table["family"] == group]
    return table.assign(own_compute=COST(table["params"], table["tokens"]))
