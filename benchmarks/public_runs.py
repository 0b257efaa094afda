"""Public experiments as one table of runs: families, the cluster of each, and what of them is used.

One rule for all: final losses of runs without repeated data, with at least one token per parameter. Runs with fewer
hardly leave their warm-up, nobody would train them to learn of larger ones, and all families lose theirs alike. Of
sweeps over the learning rate the best run of each size and number of tokens is used, as their authors do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd
from tables import REAL_DATA, registered

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


def _from_registry(name: str, variant: str | None = None) -> Found:
    """The families of a data set; one without families is a family by its own name."""
    file = bs.datasets.describe(name).file
    if file is None or not (REAL_DATA / file.path).exists():
        raise FileNotFoundError(f"{name} is not in {REAL_DATA}")
    runs = registered(name, variant)
    for family in runs.families or (None,):
        label = name if family is None else f"{name} {family}"
        yield label, name, runs.select(family).to_frame()


def _porian() -> Found:
    # The other set-ups count the same runs in another way, or have their training loss.
    for family, cluster, table in _from_registry("porian", "standard"):
        yield family.removesuffix(" standard"), cluster, table


def _misfitting() -> Found:
    # The registry's variant leaves out one run that went on beyond its planned end; this is its best row there.
    table = pd.read_csv(REAL_DATA / "misfitting" / "scaling_results.csv")
    final = table[table["portion_steps_elapsed"] >= 0.999].sort_values("loss")
    best = final.groupby(["model", "train_tokens"], as_index=False).first()
    yield "misfitting", "misfitting", best.rename(columns={"N": "params", "D": "tokens"})


def _data_constrained() -> Found:
    # With the repeats by other seeds, which the registry leaves out where no data are repeated.
    table = pd.read_csv(REAL_DATA / "data-constrained" / "runs.csv").rename(columns={"val_loss": "loss"})
    yield "data-constrained", "data-constrained", table[table["unique_tokens"] >= 0.999 * table["tokens"]]


def _pile() -> Found:
    table = bs.datasets.load("pile-families").to_frame()
    for family, cluster in PILE.items():
        yield f"pile {family}", cluster, table[table["family"] == family]


SOURCES: tuple[Callable[[], Found], ...] = (
    partial(_from_registry, "chinchilla", "besiroglu"),
    partial(_from_registry, "loss-to-loss"),
    _misfitting,
    partial(_from_registry, "overtraining"),
    _porian,
    _data_constrained,
    partial(_from_registry, "step-law", "best"),
    _pile,
)
