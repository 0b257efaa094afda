"""Monte-Carlo standard errors of medians and interval ends: how far another seed would move them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

# Columns of tables that have them.
ERRORS = ("median_mcse", "lower_mcse", "upper_mcse")


def monte_carlo_errors(draws: Any, prob: float) -> dict[str, Any]:
    """Return the standard errors of the median and of both ends of the equal-tailed interval.

    Args:
        draws: a DataArray over chain, draw and others.
        prob: probability of the interval, in (0, 1).

    Returns:
        by the name of the column, over the other dimensions; NaN where draws are too few, or never move.

    References:
        vehtari2021rank
    """
    tail = (1.0 - prob) / 2.0
    shape = tuple(size for name, size in draws.sizes.items() if name not in ("chain", "draw"))
    if draws.sizes["chain"] * draws.sizes["draw"] < 4:
        return {name: np.full(shape, np.nan) for name in ERRORS}
    import arviz_stats  # seconds, so only where errors are asked for

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of draws that never move
        return {
            name: np.asarray(arviz_stats.mcse(draws, method="quantile", prob=p), float)
            for name, p in zip(ERRORS, (0.5, tail, 1.0 - tail), strict=True)
        }
