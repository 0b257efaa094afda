"""How many runs a table has, in words: rows are runs, or checkpoints of fewer runs."""

from __future__ import annotations

from bayescale.data.checkpoints import run_codes
from bayescale.data.runs import Runs


def counted(runs: Runs) -> str:
    """Return the number of rows as runs, or as checkpoints of runs where runs have several rows.

    >>> import bayescale as bs
    >>> counted(bs.datasets.load("pile-families"))
    '30 runs'
    """
    rows = len(runs)
    of = int(run_codes(runs).max(initial=-1)) + 1
    if of < rows:
        return f"{rows:,} checkpoints of {of:,} run{'' if of == 1 else 's'}"
    return f"{rows:,} run{'' if rows == 1 else 's'}"
