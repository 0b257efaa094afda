"""How curved valleys are against what the frontier and the path of an additive law would have: prints a table.

python benchmarks/valley_table.py
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pandas as pd
from isoflop_table import WINDOW, slices
from tables import LEFT_OUT, chinchilla_runs

import bayescale as bs

TUNED = ("RefinedWeb", "rw", "+ tuned optimiser")
BUDGETS = (1e19, 1e20, 1e21)


def near(table: pd.DataFrame, budget: pd.Series) -> pd.DataFrame:
    """The runs within 5 % of the lowest loss of their budget; a digitised run is of the nearest one."""
    return table[table["loss"] <= (1 + WINDOW) * table.groupby(budget)["loss"].transform("min")]


def tables() -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and runs: Hoffmann et al.'s points, those of them near the bottom, and Porian et al.'s last step."""
    columns = ["params", "tokens", "loss"]
    points = chinchilla_runs(LEFT_OUT)[0].table
    yield "Hoffmann et al., all points", points[columns]
    yield "Hoffmann et al., within 5 %", near(points, points["budget"])[columns]
    for corpus, step, _, rows in slices():
        if (corpus, step) == TUNED[1:]:
            name = f"Porian et al., {TUNED[0]} {TUNED[2]}, within 5 %"
            yield name, near(rows, rows["budget"])[columns]


def interval(values: object) -> str:
    """Median and 90 % interval."""
    low, middle, high = (float(v) for v in values.quantile([0.05, 0.5, 0.95]))  # type: ignore[attr-defined]
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Print the ratio of curvatures of each table, and how valleys differ from those of a Chinchilla of their own."""
    warnings.simplefilter("ignore", bs.DataWarning)
    print("| runs | rows | curvature over that of an additive law, median (90 %) |\n|---|---|---|")
    for name, table in tables():
        runs = bs.read_runs(table)
        valley = bs.fit("isoflop-valley", runs, seed=0)
        print(f"| {name} | {len(runs)} | {interval(valley.posterior['curvature_ratio'])} |", flush=True)
        if name.startswith("Hoffmann"):
            additive = bs.fit("chinchilla", runs, seed=0)
            print(bs.compare_valleys(valley, additive, compute=list(BUDGETS)).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
