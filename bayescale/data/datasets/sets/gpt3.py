"""Brown et al.'s curves of GPT-3, digitised."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# Nominal sizes (table 2.1 of the paper) by the labels of the file.
SIZES = {
    "small": 125e6,
    "medium": 350e6,
    "large": 760e6,
    "xl": 1.3e9,
    "2.7b": 2.7e9,
    "6.7b": 6.7e9,
    "13b": 13e9,
    "175b": 175e9,
}
COLUMNS = {"validation": "val_loss", "training": "train_loss"}


def parse(path: Path, variant: str) -> Runs:
    """The points of one kind of loss along the eight runs."""
    table = pd.read_csv(path).rename(columns={COLUMNS[variant]: "loss", "model": "run"})
    table["params"], table["tokens"] = table["run"].map(SIZES), 1e9 * table["step"]
    kept = table[table["loss"].notna()].sort_values(["params", "tokens"], kind="stable")
    left_out = [(len(table) - len(kept), "of the other kind of loss")]
    return tidied(kept[["params", "tokens", "loss", "run"]], f"gpt3, {variant}", left_out=left_out)


INFO = DatasetInfo(
    name="gpt3",
    title="Training curves of the eight sizes of GPT-3, digitised",
    citation_key="brown2020language",
    licence="MIT",
    notes=(
        "tokens: the source's step, which counts billions of tokens. params: nominal sizes of the paper. loss: nats "
        "per token, read off a figure. run: one per size. compute = 6ND. There is one family. "
        "Left out: the points of the other loss; no point before about 1e10 tokens was digitised. "
        "Beware: these are checkpoints along eight schedules, before their learning rates have decayed, and not final "
        "losses; neighbours are correlated; the same curves are in learning-curves."
    ),
    variants=(
        Variant("validation", "validation losses", 6506),
        Variant("training", "training losses", 5591),
    ),
    parse=parse,
    file=DataFile.on_github(
        "learning-curves/extracted.csv",
        "ea73b550de60d8b278523fa69385df0c2892546f8820aea12b4d1fe2d4f98962",
        "IBM/ColPret",
        "16f23bbe054277ddc4afd07a972dd7cfbe3f48c3",
        "raw_data/gpt3/extracted.csv",
    ),
)
