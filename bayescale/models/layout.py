"""From a table to the arrays of a compiled model: blocks of one family's rows, padded to a few sizes and masked.

Tables whose arrays have the same shapes are of one *bucket* and share one compiled model: tables with as many families
(and levels of effects, if the model has any), whose blocks have the same width and, after padding, the same number.
The sizes of single families, their names and their designs make no difference, nor do some more or fewer rows, unless
they cross from one padded number to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jax import tree

from bayescale.data import Runs
from bayescale.data.schema import COLUMNS, is_mixture
from bayescale.language.errors import DataError
from bayescale.laws import Law
from bayescale.models.effects import RunEffects
from bayescale.models.noise import Noise
from bayescale.models.residuals import Residuals
from bayescale.models.responses import responses
from bayescale.models.sequence import sequence

if TYPE_CHECKING:
    from bayescale.models.model import Model

SMALLEST_BLOCK = 16


@dataclass(frozen=True, eq=False)
class Layout:
    """Padded blocks.

    Args:
        arrays: the arguments of the compiled model: ``inputs`` (per law argument, block x row), ``log_loss``,
            ``measurement_sd``, ``mask``, ``level`` (block x row), ``family`` (block) and the ``anchors``. The last
            blocks may be padding as a whole. ``log_loss`` is the log of the law's response, whatever that is; for a
            noise of the response itself it is approximate, and ``value`` has what :func:`responses` says. With
            residuals along runs, rows are in the order of :func:`sequence`, whose ``gap`` and ``linked`` are there
            too: the row before another one is the one in the place before it, blocks read one after the other.
        families: names; one empty name for an ungrouped table.
        levels: (family, value) of every random-effect level.
        position: block and place of every row of the table, two integer arrays.
    """

    arrays: dict[str, Any]
    families: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    position: tuple[np.ndarray, np.ndarray]


def lay_out(
    law: type[Law],
    runs: Runs,
    effects: RunEffects | None,
    anchors: dict[str, float],
    noise: type[Noise] | None = None,
    residuals: type[Residuals] | None = None,
) -> Layout:
    """Arrange the rows of ``runs`` in blocks, for a noise; None stands for any noise of log loss.

    Raises:
        DataError: the table lacks a column that law, noise or effects need, or has responses that these cannot take.
    """
    require_columns(law, runs, effects, noise)
    families = runs.families or ("",)
    family = _codes(runs.table["family"], families) if runs.families else np.zeros(len(runs), int)
    width = block_width(np.bincount(family, minlength=len(families)))
    along = None if residuals is None else sequence(runs, residuals, family)
    position, block_family = _positions(family, len(families), width, None if along is None else along.rank)
    levels, level = _levels(runs, effects, family, families)

    blocks = padded_count(block_family.size)
    block_family = np.pad(block_family, (0, blocks - block_family.size), mode="edge")

    def spread(column: np.ndarray, fill: Any) -> np.ndarray:
        if np.all(column == fill):  # one number for all cells takes no memory of theirs
            return np.broadcast_to(np.asarray(fill, np.asarray(column).dtype), (blocks, width))
        out = np.full((blocks, width), fill, dtype=np.asarray(column).dtype)
        out[position] = column
        return out

    observed = responses(law, runs, noise)
    columns = {argument: runs.numbers(q.name) for argument, q in law.arguments.items()}
    arrays = {
        # Padding repeats a real design point, so that padded cells stay finite before they are masked.
        "inputs": {argument: spread(column, column[0]) for argument, column in columns.items()},
        "log_loss": spread(observed["log_loss"], observed["log_loss"][0]),
        "measurement_sd": spread(observed["measurement_sd"], 0.0),
        "mask": spread(np.ones(len(runs), bool), False),
        "level": spread(level, 0),
        "family": block_family,
        "level_family": np.array([families.index(name) for name, _ in levels], int),
        "anchors": {name: np.float64(value) for name, value in anchors.items()},
    }
    if along is not None:
        arrays |= {"gap": spread(along.gap, 1.0), "linked": spread(along.linked, 0.0)}
    if "value" in observed:
        arrays["value"] = tree.map(lambda column: spread(column, column[0]), observed["value"])
    return Layout(arrays, families, levels, position)


def design_anchors(law: type[Law], runs: Runs, given: Iterable[tuple[str, float]] = ()) -> dict[str, float]:
    """The anchors of a law at a design: those that priors gave, else the geometric mean of each anchored input."""
    anchors, at = {}, dict(given)
    for anchor in law.anchors:
        if anchor.name in at:
            anchors[anchor.name] = at[anchor.name]
            continue
        column = law.arguments[anchor.argument].name
        values = runs.numbers(column)
        if not (values > 0).all():
            raise DataError(
                f"The law {law.name!r} has the anchor {anchor.name} at the geometric mean of {column}, and there are "
                "zeros in the table; leave these runs out, or declare the law without that anchor."
            )
        anchors[anchor.name] = float(np.exp(np.log(values).mean()))
    return anchors


def model_anchors(model: Model, runs: Runs) -> dict[str, float]:
    """The anchors of a model's law at a design: where its priors hold."""
    return design_anchors(model.law, runs, model.anchors)


def block_width(counts: np.ndarray) -> int:
    """The rows of a block: the power of two next to a quarter of a family's mean, at least 16.

    The last block of a family is half empty on average, so an eighth of all places are; smaller blocks cost more, since
    every block has parameters of its own. Tables with about as many rows per family have the same width.
    """
    return max(SMALLEST_BLOCK, 2 ** round(np.log2(counts.mean() / 4.0)))


def padded_count(blocks: int) -> int:
    """The number of blocks after padding: a multiple of four, or of an eighth of the power of two below it.

    From 32 blocks on that is at most an eighth more; fewer blocks cost next to nothing.
    """
    if blocks <= 4:
        return 1 << (blocks - 1).bit_length()
    step = 1 << max(blocks.bit_length() - 4, 2)
    return -(-blocks // step) * step


def _positions(
    family: np.ndarray, n_families: int, width: int, rank_of_all: np.ndarray | None = None
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Block and place of every row, and the family of every block; rows are in the order of the table, or as ranked."""
    counts = np.bincount(family, minlength=n_families)
    blocks = np.maximum(1, -(-counts // width))
    first_block = np.concatenate([[0], np.cumsum(blocks)[:-1]])
    order = np.argsort(family, kind="stable") if rank_of_all is None else np.argsort(rank_of_all)
    rank = np.empty(family.size, int)
    rank[order] = np.arange(family.size) - np.concatenate([[0], np.cumsum(counts)[:-1]])[family[order]]
    # Half as wide as usual, since a layout keeps them: there are never so many blocks.
    position = ((first_block[family] + rank // width).astype(np.int32), (rank % width).astype(np.int32))
    return position, np.repeat(np.arange(n_families), blocks)


def _levels(
    runs: Runs, effects: RunEffects | None, family: np.ndarray, families: tuple[str, ...]
) -> tuple[tuple[tuple[str, str], ...], np.ndarray]:
    if effects is None:
        return (), np.zeros(len(runs), int)
    keys = list(zip((families[f] for f in family), runs.table[effects.column].astype(str), strict=True))
    levels = tuple(dict.fromkeys(keys))
    index = {key: i for i, key in enumerate(levels)}
    return levels, np.array([index[key] for key in keys])


def _codes(column: Any, names: tuple[str, ...]) -> np.ndarray:
    codes, found = pd.factorize(column)
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[name] for name in found])[codes]


def require_columns(
    law: type[Law], runs: Runs, effects: RunEffects | None = None, noise: type[Noise] | None = None
) -> None:
    """Check that the table has the columns that law, noise and effects need.

    Raises:
        DataError: it lacks one.
    """
    needs = {f"law {law.name!r}": (*law.inputs(), law.response.name)}
    if noise is not None:
        needs[f"noise {noise.name!r}"] = tuple(quantity.name for quantity in noise.columns.values())
    for what, names in needs.items():
        if missing := [name for name in names if name not in runs.table]:
            own = [name for name in missing if name not in COLUMNS and not is_mixture(name)]
            if any(map(is_mixture, missing)):
                raise DataError(
                    f"The {what} needs the weights {', '.join(missing)}, which the table lacks: make a law of the "
                    "table's own domains with laws.mixing_law(...)."
                )
            also = f" law={law.__name__} reads quantities of its own." if own else ""
            raise DataError(
                f"The {what} needs the column{'s' * (len(missing) > 1)} {', '.join(missing)}, which the table "
                f"lacks; it has {', '.join(runs.table.columns)}. Map one with columns={{...}} in read_runs.{also}"
            )
    taken = [name for name in law.inputs() if is_mixture(name)]
    beyond = [name for name in runs.table if is_mixture(name) and name not in taken]
    # A law of one weight may take the others to be what it leaves.
    if len(taken) > 1 and beyond:
        raise DataError(
            f"The law {law.name!r} takes the weights {', '.join(taken)}, and the mixtures of the table have "
            f"{', '.join(beyond)} too: make a law of all its domains with laws.mixing_law(...)."
        )
    if effects is not None and effects.column not in runs.table:
        raise DataError(
            f"Effects over {effects.column!r} need that column; map it with "
            f"columns={{'{effects.column}': ...}} in read_runs."
        )
