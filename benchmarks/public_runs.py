"""Public experiments as one table of runs: families, the cluster of each, and what of them is used.

One rule for all: final losses of runs without repeated data, with at least one token per parameter. Runs with fewer
hardly leave their warm-up, nobody would train them to learn of larger ones, and all families lose theirs alike. Of
sweeps over the learning rate the best run of each size and number of tokens is used, as their authors do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
from tables import REAL_DATA

import bayescale as bs
from bayescale.data.read import read_quietly

FEWEST_TOKENS_PER_PARAM = 1.0
# Figures of the model cards are from two laboratories' pipelines.
PILE = {"Cerebras-GPT": "cerebras", "Cerebras-GPT muP": "cerebras", "Pythia": "eleuther", "Pythia deduped": "eleuther"}
# Mathematics and code, which a model loses less on.
NOT_TEXT = ("loss-to-loss proof-pile-2", "loss-to-loss starcoder")
Found = Iterator[tuple[str, str, pd.DataFrame]]


def public_runs() -> tuple[bs.Runs, dict[str, str]]:
    """All families whose files are there, and the cluster of each: families of one cluster share a pipeline.

    Raises:
        FileNotFoundError: none of the files is there, with the folder that was looked in.
    """
    parts, clusters = [], {}
    for source in SOURCES:
        try:
            for family, cluster, table in source():
                table = table[["params", "tokens", "loss"]].astype(float)
                parts.append(table[table["tokens"] >= FEWEST_TOKENS_PER_PARAM * table["params"]].assign(family=family))
                clusters[family] = cluster
        except FileNotFoundError:
            continue
    if len(set(clusters.values())) < 4:
        raise FileNotFoundError(
            f"The public experiments are not in {REAL_DATA}; BAYESCALE_TEST_DATA names their folder."
        )
    return read_quietly(pd.concat(parts, ignore_index=True), group="family"), clusters


def _loss_to_loss() -> Found:
    table = pd.read_csv(REAL_DATA / "loss-to-loss" / "sweep.csv").rename(columns={"val_loss": "loss"})
    for corpus, part in table.groupby("data"):
        yield f"loss-to-loss {corpus}", "loss-to-loss", part


def _chinchilla() -> Found:
    table = pd.read_csv(REAL_DATA / "chinchilla" / "svg_extracted_data.csv").sort_values("loss").iloc[:-5]
    tokens = table["Training FLOP"] / (6.0 * table["Model Size"])
    yield "chinchilla", "chinchilla", table.assign(params=table["Model Size"], tokens=tokens)


def _misfitting() -> Found:
    table = pd.read_csv(REAL_DATA / "misfitting" / "scaling_results.csv")
    final = table[table["portion_steps_elapsed"] >= 0.999].sort_values("loss")
    best = final.groupby(["model", "train_tokens"], as_index=False).first()
    yield "misfitting", "misfitting", best.rename(columns={"N": "params", "D": "tokens"})


def _overtraining() -> Found:
    table = pd.read_csv(REAL_DATA / "overtraining" / "gadre2024_runs.csv")
    # Runs at a quarter and a half of the usual tokens never leave their warm-up.
    table = table[table["multiplier"] >= 1].rename(columns={"N": "params", "D": "tokens", "loss_c4_val": "loss"})
    for corpus, part in table.groupby("dataset"):
        yield f"overtraining {corpus}", "overtraining", part


def _porian() -> Found:
    table = pd.read_csv(REAL_DATA / "porian" / "porian2024_isoflops_flat.csv")
    # The other set-ups count the same runs in another way, or have their training loss.
    table = table[(table["param_count"] == "standard") & (table["loss_kind"] == "val")]
    for setup, part in table.rename(columns={"N": "params", "D": "tokens"}).groupby(
        ["dataset", "hparams", "warmup", "decay"]
    ):
        yield f"porian {' '.join(map(str, setup))}", "porian", part


def _data_constrained() -> Found:
    table = pd.read_csv(REAL_DATA / "data-constrained" / "runs.csv").rename(columns={"val_loss": "loss"})
    yield "data-constrained", "data-constrained", table[table["unique_tokens"] >= 0.999 * table["tokens"]]


def _step_law() -> Found:
    table = pd.read_csv(REAL_DATA / "step-law" / "dense_lr_bs_loss.csv").rename(columns={"N": "params", "D": "tokens"})
    best = table.groupby(["params", "tokens"], as_index=False)["smooth loss"].min()
    yield "step-law", "step-law", best.rename(columns={"smooth loss": "loss"})


def _pile() -> Found:
    table = bs.datasets.load("pile-families").to_frame()
    for family, cluster in PILE.items():
        yield f"pile {family}", cluster, table[table["family"] == family]


SOURCES: tuple[Callable[[], Found], ...] = (
    _chinchilla, _loss_to_loss, _misfitting, _overtraining, _porian, _data_constrained, _step_law, _pile
)  # fmt: skip
