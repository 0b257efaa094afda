"""The table that comes with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from bayescale.data.datasets.entry import DatasetInfo, Variant
from bayescale.data.read import read_quietly
from bayescale.data.runs import Runs


def parse(path: Path, variant: str) -> Runs:
    """The 30 models; ``path`` is not used, the table lies beside this module."""
    # as_file: the package may be imported from a zip archive.
    with resources.as_file(resources.files("bayescale.data.datasets.sets") / "pile_families.csv") as file:
        return read_quietly(file)


INFO = DatasetInfo(
    name="pile-families",
    title="Loss of 30 public models of six families on the test set of the Pile",
    citation_key="dey2023cerebras",
    licence="Figures from a model card under Apache-2.0; the numbers are facts.",
    notes=(
        "loss: test cross-entropy on the Pile in nats per token, as printed side by side in the Cerebras-GPT model "
        "card; Pythia and GPT-NeoX have another tokenizer than the rest, so compare levels between families with care. "
        "compute: training FLOPs as printed there, to two digits, with attention and embeddings, so it exceeds 6ND, by "
        "three quarters for the smallest model and by a tenth to a fifth for the largest. params: nominal sizes, from "
        "the models' names. tokens: Cerebras-GPT as printed (20 per parameter); Pythia 299,892,736,000 for every size, "
        "which for Pythia deduped is about 1.5 epochs; GPT-J 402e9; GPT-NeoX 472e9, from those models' own "
        "publications. "
        "Beware: Pythia deduped 1.4B (1.889) stands out from its neighbours and is as published; GPT-J and GPT-NeoX "
        "are families of one model; within Cerebras-GPT size and data grow together, within Pythia tokens are "
        "constant."
    ),
    variants=(Variant("all", "every model", 30),),
    parse=parse,
    cluster="eleutherai",
    family_clusters={"Cerebras-GPT": "cerebras", "Cerebras-GPT muP": "cerebras"},
)
