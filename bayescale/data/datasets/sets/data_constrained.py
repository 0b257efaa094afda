"""Muennighoff et al.'s runs on repeated data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

# The runs that the authors' notebook leaves out of its fit as outliers: of the 231 without the repeats with other
# seeds, these 49 are commented out there, which leaves the paper's 182.
OUTLIERS = """
2b84b4b 2b88b4b 2b812b4b 2b816b4b 2b824b4b 2b855b1b25 4b212b12b 4b224b12b 4b284b12b2 4b284b1b9 4b284b6b 2b8100m100m
14m7b5100m 14m300b100m 1b12b7100m 1b13b9100m 1b15b9100m 1b17b5100m 619m3b9100m 619m5b9100m 619m7b5100m 2b84b8100m
1b58b8100m 1b112b100m 619m22b100m 421m300b1b5 221m91b400m 221m174b400m 221m600b400m 8b712b12b 8b712b1b5 8b712b400m
8b712b100m 3b926b1b5 2b836b1b5 2b836b400m 2b836b100m 2b246b400m 2b246b100m 1b566b1b5 1b566b100m 1b191b400m 1b191b1b5
1b1250b1b5 1b5174b1b5 2b291b1b5 2b2174b1b5 8b720b1b5 2b877b1b5
"""
MOST_EPOCHS = 60


def parse(path: Path, variant: str) -> Runs:
    """All runs, or one for each name without those that a law of repetition does not describe."""
    table = pd.read_csv(path).rename(columns={"val_loss": "loss"})
    # Runs with other seeds come first and have the name of the original, which the notebook takes.
    kept = table if variant == "all" else table.drop_duplicates("name", keep="last")
    left_out = [(len(table) - len(kept), "of other seeds under the name of a run that is there")]
    if variant == "published":
        left_out.append((int(kept["name"].isin(OUTLIERS.split()).sum()), "that the authors' notebook calls outliers"))
        kept = kept[~kept["name"].isin(OUTLIERS.split())]
    elif variant in ("60-epochs", "one-epoch"):
        most = MOST_EPOCHS if variant == "60-epochs" else 1
        few = kept["tokens"] <= most * kept["unique_tokens"]
        left_out.append((int((~few).sum()), f"of more than {most} epoch{'s' if most > 1 else ''}"))
        kept = kept[few]
    columns = ["params", "tokens", "unique_tokens", "loss"]
    return tidied(kept[columns], f"data-constrained, {variant}", left_out=left_out)


INFO = DatasetInfo(
    name="data-constrained",
    title="Runs of 7e6 to 8.7e9 parameters on one to thousands of epochs of C4",
    citation_key="muennighoff2023scaling",
    licence="Apache-2.0",
    notes=(
        "params, tokens (seen), unique_tokens and loss (validation, nats per token) as printed by the authors' "
        "notebook. compute = 6ND. There is one family. "
        "Left out by default: 65 rows that are repeats with other seeds under the name of a run that is there (the "
        "last of a name is the run that the notebook takes), and the 49 runs that the notebook calls outliers, as in "
        "the paper's fit. "
        "Beware: over tens of epochs the loss rises again, which no monotone law describes; 16 settings have five runs "
        "each, the only true seed noise (about 0.001 to 0.003 nats) among these data sets (variant all)."
    ),
    variants=(
        Variant("published", "the runs of the paper's fit", 182),
        Variant("names", "the last run of each name, over-fitted ones too", 231),
        Variant("60-epochs", "of those, at most 60 epochs", 155),
        Variant("one-epoch", "of those, no repeated data", 33),
        Variant("all", "every row, with the repeats with other seeds", 296),
    ),
    parse=parse,
    file=DataFile(
        "data-constrained/runs.csv",
        "15504e5b481977e5933d3949667a8b874e752a9bd35dba6ab07a95c75721f7e8",
        "the list in utils/parametric_fit.ipynb of github.com/huggingface/datablations at commit 13701315b163, as a "
        "table of name, params, tokens, unique_tokens and val_loss",
    ),
)
