"""How many fits with weights of embeddings the instant engine samples: prints a table.

Each corpus of the loss-to-loss sweep with 0, 1 or 2 of its largest budgets held out: python
benchmarks/embedding_engines.py
"""

from __future__ import annotations

import warnings

import pandas as pd
from embedding_table import budget_ranks
from tables import registered

import bayescale as bs

LAWS = ("chinchilla-embedding", "chinchilla-offset-embedding")
HELD = (0, 1, 2)


def main() -> None:
    """Print 1 where the engine does a fit and 0 where ``engine="auto"`` would go on to NUTS, and how many it does."""
    warnings.simplefilter("ignore", bs.DataWarning)
    found = []
    for corpus, rows in registered("loss-to-loss").table.groupby("family"):
        ranks = budget_ranks(rows)
        for held in HELD:
            kept = rows[ranks <= ranks.max() - held]
            runs = bs.read_runs(kept[["params", "tokens", "embedding_params", "loss"]])
            found += [(corpus, held, law, samples(law, runs)) for law in LAWS]
    table = pd.DataFrame(found, columns=["corpus", "budgets held out", "law", "instant"])
    print(table.pivot(index="corpus", columns=["law", "budgets held out"], values="instant").to_string())
    print(f"{table['instant'].sum()} of {len(table)} fits")


def samples(law: str, runs: bs.Runs) -> int:
    """Whether the instant engine samples the posterior."""
    try:
        bs.fit(law, runs, seed=0, settings=bs.Settings(engine="instant"))
    except bs.FitError:
        return 0
    return 1


if __name__ == "__main__":
    main()
