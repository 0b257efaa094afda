"""Tables side by side: padded arrays of many tables, as arguments of one compiled function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bayescale.data import Runs
from bayescale.data.schema import MODEL_ERROR
from bayescale.laws import Law
from bayescale.models.responses import responses

# Rows evaluated together; tables are computed in as many tiles as the longest of a chunk needs, whatever they are
# padded to. The padding decides what is compiled: up to WIDTH rows are one shape, then each doubling is one.
TILE, WIDTH = 16, 128


class Rows(NamedTuple):
    """One table, or many with the table as first axis of every array.

    Args:
        inputs: each argument of the law, over row.
        log_loss: over row; of another response than the loss, the log of that.
        measurement_sd: of it, over row, or of length 1 and zero where no table of the bucket has any.
        mask: 1 for rows, 0 for padding.
        count: number of rows.
        anchors: of the law.
    """

    inputs: Mapping[str, Any]
    log_loss: Any
    measurement_sd: Any
    mask: Any
    count: Any
    anchors: Mapping[str, Any]


class Bucket(NamedTuple):
    """What tables share a compiled function by.

    Args:
        width: padded rows.
        with_errors: whether responses have standard errors, or the law an error of its own.
    """

    width: int
    with_errors: bool

    @classmethod
    def of(cls, law: type[Law], runs: Runs) -> Bucket:
        """The bucket of a table for a law."""
        width = WIDTH << max(0, (len(runs) - 1).bit_length() - WIDTH.bit_length() + 1)
        return cls(width, bool({f"{law.response.name}_se", MODEL_ERROR} & set(runs.table)))


def stack(law: type[Law], tables: Sequence[Runs], anchors: Sequence[Mapping[str, float]], width: int) -> Rows:
    """Return tables of one bucket as padded arrays; padding repeats a table's first row, so that it stays finite."""
    counts = np.array([len(runs) for runs in tables])
    index = np.arange(width)
    index = np.where(index < counts[:, None], index, 0)

    def padded(name: str) -> np.ndarray:
        return np.stack([runs.numbers(name)[row] for runs, row in zip(tables, index, strict=True)])

    seen = [responses(law, runs, None) for runs in tables]

    def gathered(name: str) -> np.ndarray:
        return np.stack([one[name][row] for one, row in zip(seen, index, strict=True)])

    with_errors = Bucket.of(law, tables[0]).with_errors
    return Rows(
        inputs={argument: padded(quantity.name) for argument, quantity in law.arguments.items()},
        log_loss=gathered("log_loss"),
        measurement_sd=gathered("measurement_sd") if with_errors else np.zeros((len(tables), 1)),
        mask=(np.arange(width) < counts[:, None]) * 1.0,
        count=counts,
        anchors={name: np.array([a[name] for a in anchors]) for name in (a.name for a in law.anchors)},
    )
