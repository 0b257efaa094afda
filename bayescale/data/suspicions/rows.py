"""Suspicions about which rows a table has: repeats, too few, checkpoints, names."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from bayescale.data.checkpoints import run_codes

if TYPE_CHECKING:
    from bayescale.data.runs import Runs

# A law has five or six parameters; with fewer runs than that its prior decides.
FEW_RUNS = 6
# One run per row seldom gives more; checkpoints do, and sampling time grows with the rows.
LARGE_TABLE = 200_000
NAMED = 5
# An odd number with bits all over, so that products of different numbers differ.
MIXER = np.uint64(0x9E3779B97F4A7C15)


def large_table(runs: Runs) -> str | None:
    """Too many rows for a table of runs."""
    if len(runs) <= LARGE_TABLE:
        return None
    return (
        f"{len(runs):,} rows make fits slow: keep one row per run, or thin the checkpoints; with normal noise, the "
        "default with residuals='ou', checkpoints of named runs are compressed, and cost no more than their curves."
    )


def duplicate_rows(runs: Runs) -> str | None:
    """Rows that repeat another in every canonical column."""
    repeats = int(runs.table.duplicated().sum()) if _numbers_repeat(runs) else 0
    if not repeats:
        return None
    verb = "row repeats" if repeats == 1 else "rows repeat"
    return (
        f"{repeats:,} {verb} another in every column: copies count as independent evidence and narrow the intervals, "
        "remove them unless they are separate runs."
    )


def _numbers_repeat(runs: Runs) -> bool:
    """Whether two rows may have the same numbers: by a hash of each, where to compare all columns takes much memory."""
    hashes = np.zeros(len(runs), np.uint64)
    for name, column in runs.columns.items():
        if column.kind == "number" and name in runs.table:
            hashes = (hashes ^ (runs.table[name].to_numpy(np.float64) + 0.0).view(np.uint64)) * MIXER
            hashes ^= hashes >> np.uint64(29)
    return bool(np.unique(hashes).size < len(runs))


def few_runs(runs: Runs) -> str | None:
    """Fewer runs than a law has parameters, and no other family to learn from."""
    if len(runs) >= FEW_RUNS or len(runs.families) > 1:
        return None
    return f"{len(runs)} runs are fewer than {FEW_RUNS}: the posterior will be mostly the prior."


def single_run_family(runs: Runs) -> str | None:
    """Families whose curve comes from the other families."""
    if not runs.families:
        return None
    counts = runs.table["family"].value_counts().to_dict()
    single = [name for name in runs.families if counts[name] == 1]
    if not single:
        return None
    if len(single) == len(runs):
        return f"every family has one run: group column {runs.group!r} seems to name runs, not families."
    has = "family has" if len(single) == 1 else f"{len(single)} families have"
    return f"{has} one run ({_named(single)}): the shape of such a curve comes from the other families."


def similar_family_names(runs: Runs) -> str | None:
    """Names that are one name to a reader."""
    alike: dict[str, list[str]] = {}
    for name in runs.families:
        alike.setdefault(_skeleton(name), []).append(name)
    pairs = [" = ".join(repr(name) for name in names) for names in alike.values() if len(names) > 1]
    if not pairs:
        return None
    return (
        f"family names differ only by case, spaces or punctuation ({_named(pairs)}): they are kept as separate "
        "families, rename them where they are one."
    )


def checkpoints_as_runs(runs: Runs) -> str | None:
    """Several rows of one run: their errors are correlated."""
    if "run" not in runs.table:
        return None
    several = int((np.bincount(run_codes(runs)) > 1).sum())
    if not several:
        return None
    verb = "run has" if several == 1 else "runs have"
    return (
        f"{several:,} {verb} more than one row: errors along a run are correlated, so the intervals are too narrow "
        "unless the model has residuals along runs (residuals='ou'), or one row per run is kept; the first checkpoints "
        "of a run follow no law, runs.drop_early() leaves them out."
    )


def _skeleton(name: str) -> str:
    """Return what is left of a name without case, spaces, punctuation and look-alike forms."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    # Only separators go: "A+" and "A" are different names.
    return re.sub(r"[\s_\-‐‑–.]+", "", folded)


def _named(names: list[str]) -> str:
    """Return the first few names as words."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
