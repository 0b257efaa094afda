"""Li et al.'s runs of their survey: sizes from 6e7 to 1.2e9 at several lengths and learning rates."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

SETTING = ["model", "total_steps"]
LABELS = [*SETTING, "peak_lr"]
# Part of a run that its checkpoints are taken from.
FIRST_PART = 0.1


def parse(path: Path, variant: str) -> Runs:
    """Last rows, the best of them over learning rates, or checkpoints."""
    table = pd.read_csv(path)
    table["embedding_params"] = table["N"] - table["N_no_emb"]
    table = table.rename(columns={"N": "params", "D": "tokens", "current_steps": "step"})
    make = _checkpoints if variant == "checkpoints" else _final
    kept, left_out = make(table)
    if variant == "best":
        best = kept.loc[kept.groupby(SETTING, sort=False)["loss"].idxmin()]
        left_out.append((len(kept) - len(best), "of a learning rate that was not the best of its size and length"))
        kept = best
    columns = ["params", "tokens", "loss", *(["run", "step"] if variant == "checkpoints" else []), "embedding_params"]
    return tidied(kept[columns], f"misfitting, {variant}", left_out=left_out)


def _final(table: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """The last row of each run; runs that are listed under two learning rates count once."""
    last = table[table["step"] == table["total_steps"]]
    kept = last.drop_duplicates([*SETTING, "loss"])
    return kept, [
        (len(table) - len(last), "at another step than the last of their run (two of them after it)"),
        (len(last) - len(kept), "with the size, length and every digit of the loss of another row, a run listed twice"),
    ]


def _checkpoints(table: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """Checkpoints from a tenth on, of runs that can be told apart."""
    rows = table.drop_duplicates([*LABELS, "step", "loss"])
    # Two curves under one label cannot be told apart, nor is the label right for either.
    mixed = rows.groupby(LABELS)["step"].transform(lambda step: step.duplicated().any())
    told = rows[~mixed]
    part = told["step"] / told["total_steps"]
    kept = told[part.between(FIRST_PART, 1.0)].sort_values([*LABELS, "step"])
    kept = kept.assign(run=kept[LABELS].astype(str).agg(" ".join, axis=1))
    return kept, [
        (len(table) - len(rows), "listed twice"),
        (int(mixed.sum()), "under labels of size, length and learning rate that two curves share"),
        (len(told) - len(kept), "in the first tenth of their run, or after its end"),
    ]


INFO = DatasetInfo(
    name="misfitting",
    title="Eleven sizes at several lengths and learning rates, with checkpoints, loss on C4",
    citation_key="li2025misfitting",
    licence="No licence in the repository.",
    notes=(
        "params: total; embedding_params: total less the authors' count without embeddings (79 % of the smallest "
        "model, 15 % of the largest). compute = 6ND. loss: nats per token on C4. One batch size (2^20 tokens), so "
        "tokens and steps are the same. There is one family. "
        "Left out of final and best: checkpoints, and 21 last rows that have the size, the length and every digit of "
        "the loss of another row. Those are runs listed twice, some under two learning rates of which one is wrong, "
        "and which is unknown: hence no column lr. "
        "Left out of checkpoints: labels under which two curves run, and the first tenth of each run. "
        "Beware: the learning rates of final are a grid and many are far from the best, so errors are skewed upwards; "
        "best takes the lowest last loss for each size and length, and does not depend on the labels."
    ),
    variants=(
        Variant("final", "the last row of each run", 240),
        Variant("best", "the best last row over learning rates, for each size and length", 81),
        Variant("checkpoints", "checkpoints after a tenth of training, of runs whose labels are unique", 4355),
    ),
    parse=parse,
    file=DataFile.on_github(
        "misfitting/scaling_results.csv",
        "193b4b7665365112605417e2ef06d55efe599cfa08412354e3ae42c3af7a9f58",
        "hadasah/scaling_laws",
        "1f3708c0a12df0effb0ee906b1da5f9f0ff4f4f1",
        "data/scaling_results.csv",
    ),
)
