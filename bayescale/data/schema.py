"""The canonical columns of a table of runs: their order, their kind and what a usable cell is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """A canonical column.

    Args:
        name: its name in ``Runs.table`` and its key in ``columns={...}``.
        kind: ``"number"`` (read as float64) or ``"text"`` (read as a label).
        lower: the bound below which a number is unusable.
        strict: True when the bound itself is unusable too.
    """

    name: str
    kind: Literal["number", "text"] = "number"
    lower: float = 0.0
    strict: bool = True


# The order is that of the columns of every table of runs, and of the bytes that are hashed.
COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("params"),
        Column("tokens"),
        Column("compute"),
        Column("loss"),
        Column("family", kind="text"),
        Column("run", kind="text"),
        Column("step", strict=False),
        Column("budget", kind="text"),
        Column("loss_se", strict=False),
        Column("batch_tokens"),
        Column("lr"),
        Column("unique_tokens"),
    )
}

DESIGN_COLUMNS = ("params", "tokens", "compute")
REQUIRED_COLUMNS = (*DESIGN_COLUMNS, "loss")

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
    "tokens": ("d", "n_tokens", "num_tokens", "train_tokens", "training_tokens", "dataset_size", "data"),
    "compute": ("c", "flops", "flop", "training_flops", "training_flop", "training flop", "train_flops", "iso_flop"),
    "loss": ("l", "val_loss", "valid_loss", "validation_loss", "test_loss", "eval_loss", "train_loss", "xent", "nll"),
    "family": ("group", "dataset", "corpus", "arch", "architecture", "model_family"),
}
