"""Losses that are far above the best of their plan, or no numbers at all, as lower bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescale.language.errors import SettingsError
from bayescale.language.quantities import CENSORED


def censor(
    table: pd.DataFrame, *, excess: float = 0.02, loss: str = "loss", by: tuple[str, ...] = ("params", "tokens")
) -> pd.DataFrame:
    """Return a table in which runs far from the best of their cell say only that they are that far.

    A law of the loss near the best settings need not hold far from them, and a run that diverged has no loss that a
    law could be of. Both are evidence all the same: the loss there is above that of the best run by ``excess`` at
    least. Their losses become that bound and their column ``censored`` 1, for ``noise="censored"``; nothing is dropped.

    Args:
        table: one row per run; a missing or infinite loss is one of a run that diverged.
        excess: how far above the best a loss is still measured, as a share of it, positive; infinity keeps all losses
            that are numbers.
        loss: the column of losses, positive.
        by: the columns that name a cell, all runs of which have the same plan.

    Raises:
        SettingsError: no positive ``excess``, a column that the table lacks, losses that are not positive, a cell
            without any loss, or a table that has a column ``censored`` already.

    Examples:
        >>> runs = pd.DataFrame({"params": 1e8, "tokens": 1e9, "lr": [1e-3, 2e-3, 9e-3], "loss": [2.51, 2.5, np.nan]})
        >>> censor(runs)[["loss", "censored"]].round(3).values.tolist()
        [[2.51, 0.0], [2.5, 0.0], [2.55, 1.0]]
    """
    if isinstance(excess, bool) or not isinstance(excess, int | float) or not excess > 0:
        raise SettingsError(f"excess must be a positive share of the best loss such as 0.02, got {excess!r}.")
    if missing := [name for name in (loss, *by) if name not in table]:
        raise SettingsError(f"The table has no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}.")
    if CENSORED.name in table:
        raise SettingsError("The table has a column 'censored' already; leave it out, or take the table as it is.")
    value = table[loss].astype(float)
    if (value <= 0).any():
        raise SettingsError(f"{loss} must be positive, or missing for runs that diverged; got {value.min():g}.")
    finite = value.where(np.isfinite(value))
    best = finite.groupby([table[name] for name in by]).transform("min")
    if best.isna().any():
        row = table.loc[best.isna(), list(by)].iloc[0]
        where = ", ".join(f"{name} {row[name]:g}" for name in by)
        raise SettingsError(f"No run at {where} has a loss, so there is no bound either; leave these runs out.")
    # Without a limit the largest loss of a cell is the bound of its diverged runs.
    largest = finite.groupby([table[name] for name in by]).transform("max")
    bound = best * (1.0 + excess) if np.isfinite(excess) else largest
    far = ~np.isfinite(value) | (value > bound)
    return table.assign(**{loss: value.where(~far, bound), CENSORED.name: far.astype(float)})
