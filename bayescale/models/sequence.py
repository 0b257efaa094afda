"""The order of the checkpoints of each run, and how far each is from the one before it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayescale.data import Runs
from bayescale.data.checkpoints import place_of, run_codes
from bayescale.language.errors import BadCell, DataError
from bayescale.models.residuals import Residuals


class Sequence(NamedTuple):
    """Rows of a table in the order of their runs.

    Args:
        rank: of every row among all rows: families in their order, in these runs in theirs, in these by progress.
        gap: to the row before in the same run; 1 where there is none.
        linked: 1 where there is one, else 0.
    """

    rank: np.ndarray
    gap: np.ndarray
    linked: np.ndarray


def sequence(runs: Runs, residuals: type[Residuals], family: np.ndarray) -> Sequence:
    """Order the rows of a table along its runs.

    Args:
        runs: the table.
        residuals: says what a gap is.
        family: the number of each row's family.

    Raises:
        DataError: there is no column that names the runs or says how far each is, or two rows are in one place.
    """
    if "run" not in runs.table:
        raise DataError(
            f"Residuals {residuals.name!r} are along runs, and the table has no column that names the run of each "
            "checkpoint; map it with columns={'run': ...} in read_runs."
        )
    name = place_of(runs)
    run, place = run_codes(runs), runs.table[name].to_numpy(float)
    if residuals.in_log_tokens:
        _refuse(place <= 0, name, place, "has no logarithm; leave out the rows from before training")
    order = np.lexsort((place, run, family))
    linked = np.zeros(len(runs))
    linked[order[1:]] = (run[order][1:] == run[order][:-1]) & (family[order][1:] == family[order][:-1])
    apart = np.log(place) if residuals.in_log_tokens else place
    step = np.zeros(len(runs))
    step[order[1:]] = np.diff(apart[order])
    _refuse((linked > 0) & (step <= 0), name, place, "is that of another row of its run; keep one row per checkpoint")
    gap = np.where(linked > 0, step if residuals.in_log_tokens else 1.0, 1.0)
    rank = np.empty(len(runs), int)
    rank[order] = np.arange(len(runs))
    return Sequence(rank, gap, linked)


def _refuse(wrong: np.ndarray, name: str, place: np.ndarray, reason: str) -> None:
    cells = tuple(BadCell(int(i) + 1, name, f"{place[i]:.15g}", reason) for i in np.flatnonzero(wrong))
    if cells:
        more = f", and {len(cells) - 1} more" if len(cells) > 1 else ""
        raise DataError(f"Residuals along runs cannot be ordered: {cells[0]}{more}.", cells)
