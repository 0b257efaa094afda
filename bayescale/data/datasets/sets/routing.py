"""Clark et al.'s routed language models: experts beside size."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

FINAL_STEP = 249_000
# The settings of the paper's law: one expert for a token, in every other layer.
CHOSEN, FREQUENCY = 1, 0.5


def parse(path: Path, variant: str) -> Runs:
    """Last rows, or checkpoints, of the runs of the paper's law."""
    table = pd.read_csv(path)
    names = {"router_type": "family", "dense_parameter_count": "params", "num_experts": "experts"}
    table = table.rename(columns=names | {"loss_validation": "loss"})
    usual = table[(table["k"] == CHOSEN) & (table["routing_frequency"] == FREQUENCY)]
    if variant == "final":
        kept = usual[usual["step"] == FINAL_STEP]
        rest = (len(usual) - len(kept), f"of another step than {FINAL_STEP:,}")
    else:
        kept = usual[(usual["step"] > 0) & usual["loss"].notna()]
        rest = (len(usual) - len(kept), "before the first step, or without a loss")
    kept = kept.assign(run="run " + kept["hyper_id"].astype(str))
    columns = ["family", "params", "experts", "loss", *(["run", "step"] if variant == "checkpoints" else [])]
    return tidied(
        kept[columns],
        f"routing, {variant}",
        left_out=[(len(table) - len(usual), "of runs with several experts a token or other layers routed"), rest],
    )


INFO = DatasetInfo(
    name="routing",
    title="Dense models and three ways of routing, six sizes and one to 512 experts",
    citation_key="clark2022unified",
    licence="Apache-2.0, the data CC-BY 4.0",
    notes=(
        "family: the technique (Dense, S-Base, RL-R, Hash). params: the parameters of the dense model of the same "
        "shape, with embeddings; experts: how many each routed layer has, 1 for dense models. loss: validation loss, "
        "nats per token. All runs have as many steps, so there is no column of tokens. "
        "Left out: runs with more than one expert for a token or another share of routed layers, as in the paper's "
        "law; for final also all steps but 249,000, at which all but two runs end; for checkpoints step 0 and missing "
        "losses. "
        "Beware: dense models belong to each technique as its case of one expert: select both; a few settings are "
        "there with several seeds."
    ),
    variants=(
        Variant("final", "the last checkpoint of each run", 164),
        Variant("checkpoints", "a row every 10,000 steps", 4147),
    ),
    parse=parse,
    file=DataFile.on_github(
        "routing/curves.csv.gz",
        "c03e7531add85e594f368d33bac4a0220280be858a7ed12d147cf73af6a3819f",
        "google-deepmind/scaling_laws_for_routing",
        "42da0c392b127df2c01fa7b705f72396050d05e5",
        "data/curves.csv.gz",
    ),
)
