"""Tables with several rows per run: which rows are checkpoints of one run, and which of them are too early to count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayescale.language.errors import DataError, DataWarning, SettingsError

if TYPE_CHECKING:
    from bayescale.data.runs import Runs

# What says how far a run is, the first that a table has.
PLACES = ("tokens", "step")
# The code of the warning that says what was dropped; it stays with the runs.
DROPPED = "early-checkpoints-dropped"


def run_codes(runs: Runs) -> np.ndarray:
    """Return a number for the run of each row, in order of appearance; a table without a column run has one per row.

    A name such as "seed 1" that families or sizes share is not one run.
    """
    if "run" not in runs.table:
        return np.arange(len(runs))
    codes = np.zeros(len(runs), np.int64)
    # Column by column, which takes a third of the memory of grouping by all of them.
    for name in ("family", "run", "params"):
        if name in runs.table:
            column, names = pd.factorize(runs.table[name])
            codes, _ = pd.factorize(codes * len(names) + column)
    return codes


def place_of(runs: Runs) -> str:
    """Return the column that says how far a run is.

    Raises:
        DataError: there is none.
    """
    for name in PLACES:
        if name in runs.table:
            return name
    raise DataError(
        "Checkpoints need a column that says how far their run is, tokens or step; map one with columns={...} in "
        "read_runs."
    )


def has_checkpoints(runs: Runs) -> bool:
    """Whether some run has more than one row."""
    return "run" in runs.table and bool(np.bincount(run_codes(runs)).max(initial=0) > 1)


@dataclass(frozen=True)
class Early:
    """Which checkpoints are too early for a law of training: in warm-up, or before the curve has settled.

    Both rules are those of Choshen et al., for runs of some 1e11 tokens.

    Args:
        fraction: rows before this part of their run are early, in [0, 1); 0 switches this off. The run's end is its
            last row in the table.
        tokens: rows with fewer are early; 0 switches this off, as runs of a few 1e10 tokens need.

    References:
        choshen2024hitchhiker
    """

    fraction: float = 0.1
    tokens: float = 10e9

    def __post_init__(self) -> None:
        if not 0 <= self.fraction < 1:
            raise SettingsError(f"fraction must be at least 0 and below 1, got {self.fraction!r}.")
        if not 0 <= self.tokens < float("inf"):
            raise SettingsError(f"tokens must be a number of tokens, or 0 for no such rule, got {self.tokens!r}.")

    def in_fraction(self, runs: Runs) -> np.ndarray:
        """Rows in the first part of their run."""
        if not self.fraction:
            return np.zeros(len(runs), bool)
        place, run = runs.table[place_of(runs)].to_numpy(float), run_codes(runs)
        end = np.zeros(run.max(initial=-1) + 1)
        np.maximum.at(end, run, place)
        return place < self.fraction * end[run]

    def in_tokens(self, runs: Runs) -> np.ndarray:
        """Rows with few tokens.

        Raises:
            DataError: the table has no tokens.
        """
        if not self.tokens:
            return np.zeros(len(runs), bool)
        if "tokens" not in runs.table:
            raise DataError("The first tokens of a run cannot be dropped from a table without tokens; give tokens=0.")
        return runs.table["tokens"].to_numpy(float) < self.tokens

    def drop(self, runs: Runs) -> tuple[np.ndarray, DataWarning | None]:
        """Return which rows stay, and what is to be said of the others.

        Raises:
            DataError: no row would stay.
        """
        first, few = self.in_fraction(runs), self.in_tokens(runs)
        kept = ~(first | few)
        if kept.all():
            return kept, None
        run = run_codes(runs)
        whole = np.setdiff1d(run, run[kept]).size
        counts = [f"{first.sum():,} in the first {100 * self.fraction:g} % of their run"] if self.fraction else []
        counts += [f"{few.sum():,} below {self.tokens:.3g} tokens"] if self.tokens else []
        said = f"{(~kept).sum():,} of {len(runs):,} rows ({' and '.join(counts)})"
        if not kept.any():
            raise DataError(f"All rows are early checkpoints: {said}. Give a smaller fraction or tokens, or 0.")
        lost = f", with them all rows of {whole:,} of {np.unique(run).size:,} runs" if whole else ""
        return kept, DataWarning(DROPPED, f"early checkpoints were dropped: {said}{lost}.")
