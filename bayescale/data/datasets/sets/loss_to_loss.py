"""Brandfonbrener et al.'s sweep: six corpora under one recipe."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# Validation sets on which every model was scored.
COMMON = {
    "c4": "c4_val",
    "fineweb-100b": "fineweb_100b_val",
    "fineweb-1t": "fineweb_1T_val",
    "fineweb-edu-100b": "fineweb_edu_100b_val",
    "proof-pile-2": "proof_pile_2_val",
    "slimpajama": "slimpajama_val",
    "smollm": "smollm_val",
    "starcoder": "starcoder_val",
}
# Questions of ARC-easy's test set, each with four answers.
ITEMS, CHANCE = 2376, 0.25
RUNS = 529


def parse(path: Path, variant: str) -> Runs:
    """The runs with one of their losses, or with the loss and the accuracy of ARC-easy."""
    table = pd.read_csv(path)
    if variant == "arc-easy":
        table["loss"] = table["eval/downstream_ce_loss/arc_easy_test_ce_loss"]
        table["accuracy"] = table["eval/downstream/arc_easy_test_acc"]
        table["chance"], table["items"] = CHANCE, float(ITEMS)
    else:
        table["loss"] = table[f"eval/{COMMON[variant]}/CrossEntropyLoss" if variant in COMMON else "val_loss"]
    table["family"] = table["data"]
    table["budget"] = table["iso_flop"].map("{:.4g}".format)
    # The blocks have 12 d^2 parameters each; what they leave of all are both embeddings (and 0.1 % of norms).
    table["embedding_params"] = table["params"] - 12 * table["n_layers"] * table["d_model"] ** 2
    measured = ["loss", "accuracy", "chance", "items"] if variant == "arc-easy" else ["loss"]
    columns = ["family", "params", "tokens", *measured, "budget", "embedding_params"]
    return tidied(table[columns], f"loss-to-loss, {variant}")


INFO = DatasetInfo(
    name="loss-to-loss",
    title="Six pre-training corpora under one recipe, 84 to 91 runs each at eight IsoFLOP budgets",
    citation_key="brandfonbrener2024loss",
    licence="No licence in the repository.",
    notes=(
        "family: the corpus. params: total, with input and output embeddings; embedding_params = params - 12 n_layers "
        "d_model^2, 84 % of the smallest model and 8 % of the largest. tokens = budget / (6 params), so 6ND holds by "
        "construction. loss: nats per token, of the family's own validation set (own), so that levels of families "
        "differ by corpus and not by skill; on a common set with the other variants. arc-easy has the cross-entropy of "
        "that task as loss and the accuracy on its 2,376 questions of four answers. Nothing is left out. "
        "Beware: the six families share code, tokenizer, schedule and sizes, and are one cluster; budgets differ by "
        "2.2 each and end at 4.84e19 FLOP."
    ),
    variants=(
        Variant("own", "loss on the validation set of the family's own corpus", RUNS),
        *(Variant(name, f"loss on the validation set {column}", RUNS) for name, column in COMMON.items()),
        Variant("arc-easy", "cross-entropy and accuracy of ARC-easy", RUNS),
    ),
    parse=parse,
    file=DataFile.on_github(
        "loss-to-loss/sweep.csv",
        "1a9fd71e3bd6ecf35bdd32b660a9b42dbb3b8635630b1a358633fa18d61fb13c",
        "KempnerInstitute/loss-to-loss-notebooks",
        "457ce81a0190",
        "sweep.csv",
    ),
)
