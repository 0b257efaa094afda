"""Porian et al.'s path of exponents, by interpolation and by a law of all budgets, as a table in Markdown."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pandas as pd
from tables import REAL_DATA, registered

import bayescale as bs

STEPS = {
    "reproducing Kaplan": ("base", "long", "kaplan", "kaplan"),
    "+ FLOPs of the head": ("base", "long", "kaplan", "standard"),
    "+ warm-up": ("base", "short", "kaplan", "standard"),
    "+ cosine decay": ("base", "short", "chinchilla", "standard"),
    "+ tuned optimiser": ("tuned", "short", "const", "standard"),
}
CORPORA = {"rw": "RefinedWeb", "owt2": "OpenWebText2"}
KEYS = ("hparams", "warmup", "decay", "param_count")
FILES = ("summary_df.pickle.xz", "summary_df_owt2.pickle.xz")
# Runs near the bottom of their valley, of which a law of all budgets is fitted.
WINDOW = 0.05


def published() -> pd.DataFrame:
    """The authors' exponents and bootstrap intervals."""
    table = pd.read_csv(REAL_DATA / "porian" / "porian2024_bootstrap_ci.csv")
    return table[table["file"].isin(FILES) & (table["kind"] == "bootstrap_weighted") & (table["q"] == "n_exponent")]


def slices() -> Iterator[tuple[str, str, tuple[str, ...], pd.DataFrame]]:
    """Corpus, step and runs; where the schedule depends on the budget, each row is a run of its own."""
    runs = registered("porian")
    for corpus in CORPORA:
        for step, values in STEPS.items():
            rows = runs.select(" ".join((corpus, *values))).table
            yield corpus, step, values, rows[["params", "tokens", "loss", "budget", "run"]]


def interval(values: object) -> str:
    """Median and 95 % interval."""
    low, middle, high = (float(v) for v in values.quantile([0.025, 0.5, 0.975]))  # type: ignore[attr-defined]
    return f"{middle:.3f} ({low:.3f}–{high:.3f})"


def main() -> None:
    """Print the table as Markdown."""
    warnings.simplefilter("ignore", bs.DataWarning)
    theirs = published().set_index(["dataset", *KEYS])
    print("| corpus | step | published | isoflop_path | isoflop-valley, runs within 5 % |\n|---|---|---|---|---|")
    for corpus, step, values, rows in slices():
        row = theirs.loc[(corpus, *values)]
        near = rows[rows["loss"] <= (1 + WINDOW) * rows.groupby("budget")["loss"].transform("min")]
        law = bs.fit("isoflop-valley", bs.read_runs(near.drop(columns="run", errors="ignore")), seed=0)
        found = (interval(bs.isoflop_path(bs.read_runs(rows)).draws["a"]), interval(law.posterior["a"]))
        paper = f"{row['point']:.3f} ({row['lo']:.3f}–{row['hi']:.3f})"
        print(f"| {CORPORA[corpus]} | {step} | {paper} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
