"""Scores of choices on the same held-out runs, their differences, and the weights that follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayescale.language.errors import DataError
from bayescale.models.discrepancy import Discrepancy
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.compare.fitting import Tried
from bayescale.validation.compare.weights import stacking_weights

KEY = ["family", "ratio", "row"]


def held_out_scores(tried: Sequence[Tried], *, bare: bool) -> pd.DataFrame:
    """The log score of every run that all choices were asked about.

    Args:
        tried: the choices with their backtests.
        bare: without a discrepancy, else with that of the backtest.

    Returns:
        over family, ratio, row (of the table), a column per choice.

    Raises:
        DataError: no split that every choice could be fitted to.
    """
    columns = {}
    for one in tried:
        added = one.backtest.discrepancy
        parts = [_scores(held, None if bare else added.get(held.split.family)) for held in one.backtest.held_out]
        columns[one.choice.label] = pd.concat(parts, ignore_index=True).fillna({"ratio": 0.0}).set_index(KEY)["score"]
    whole = pd.DataFrame(columns).dropna(axis=0, how="any")
    if whole.empty:
        raise DataError("No split of the table could be fitted with every law and choice; compare fewer of them.")
    return whole


def _scores(held: HeldOut, discrepancy: Discrepancy | None) -> pd.DataFrame:
    scores, split = held.scores(discrepancy), held.split
    rows = np.flatnonzero(split.held_out)
    return pd.DataFrame(
        {"family": split.family, "ratio": split.ratio, "row": rows, "score": scores["log_score"].to_numpy()}
    )


def unit_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over the independent units: families where there are several, else splits, which share their runs."""
    splits = scores.groupby(["family", "ratio"], sort=False).mean()
    families = splits.groupby("family", sort=False).mean()
    return families if len(families) > 1 else splits


def unit_name(scores: pd.DataFrame) -> str:
    """What the units are called."""
    return "families" if scores.index.get_level_values("family").nunique() > 1 else "splits"


def differences(units: pd.DataFrame) -> pd.DataFrame:
    """Mean score of each choice, and how far it is from the best one.

    Returns:
        columns score, difference (0 for the best, else below) and error, the standard error of the paired difference
        over the units: missing for the best itself and where there is one unit.
    """
    score = units.mean()
    apart = units.sub(units[score.idxmax()], axis=0)
    error = apart.std(ddof=1) / np.sqrt(len(units)) if len(units) > 1 else score * np.nan
    error[score.idxmax()] = np.nan
    return pd.DataFrame({"score": score, "difference": apart.mean(), "error": error})


def weights_of(scores: pd.DataFrame) -> pd.Series:
    """Stacking weights: every family counts the same, and so does every split in it, and every run in that."""
    splits = scores.groupby(["family", "ratio"], sort=False)
    many = scores.groupby("family", sort=False).apply(
        lambda part: part.index.get_level_values("ratio").nunique(), include_groups=False
    )
    units = [part.to_numpy().T for _, part in splits]
    shares = [1.0 / many[family] for (family, _), _ in splits]
    return pd.Series(stacking_weights(units, shares), index=scores.columns, name="weight")
