"""Some whole runs of a large table, for what is measured row by row and draw by draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bayescale.data.checkpoints import run_codes

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit

# Tables with more rows are looked at in part: about so many rows, at so many draws per chain.
MANY_ROWS = 100_000
ROWS, DRAWS = 10_000, 100


def some_curves(fit: Fit) -> Fit:
    """The fit at some of its runs and draws: the first run of every family, and others evenly from all.

    Rows of one run stay together, since residuals may hang together along it; so every family keeps its place.
    """
    curve = run_codes(fit.runs)
    table = fit.runs.table
    first = ~table["family"].duplicated().to_numpy() if fit.groups else np.arange(len(table)) == 0
    kept = np.zeros(curve.max() + 1, bool)
    kept[:: max(1, len(table) // ROWS)] = True
    kept[curve[first]] = True
    step = max(1, fit.unconstrained.sizes["draw"] // DRAWS)
    part = {"draw": slice(None, None, step)}
    runs = fit.runs.subset(kept[curve])
    return replace(fit, runs=runs, unconstrained=fit.unconstrained.isel(part), sample_stats=fit.sample_stats.isel(part))
