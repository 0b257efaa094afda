"""The third of params, tokens and compute from the other two, by C = 6 N D."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayescale.data.schema import DESIGN_COLUMNS

# Two multiply-adds forward and four backward for each parameter and token of a dense transformer.
FLOP_PER_PARAM_TOKEN = 6.0


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
    (name,) = missing
    # A product of silly values may overflow: the caller reports the rows, so numpy need not.
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        if name == "compute":
            values = FLOP_PER_PARAM_TOKEN * columns["params"] * columns["tokens"]
        else:
            other = columns["tokens" if name == "params" else "params"]
            values = columns["compute"] / (FLOP_PER_PARAM_TOKEN * other)
    return name, values, "6ND"
