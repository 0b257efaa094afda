"""Gadre et al.'s over-trained models: a grid of sizes and tokens on three corpora."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# Test sets of the losses.
SETS = {
    "c4": "c4_val",
    "openlm": "openlm",
    "c4-en": "paloma_c4_en",
    "code": "paloma_dolma_100_programing_languages",
    "refinedweb": "paloma_falcon-refinedweb",
    "ptb": "paloma_ptb",
    "redpajama": "paloma_redpajama",
    "de-en": "de-en",
}
# Tokens in multiples of 20 per parameter below which warm-up takes a large part of a run, up to all of it.
WARMED_UP = 1
SHORT = "of a quarter and a half of 20 tokens per parameter, short runs in which warm-up takes up to all steps"
LONG, ALL = 80, 104


def parse(path: Path, variant: str) -> Runs:
    """The runs with one of their losses."""
    table = pd.read_csv(path)
    table["loss"] = table[f"loss_{SETS.get(variant, SETS['c4'])}"]
    table["embedding_params"] = table["N"] - table["N_no_embed"]
    table = table.rename(columns={"dataset": "family", "N": "params", "D": "tokens"})
    kept = table if variant == "all" else table[table["multiplier"] >= WARMED_UP]
    columns = ["family", "params", "tokens", "loss", "embedding_params", "lr"]
    return tidied(kept[columns], f"overtraining, {variant}", left_out=[(len(table) - len(kept), SHORT)])


INFO = DatasetInfo(
    name="overtraining",
    title="Three corpora, six sizes, 20 to 640 tokens per parameter, losses on eight test sets",
    citation_key="gadre2024language",
    licence="MIT",
    notes=(
        "family: the corpus. params: total; embedding_params: total less the authors' count without embeddings. loss: "
        "nats per token on the test set that the variant names, C4's by default. compute = 6ND. lr: the peak. "
        "Left out but in the variant all: 24 runs of 0.25 and 0.5 times 20 tokens per parameter, whose warm-up takes "
        "up to all of their steps. "
        "Beware: the 95 % intervals of the source are over sequences of a test set that all runs share, so they are no "
        "error between runs and not in this table; the largest sizes have two and one runs a corpus; the families "
        "share everything but the corpus and are one cluster; their training curves are in learning-curves too."
    ),
    variants=(
        *(Variant(name, f"loss on {column}, without the shortest runs", LONG) for name, column in SETS.items()),
        Variant("all", "loss on C4, with the shortest runs", ALL),
    ),
    parse=parse,
    file=DataFile(
        "overtraining/gadre2024_runs.csv",
        "2a0f2a82bb47a59865ebb891adb6475f402efe3048cb6f6f8ba9539b6a916590",
        "a table of the 104 JSON files in exp_data/models of github.com/mlfoundations/scaling at commit a003c4913793",
    ),
)


def parse_downstream(path: Path, variant: str) -> Runs:
    """The same runs with their error over a set of tasks."""
    table = pd.read_csv(path)
    table = table.rename(columns={"dataset_name": "family", "N": "params", "D": "tokens", "loss_c4_val": "loss"})
    table["error"] = table["err_avg_subset" if variant == "subset" else "err_avg"]
    kept = table[table["cc_mult"] >= WARMED_UP]
    columns = ["family", "params", "tokens", "loss", "error"]
    left_out = [(len(table) - len(kept), SHORT)]
    return tidied(kept[columns], f"overtraining-downstream, {variant}", left_out=left_out)


DOWNSTREAM = DatasetInfo(
    name="overtraining-downstream",
    title="The runs of overtraining with their error over 46 downstream tasks",
    citation_key="gadre2024language",
    licence="MIT",
    notes=(
        "Columns as in overtraining, loss on C4; error: mean top-1 error over the authors' 17 tasks (subset), or over "
        "all 46 (every-task). "
        "Left out: the 24 shortest runs, as there. "
        "Beware: these are the runs of overtraining, no further families; the mean of tasks has no number of "
        "questions, so no binomial error."
    ),
    variants=(
        Variant("subset", "mean error of 17 tasks", LONG),
        Variant("every-task", "mean error of all 46 tasks", LONG),
    ),
    parse=parse_downstream,
    file=DataFile.on_github(
        "overtraining/overtrain_downstreams.csv",
        "689a4027953463771916b443713ed793e7af3623eafb52bc8c9bc0f5f0d8029d",
        "IBM/ColPret",
        "16f23bbe054277ddc4afd07a972dd7cfbe3f48c3",
        "raw_data/overtrain/overtrain_downstreams.csv",
    ),
    cluster="overtraining",
)
