"""The third of params, tokens and compute from the other two, by C = 6 N D."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayescale.costs import SixND
from bayescale.data.schema import DESIGN_COLUMNS


def complete_design(columns: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray, str]:
    """Find the column that is missing and compute it.

    Args:
        columns: at least two of params, tokens (counts) and compute (FLOP), over rows.

    Returns:
        The missing column's name and values (compute as given, where nothing is missing), and the convention of
        compute: ``"6ND"`` when it holds by construction, ``"exact"`` when the source gave all three.
    """
    missing = [name for name in DESIGN_COLUMNS if name not in columns]
    if not missing:
        return "compute", columns["compute"], "exact"
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
