"""Choshen et al.'s collection of training curves, as far as their unit is known to be nats per token."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# Families in nats per token, by what the names of their curves begin with.
NATS = {
    "GPT-3": r"GPT-3 ",
    "C4": r"c4_original-d=",
    "RPJ": r"rpj-d=",
    "RefinedWeb": r"rw_original-d=",
    "GPT2-c4": r"GPT2-[\d.]+B-c4-(?!44)",
    "GPT2-oscar": r"GPT2-[\d.]+B-oscar-(?!44)",
    "GPT2, 44 epochs": r"GPT2-[\d.]+B-\w+-44",
}
# What the others measure.
OTHER = {"in perplexity (OPT)": r"OPT-", "in logs of perplexities over tasks (Pythia)": r"pythia-"}
REST = "in scores or losses of unknown unit (Amber, OLMo, Pile and SlimPajama mixtures, LaMDA, T5 and others)"
# Nominal sizes of Brown et al.; parameters of Gadre et al.'s shapes, by their width.
NAMED = {"Small": 125e6, "Medium": 350e6, "Large": 760e6, "XL": 1.3e9}
WIDTHS = {96: 10_569_312, 512: 78_914_048, 576: 153_677_376, 1024: 411_616_256}
UNITS = {"B": 1e9, "M": 1e6}


def params_of(name: str) -> float:
    """The parameters of the model that a curve is named after."""
    if shape := re.search(r"-d=(\d+)_", name):
        return float(WIDTHS[int(shape[1])])
    if size := re.search(r"([\d.]+)([BM])", name):
        return float(size[1]) * UNITS[size[2]]
    return NAMED[name.split()[-1]]


def parse(path: Path, variant: str) -> Runs:
    """The curves in nats per token, each place once."""
    with np.load(path, allow_pickle=False) as data:
        curves = {name: data[name] for name in data.files}
    parts, left_out, repeated = [], dict.fromkeys((*OTHER, REST), 0), 0
    for name, (tokens, loss) in curves.items():
        family = next((family for family, start in NATS.items() if re.match(start, name)), None)
        if family is None:
            left_out[next((why for why, start in OTHER.items() if re.match(start, name)), REST)] += len(tokens)
            continue
        place, first = np.unique(tokens, return_index=True)
        repeated += len(tokens) - len(place)
        columns = {"family": family, "run": name, "params": params_of(name), "tokens": place, "loss": loss[first]}
        parts.append(pd.DataFrame(columns))
    table = pd.concat(sorted(parts, key=lambda part: list(NATS).index(part["family"].iloc[0])), ignore_index=True)
    reasons = [(count, why) for why, count in left_out.items()]
    return tidied(table, "learning-curves", left_out=[*reasons, (repeated, "at a place that its curve has already")])


INFO = DatasetInfo(
    name="learning-curves",
    title="Training curves of GPT-3, of over-trained and of data-constrained models, in nats per token",
    citation_key="choshen2024hitchhiker",
    licence="MIT",
    notes=(
        "family: where the curves are from; run: the source's name of a curve. params: nominal for GPT-3 and GPT2, the "
        "counts of overtraining for C4, RPJ and RefinedWeb. compute = 6ND. loss: nats per token, along training. "
        "Left out: curves in other units, which the file mixes without a word: OPT's are perplexities, Pythia's are "
        "logs of mean perplexities of tasks, others are scores or unknown; and points at a place that their curve has. "
        "Beware: checkpoints of a run are correlated and most are far from the end of their schedule; runs of -0.25 "
        "and -0.5 are mostly warm-up; over 44 epochs the loss rises. GPT-3 is gpt3 again, C4, RPJ and RefinedWeb are "
        "runs of overtraining, GPT2 of data-constrained: their clusters are named after those."
    ),
    variants=(Variant("nats", "curves in nats per token", 28966),),
    parse=parse,
    file=DataFile(
        "learning-curves/colpret.npz",
        "17053ca90b30704c1f7d59f7ec47701c2d07e85cc17f39dbd67699ef28e722e4",
        "colpret.npz of github.com/DongWooLee-Eli/nslpfn at commit 10a5a60911a2, where its folder is not known here",
    ),
    cluster="data-constrained",
    family_clusters={"GPT-3": "gpt3", "C4": "overtraining", "RPJ": "overtraining", "RefinedWeb": "overtraining"},
)
