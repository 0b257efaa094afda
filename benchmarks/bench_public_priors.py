"""Do priors learnt from public families help a new one? A few small runs predict the family's larger runs.

python benchmarks/bench_public_priors.py [--choices 3] [--law chinchilla]

Of every family 3, 5 and 8 runs are drawn from those below a quarter of its largest compute, fitted with the declared
priors and with priors learnt from the families of all other clusters. Both predict all runs above the quarter, with the
discrepancy that comes with the package.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
import report
from cells import table_lines
from learn_priors import MODEL_ERROR, learn
from public_runs import NOT_TEXT, public_runs

import bayescale as bs
from bayescale.data.model_error import compute_of_rows
from bayescale.decisions.beyond import LEARNT, find_discrepancy
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.splits import Split

KEPT = (3, 5, 8)
CUT = 4.0


def chosen_runs(runs: bs.Runs, family: str, kept: int, seed: int) -> tuple[bs.Runs, np.ndarray] | None:
    """Some runs below the cut, and the mask of all above it; None where there are not enough."""
    inside, compute = (runs.table["family"] == family).to_numpy(), compute_of_rows(runs.table)
    largest = compute[inside].max()
    below = np.flatnonzero(inside & (compute < largest / CUT * (1 - 1e-9)))
    if below.size < kept:
        return None
    # From thirds of the range of compute, as a person would choose them, at random within.
    thirds = np.array_split(below[np.argsort(compute[below], kind="stable")], kept)
    few = np.array([np.random.default_rng([seed, k]).choice(part) for k, part in enumerate(thirds)])
    mask = np.zeros(len(runs), bool)
    mask[few] = True
    table = runs.subset(mask).to_frame().drop(columns="family")
    return bs.read_runs(table).with_model_error(MODEL_ERROR), inside & ~(compute < largest / CUT * (1 - 1e-9))


def scores(law: str, runs: bs.Runs, families: list[str], priors: dict | None, choices: int) -> pd.DataFrame:
    """One row per family, number of runs and choice: log score, coverage and width of 90 % intervals, CRPS."""
    asked = {
        f"{family} / {kept} / {seed}": (family, kept, made)
        for family in families
        for kept in KEPT
        for seed in range(choices)
        if (made := chosen_runs(runs, family, kept, seed)) is not None
    }
    fits = bs.fit_many(law, {label: made[0] for label, (_, _, made) in asked.items()}, priors=priors, progress=False)
    rows = []
    for label, (family, kept, (table, above)) in asked.items():
        split = Split(family, CUT, np.zeros(len(runs), bool), above)
        status = str(fits.status.set_index("fit").loc[label, "status"])
        held = HeldOut(split, fits[label], status, runs.table[above].reset_index(drop=True), 0)
        made = held.scores(find_discrepancy(fits[label], LEARNT))
        seen = made["observed"]
        rows.append(
            {
                "family": family,
                "kept": kept,
                "log_score": made["log_score"].mean(),
                "crps": made["crps"].mean(),
                "coverage": seen.between(made["lower_0.9"], made["upper_0.9"]).mean(),
                "width": ((made["upper_0.9"] - made["lower_0.9"]) / made["median"]).mean(),
                "flagged": float(status != "ok"),
                "runs": len(table),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choices", type=int, default=3, help="of the runs, with seeds 0, 1, ...")
    parser.add_argument("--law", default="chinchilla")
    chosen = parser.parse_args()
    runs, clusters = public_runs()
    text = [family for family in runs.families if family not in NOT_TEXT]
    parts = [scores(chosen.law, runs, text, None, chosen.choices).assign(priors="declared")]
    for cluster in sorted(set(clusters.values())):
        own = [family for family in text if clusters[family] == cluster]
        learnt, fit = learn(chosen.law, runs.select([family for family in text if clusters[family] != cluster]))
        print(cluster, learnt, fit.checks.verdict, flush=True)
        parts.append(scores(chosen.law, runs, own, learnt, chosen.choices).assign(priors="public"))
    whole = pd.concat(parts).groupby(["priors", "kept", "family"]).mean()
    lines = [
        f"{len(text)} families of text, {chosen.choices} choices of the runs each; means over families. Log score: "
        "mean log predictive density of the loss, nats per run. The error of the difference is over families.",
        "",
    ]
    rows = []
    for kept in KEPT:
        pair = [whole.xs((name, kept)) for name in ("declared", "public")]
        gain = (pair[1]["log_score"] - pair[0]["log_score"]).dropna()
        two = {name: [f"{one[name].mean():.3f}" for one in pair] for name in ("log_score", "crps", "coverage", "width")}
        error = gain.std(ddof=1) / np.sqrt(gain.size)
        rows.append([str(kept), *(" / ".join(values) for values in two.values()), f"{gain.mean():+.3f} ({error:.3f})"])
    head = ["runs", "log score, declared / public", "CRPS", "coverage of 90 %", "width", "gain (standard error)"]
    lines += table_lines(head, rows)
    print("\n".join(lines))
    report.write_section("Public priors for a new family", lines)


if __name__ == "__main__":
    main()
