"""Suspicions about the design: what these runs cannot tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from bayescale.data.runs import Runs

# Rounding of nominal sizes moves a column that is meant to be constant by less than these.
SAME_VALUE = 1.01
SAME_RATIO = 1.3
# Beyond this correlation of ln N and ln D the two exponents trade off against each other; IsoFLOP sets are below 0.5.
COLLINEAR = 0.98
# Noise alone makes a positive rank correlation this large in some 5 % of tables with thirty runs.
RISING = 0.3
RISING_ROWS = 6


def constant_params(runs: Runs) -> str | None:
    """One model size."""
    if _spread(runs.table["params"]) > SAME_VALUE:
        return None
    return "all runs have the same params: the effect of size is not identified, its posterior is the prior."


def constant_tokens(runs: Runs) -> str | None:
    """One number of tokens."""
    if _spread(runs.table["tokens"]) > SAME_VALUE:
        return None
    return "all runs have the same tokens: the effect of data is not identified, its posterior is the prior."


def constant_tokens_per_param(runs: Runs) -> str | None:
    """Runs along one ray: size and data grow together."""
    table = runs.table
    # Where both are constant, that is what there is to say.
    if _spread(table["tokens"] / table["params"]) > SAME_RATIO or _spread(table["params"]) <= SAME_RATIO:
        return None
    return (
        "tokens per parameter is nearly the same in all runs: size and data effects cannot be told apart "
        "(three of Chinchilla's five parameters are identified), add runs at another ratio."
    )


def collinear_design(runs: Runs) -> str | None:
    """Size and data that move together, though not in proportion."""
    params, tokens = (np.log(runs.table[name].to_numpy()) for name in ("params", "tokens"))
    if params.std() == 0 or tokens.std() == 0:
        return None
    correlation = float(np.corrcoef(params, tokens)[0, 1])
    if abs(correlation) <= COLLINEAR:
        return None
    return (
        f"the correlation of log params and log tokens is {correlation:.3f}: size and data effects are hard to tell "
        "apart, add runs off that line."
    )


def loss_rises_with_compute(runs: Runs) -> str | None:
    """More compute, more loss: a column is wrong, or runs diverged or over-fitted."""
    # Within families: which family spends more says nothing about the effect of spending.
    codes = pd.factorize(runs.table["family"])[0] if runs.families else np.zeros(len(runs), dtype=int)
    compute, loss = (_centred_ranks(runs.table[name], codes) for name in ("compute", "loss"))
    if np.count_nonzero(compute) < RISING_ROWS - 1 or not loss.any():
        return None
    correlation = float(compute @ loss / np.sqrt((compute @ compute) * (loss @ loss)))
    if correlation <= RISING:
        return None
    return (
        f"loss rises with compute (rank correlation {correlation:.2f}): check the loss column, and for runs that "
        "diverged or over-fitted."
    )


def _centred_ranks(values: pd.Series, codes: np.ndarray) -> np.ndarray:
    """Return the ranks within each family around their mean; zero in families too small to show a trend."""
    # All families at once: there may be as many as rows.
    count = np.bincount(codes)[codes]
    ranks = pd.Series(values.to_numpy()).groupby(codes).rank().to_numpy()
    return np.where(count > 2, ranks - (count + 1) / 2, 0.0)


def _spread(values: pd.Series) -> float:
    """Return the ratio of the largest to the smallest value."""
    return float(values.max() / values.min())
