"""Porian et al.'s IsoFLOP slices: what makes Kaplan's exponents and Hoffmann's differ, one step at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import COUNTS_DIFFER, Runs
from bayescale.language.errors import DataWarning

COUNTS = ("standard", "kaplan", "attention")
# With the schedule of each budget its own, a point is a run; otherwise points of one size are checkpoints of one run.
SCHEDULE_OF_BUDGET = "chinchilla"
KEYS = ["dataset", "hparams", "warmup", "decay", "param_count"]


def parse(path: Path, variant: str) -> Runs:
    """The points with a family for each set-up and count of parameters."""
    table = pd.read_csv(path).rename(columns={"N": "params", "D": "tokens"})
    table["family"] = table[KEYS[0]].str.cat(table[KEYS[1:]], sep=" ")
    table["budget"] = table["flops"].map("{:.4g}".format)
    size = table["params"].map("{:.0f}".format)
    own = table["decay"] == SCHEDULE_OF_BUDGET
    table["run"] = size.where(~own, size + " at " + table["budget"])
    kept = table[table["param_count"] == variant] if variant in COUNTS else table
    runs = tidied(
        kept[["family", "params", "tokens", "loss", "budget", "run"]],
        f"porian, {variant}",
        left_out=[(len(table) - len(kept), f"of set-ups that count parameters otherwise than {variant}")],
        params_convention="non_embedding" if variant == "kaplan" else "total",
    )
    if variant in COUNTS:
        return runs
    counted = "families count parameters in three ways, the last word of their names: fit each alone, or take a variant"
    return replace(runs, warnings=(DataWarning(COUNTS_DIFFER, f"{counted}."), *runs.warnings))


INFO = DatasetInfo(
    name="porian",
    title="IsoFLOP slices of 15 set-ups between Kaplan's and Hoffmann's, on two corpora",
    citation_key="porian2024resolving",
    licence="MIT",
    notes=(
        "family: corpus (rw RefinedWeb, owt2 OpenWebText2), optimiser settings (base, tuned), warm-up (long, short), "
        "decay (kaplan, chinchilla, const) and count of parameters. Counts: kaplan is that of the blocks alone, "
        "without the output head; standard adds the head, and with it the vocabulary once; attention adds the FLOPs of "
        "attention as if they were parameters. tokens = budget / (6 params) in the count of the family, so 6ND holds "
        "by construction. loss: nats per token, validation loss for standard, smoothed training loss for the other "
        "two. run: points of one size are checkpoints of one run, unless the decay is chinchilla, where each is a run. "
        "Nothing is left out in the variant all. "
        "Beware: families with other counts of one set-up hold the same runs and are no replicates, and a pooled fit "
        "over counts mixes units: take one variant for it. All are one cluster."
    ),
    variants=(
        Variant("all", "every set-up in the count that it was analysed with, 15 families", 1745),
        Variant("standard", "with the output head, validation loss, 8 families", 940),
        Variant("kaplan", "without the output head, training loss, 3 families", 324),
        Variant("attention", "with attention as parameters, training loss, 4 families", 481),
    ),
    parse=parse,
    file=DataFile(
        "porian/porian2024_isoflops_flat.csv",
        "3a7aad72a097b9339dddf2f37dc12773d2dfdd1a4a17202ad2a677f957493f70",
        "a table of the pickles in data/ of github.com/formll/resolving-scaling-law-discrepancies at commit "
        "0dc60d91b8a5",
    ),
)
