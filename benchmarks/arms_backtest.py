"""Backtest of arms: which corpus is better at the largest scale, decided from runs of at most an eighth of its compute.

python benchmarks/arms_backtest.py [--ratio 8]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import report
from cells import table_lines
from tables import registered

import bayescale as bs

# Losses that all families share a test set for.
VARIANTS = {
    "loss-to-loss": (
        "c4", "fineweb-100b", "fineweb-1t", "fineweb-edu-100b", "proof-pile-2", "slimpajama", "smollm", "starcoder",
    ),
    "overtraining": ("c4", "openlm", "code", "refinedweb", "ptb", "redpajama", "de-en"),
}  # fmt: skip
# Pairs nearer than this in log loss at the large scale are the close ones.
NEAR = 0.05
HOW = (
    "Per test set, each corpus' runs of at most 1/{ratio:g} of the largest compute are fitted by themselves with "
    "Chinchilla's law, and `compare_arms(kind='run')` says how likely each corpus has the lower loss at the largest "
    "budget. *Measured*: which has it there: of loss-to-loss the least loss of the largest budget, of overtraining the "
    "run of the largest compute, at whose size and tokens all corpora are asked. *Ranking*: which was ahead by the "
    "same measure at the largest compute of the small runs, as a certainty. *Brier*: mean of (probability - outcome)^2."
    " *Close*: pairs that differ by less than {near:.0%} in loss at the largest scale. *Turned*: pairs whose order at "
    "the largest scale is not that of the largest small one. The test sets of one data set share the runs, so that "
    "their pairs are not independent."
)
HEAD = (
    "runs", "pairs", "test sets", "turned", "right, compare_arms", "ranking", "Brier, compare_arms", "ranking",
    "mean probability of the likelier",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratio", type=float, default=8.0, help="the largest compute over that of the fits")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", bs.DataWarning)
    warnings.simplefilter("ignore", bs.SettingsWarning)
    records = pd.DataFrame(list(pairs(chosen.ratio)))
    lines = [HOW.format(ratio=chosen.ratio, near=NEAR), "", *table_lines(HEAD, rows(records))]
    print("\n".join(lines), flush=True)
    report.write_section("Arms decided at small scale", lines)


def pairs(ratio: float) -> Iterator[dict[str, object]]:
    """One record per data set, test set and pair of corpora."""
    for name, variants in VARIANTS.items():
        for variant in variants:
            runs = registered(name, variant)
            table = runs.table
            largest = table.groupby("family")["compute"].max().min()
            small = table["compute"] <= largest / ratio * 1.05
            fits = {
                family: bs.fit("chinchilla", runs.subset(small & (table["family"] == family)), seed=0, progress=False)
                for family in runs.families
            }
            measured, ranked = at_scale(name, table), at_scale(name, table[small])
            found = bs.compare_arms(fits, **asked(name, table), kind="run").pairs()
            for row in found.to_dict("records"):
                first, second = row["first"], row["second"]
                yield {
                    "data": name,
                    "variant": variant,
                    "wins": row["wins"],
                    "truth": float(measured[first] < measured[second]),
                    "ranking": float(ranked[first] < ranked[second]),
                    "apart": abs(np.log(measured[first] / measured[second])),
                }


def at_scale(name: str, table: pd.DataFrame) -> dict[str, float]:
    """The loss of every family at the largest scale of a table."""
    if name == "loss-to-loss":
        largest = table[table["budget"] == table["budget"].max()]
        return largest.groupby("family")["loss"].min().to_dict()
    size, tokens = (asked(name, table)[column] for column in ("params", "tokens"))
    own = table[np.isclose(table["params"], size) & np.isclose(table["tokens"], tokens, rtol=0.01)]
    return own.groupby("family")["loss"].mean().to_dict()


def asked(name: str, table: pd.DataFrame) -> dict[str, float]:
    """What arms are compared at: the largest budget, or the run of the largest compute that all families have."""
    if name == "loss-to-loss":
        return {"compute": float(table["budget"].max())}
    cells = table.assign(cell=table["tokens"].map(lambda value: f"{value:.2e}"))
    groups = cells.groupby(["params", "cell"]).agg(n=("family", "nunique"), c=("compute", "mean"), d=("tokens", "mean"))
    common = groups[groups["n"] == table["family"].nunique()]
    best = common["c"].idxmax()
    return {"params": float(best[0]), "tokens": float(common.loc[best, "d"])}


def rows(records: pd.DataFrame) -> Iterator[list[str]]:
    """One row per data set, for all pairs, and for close ones."""
    for label, part in records.groupby("data", sort=False):
        for words, own in ((label, part), (f"{label}, close", part[part["apart"] < NEAR])):
            if own.empty:
                continue
            likelier = np.maximum(own["wins"], 1 - own["wins"])
            yield [
                str(words),
                f"{len(own)}",
                f"{own['variant'].nunique()}",
                f"{(own['ranking'] != own['truth']).sum()}",
                f"{((own['wins'] > 0.5) == (own['truth'] > 0.5)).mean():.0%}",
                f"{(own['ranking'] == own['truth']).mean():.0%}",
                f"{((own['wins'] - own['truth']) ** 2).mean():.3f}",
                f"{((own['ranking'] - own['truth']) ** 2).mean():.3f}",
                f"{likelier.mean():.0%}",
            ]


if __name__ == "__main__":
    main()
