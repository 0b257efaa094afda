"""The third of params, tokens and compute from the other two, by C = 6 N D."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayescale.costs import SixND
from bayescale.data.schema import DESIGN_COLUMNS


def complete_design(columns: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray, str] | None:
    """Find the column that is missing and compute it.

    Args:
        columns: params, tokens (counts) and compute (FLOP), or some of them, over rows.

    Returns:
        The missing column's name and values, and the convention of compute, by which they hold; None where the source
        gave all three or fewer than two.
    """
    missing = [name for name in DESIGN_COLUMNS if name not in columns]
    if len(missing) != 1:
        return None
    (name,), cost = missing, SixND()
    # A product of silly values may overflow: the caller reports the rows, so numpy need not.
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        if name == "compute":
            values = cost(columns["params"], columns["tokens"])
        elif name == "tokens":
            values = cost.tokens(columns["params"], columns["compute"])
        else:
            values = cost.params(columns["tokens"], columns["compute"])
    return name, values, cost.name
