"""Hoffmann et al.'s runs, read off their figure 4 by Besiroglu et al."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# The budgets of the IsoFLOP curves of the paper, FLOP.
BUDGETS = np.array([6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21])
# The points of the highest losses, which Besiroglu et al. leave out.
OUTLIERS = 5


def parse(path: Path, variant: str) -> Runs:
    """The points by loss, with the IsoFLOP budget that is nearest to each."""
    table = pd.read_csv(path).rename(columns={"Model Size": "params", "Training FLOP": "compute"})
    table = table[["params", "compute", "loss"]].sort_values("loss", ignore_index=True)
    distance = np.abs(np.log(table["compute"].to_numpy()[:, None] / BUDGETS))
    table["budget"] = [f"{budget:.0e}" for budget in BUDGETS[distance.argmin(axis=1)]]
    count = OUTLIERS if variant == "besiroglu" else 0
    reason = "of the highest losses, under-trained runs that Besiroglu et al. leave out"
    return tidied(table.iloc[: len(table) - count], f"chinchilla, {variant}", left_out=[(count, reason)])


INFO = DatasetInfo(
    name="chinchilla",
    title="Runs of Hoffmann et al., digitised from their figure 4",
    citation_key="besiroglu2024chinchilla",
    licence="No licence in the repository; IBM/ColPret has the same bytes under MIT.",
    notes=(
        "params, compute and loss are read off a figure: losses are good to about 0.01 nats per token, by the colour "
        "of a point. tokens = compute / (6 params), so 6ND holds by construction. budget: the nearest of the paper's "
        "nine IsoFLOP budgets; not every point lies on one. "
        "Beware: the five points of the highest losses (5.006, 4.665, 3.794, 3.766, 3.447) were trained on less than "
        "half a token per parameter and move beta from .367 to .453; the variant besiroglu is without them. The same "
        "points are in many collections under other names: never take two copies for two families."
    ),
    variants=(
        Variant("all", "every digitised point", 245),
        Variant("besiroglu", "without the five points of the highest losses, as Besiroglu et al. fit them", 240),
    ),
    parse=parse,
    file=DataFile.on_github(
        "chinchilla/svg_extracted_data.csv",
        "193478df4e90f040016431996c45682659306840ecdadf83cfb9cd5ca0aa1b30",
        "epoch-research/analyzing-chinchilla",
        "92258837425e1b5f2851d624287f0120583a3d0e",
        "data/svg_extracted_data.csv",
    ),
)
