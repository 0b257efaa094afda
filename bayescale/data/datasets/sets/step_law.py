"""Li et al.'s grids of learning rates and batch sizes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# Batches are counted in sequences of so many tokens.
SEQUENCE = 2048.0
# Losses above this are those of runs that diverged.
DIVERGED = 4.0


def parse(path: Path, variant: str) -> Runs:
    """The whole grid, the runs that did not diverge, or the best of each cell."""
    table = pd.read_csv(path)
    grid = pd.DataFrame({"params": table["N"], "tokens": table["D"], "loss": table["smooth loss"]}).astype(float)
    grid = grid.assign(lr=table["lr"], batch_tokens=SEQUENCE * table["bs"])
    kept, left_out = grid, []
    if variant == "converged":
        kept = grid[grid["loss"] <= DIVERGED]
        left_out = [(len(grid) - len(kept), f"that diverged, to losses above {DIVERGED:g}")]
    elif variant == "best":
        kept = grid.loc[grid.groupby(["params", "tokens"])["loss"].idxmin()]
        left_out = [(len(grid) - len(kept), "of other settings than the best of their size and tokens")]
    return tidied(kept, f"step-law, {variant}", left_out=left_out, params_convention="non_embedding")


INFO = DatasetInfo(
    name="step-law",
    title="17 pairs of size and tokens, each with a grid of learning rates and batch sizes",
    citation_key="li2025predictable",
    licence="No licence in the repository.",
    notes=(
        "params: without embeddings (4 d^2 + 3 d d_ff for each layer). batch_tokens: the source counts sequences of "
        "2,048 tokens. lr: the peak. loss: the smoothed last training loss, nats per token. compute = 6ND without "
        "embeddings. "
        "Left out by default: 181 runs that diverged, to losses above 4. "
        "Beware: most runs are mistuned on purpose and say nothing of the best loss at their size: for laws of size "
        "and tokens take best; the best of a hundred noisy losses is too low by some hundredths of a per cent."
    ),
    variants=(
        Variant("converged", "every run that did not diverge", 1730),
        Variant("grid", "every run", 1911),
        Variant("best", "the best run of each size and tokens", 17),
    ),
    parse=parse,
    file=DataFile.on_github(
        "step-law/dense_lr_bs_loss.csv",
        "9e46181076c04d450294d75dfe6f72adc416e231e154a07b337e378f9410002c",
        "step-law/steplaw",
        "32a8f4cc5024",
        "data/dense_lr_bs_loss.csv",
    ),
)
