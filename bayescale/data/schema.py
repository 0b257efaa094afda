"""The canonical columns of a table of runs: their order, their kind and what a usable cell is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bayescale.language.errors import SettingsError
from bayescale.language.quantities import (
    ACCURACY,
    BATCH,
    COMPUTE,
    ERROR,
    LEARNING_RATE,
    LOSS,
    MIXTURE,
    PARAMS,
    QUANTITIES,
    TOKENS,
    Quantity,
    mixture,
)


@dataclass(frozen=True)
class Column:
    """A canonical column.

    Args:
        name: its name in ``Runs.table`` and its key in ``columns={...}``.
        kind: ``"number"`` (read as float64) or ``"text"`` (read as a label).
        lower: the bound below which a number is unusable.
        strict: True when the bound itself is unusable too.
        upper: the bound above which a number is unusable.
    """

    name: str
    kind: Literal["number", "text"] = "number"
    lower: float = 0.0
    strict: bool = True
    upper: float = math.inf

    @classmethod
    def of(cls, quantity: Quantity) -> Column:
        """The column of a quantity."""
        return cls(quantity.name, lower=quantity.lower, strict=quantity.strict, upper=quantity.upper)


def error_column(response: Quantity) -> Column:
    """The column of the standard errors of a measured quantity."""
    return Column(f"{response.name}_se", strict=False)


def _text(name: str) -> Column:
    return Column(name, kind="text")


# fmt: off
_FIRST = (
    *map(Column.of, (PARAMS, TOKENS, COMPUTE, LOSS)), _text("family"), _text("run"), Column.of(QUANTITIES["step"]),
    _text("budget"), error_column(LOSS),
)
# fmt: on

# The order is that of the columns of every table of runs, and of the bytes that are hashed: what is new goes last.
COLUMNS: dict[str, Column] = {column.name: column for column in _FIRST}
COLUMNS |= {name: Column.of(quantity) for name, quantity in QUANTITIES.items() if name not in COLUMNS}
COLUMNS |= {column.name: column for column in (error_column(ACCURACY), error_column(ERROR))}
# Relative sd by which a law may itself miss the run; see Runs.with_model_error.
MODEL_ERROR = "model_error"
COLUMNS[MODEL_ERROR] = Column(MODEL_ERROR, strict=False)


def columns_with(quantities: Iterable[Quantity]) -> dict[str, Column]:
    """The canonical columns by name, then those of further quantities and of their standard errors.

    Raises:
        SettingsError: a quantity that would give a canonical column another meaning.
    """
    found = dict(COLUMNS)
    for quantity in sorted(quantities, key=lambda q: q.name):
        known = QUANTITIES.get(quantity.name)
        if known is None and quantity.name not in COLUMNS:
            found[quantity.name] = Column.of(quantity)
            if not is_mixture(quantity.name):
                found.setdefault(f"{quantity.name}_se", error_column(quantity))
        elif known is None or Column.of(known) != Column.of(quantity):
            raise SettingsError(
                f"The quantity {quantity.name!r} has the name of a column that every table may have and is another; "
                "give it another name, or take the one of bayescale.language.quantities."
            )
    return found


def mixtures_in(names: Iterable[str]) -> tuple[Quantity, ...]:
    """The mixture weights among names of columns."""
    names = (str(name) for name in names)
    return tuple(mixture(name.removeprefix(MIXTURE)) for name in names if is_mixture(name))


def is_mixture(name: str) -> bool:
    """Whether a column has the name of a mixture weight."""
    return name.startswith(MIXTURE) and name != MIXTURE and name.isidentifier()


DESIGN_COLUMNS = ("params", "tokens", "compute")
REQUIRED_COLUMNS = (*DESIGN_COLUMNS, "loss")
# What laws predict; a table has one of them at least.
RESPONSES = tuple(quantity.name for quantity in (LOSS, ACCURACY, ERROR, LEARNING_RATE, BATCH))

# Fewer points than this leave not one law with a spare degree of freedom, however strong its prior.
FEWEST_ROWS = 3

# How people call these columns: used to suggest a mapping in an error, never to guess one.
ALIASES: dict[str, tuple[str, ...]] = {
    "params": (
        "n",
        "n_params",
        "num_params",
        "parameters",
        "n_parameters",
        "param_count",
        "model_size",
        "model size",
        "size",
    ),
    "tokens": (
        "d",
        "n_tokens",
        "num_tokens",
        "train_tokens",
        "training_tokens",
        "tokens_b",
        "tokens_bn",
        "dataset_size",
        "data",
    ),
    "compute": ("c", "flops", "flop", "training_flops", "training_flop", "training flop", "train_flops", "iso_flop"),
    "loss": (
        "l",
        "val_loss",
        "valid_loss",
        "validation_loss",
        "test_loss",
        "eval_loss",
        "train_loss",
        "xent",
        "nll",
        "bpb",
        "val_bpb",
        "ppl",
        "val_ppl",
        "perplexity",
    ),
    "family": ("group", "dataset", "corpus", "arch", "architecture", "model_family"),
    "run": ("run_id", "run_name", "experiment", "experiment_id"),
}
