"""Backtest of plans: fits of smaller budgets against the best size measured at a larger one, on IsoFLOP data.

python benchmarks/allocation_backtest.py [--ratio 4] [--budgets 2]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import report
from cells import table_lines
from scipy.interpolate import Akima1DInterpolator
from tables import registered

import bayescale as bs

LAWS = ("chinchilla", "chinchilla-offset")
# Fewest budgets and runs that a plan is made from, and how well a measured minimum must be known: sd of log size.
FEWEST_BUDGETS, FEWEST_RUNS, WIDEST = 3, 15, 0.3
PROB = 0.9
HOW = (
    "Per family, the largest budgets with a minimum inside their range of sizes, known to 0.3 in log size, are held "
    "out in turn, and the law is fitted to runs of at most 1/{ratio:g} of their compute. *Measured*: the minimum of "
    "the losses there, interpolated (`isoflop_path`). *Bias*: mean of log(N plan / N measured). *Covered*: how many "
    "90 % intervals of the posterior of the best size, widened by the sd of the measured one, hold it. *Loss regret*: "
    "the interpolated loss at the planned size over the least, for plans within the range of sizes. *Waste*: of "
    "compute, 50 (alpha + beta) log(N plan / N measured)^2 with the fit's exponents. *Within 5 %*: of compute."
)
HEAD = (
    "runs", "law", "plans", "bias of log N", "rms of log N", f"covered of {PROB:.0%}", "median interval, factor",
    "loss regret, % mean", "waste of compute, % median", "mean", "within 5 %",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratio", type=float, default=4.0, help="held-out budget over the largest compute of a fit")
    parser.add_argument("--budgets", type=int, default=2, help="held-out budgets per family")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", bs.DataWarning)
    warnings.simplefilter("ignore", bs.SettingsWarning)
    records = pd.DataFrame(list(plans(chosen.ratio, chosen.budgets)))
    lines = [HOW.format(ratio=chosen.ratio), "", *table_lines(HEAD, rows(records)), "", worst(records)]
    print("\n".join(lines), flush=True)
    report.write_section("Plans against measured optima", lines)


def families() -> Iterator[tuple[str, str, bs.Runs]]:
    """Data set, family and runs."""
    yield "chinchilla", "chinchilla", registered("chinchilla", "besiroglu")
    for name, variant in (("loss-to-loss", None), ("porian", "standard")):
        runs = registered(name, variant)
        for family in runs.families:
            yield name, family, runs.select(family)


def plans(ratio: float, most: int) -> Iterator[dict[str, object]]:
    """One record per plan, law and held-out budget."""
    for name, family, runs in families():
        table = runs.table.drop(columns=["run", "family"], errors="ignore")
        try:
            minima = measured(table)
        except bs.BayescaleError as error:
            print(f"{family}: left out, {error}", flush=True)
            continue
        known = minima[minima["used"] & (minima["log_sd"] < WIDEST)].sort_values("compute")
        for _, held in known.iloc[::-1].head(most).iterrows():
            smaller = table[table["compute"] <= held["compute"] / ratio * 1.05]
            if smaller["budget"].nunique() < FEWEST_BUDGETS or len(smaller) < FEWEST_RUNS:
                continue
            for law in LAWS:
                fit = bs.fit(law, bs.read_runs(smaller), seed=0, progress=False)
                yield {"data": name, "family": family, "law": law, **judged(fit, held, table)}


def measured(table: pd.DataFrame) -> pd.DataFrame:
    """The minimum of each budget; points of a budget that are off by more than 10 % are left out."""
    middle = table.groupby("budget")["compute"].transform("median")
    near = table[np.abs(np.log(table["compute"] / middle)) < np.log(1.05)]
    return bs.isoflop_path(bs.read_runs(near), seed=0).minima


def judged(fit: bs.Fit, held: pd.Series, table: pd.DataFrame) -> dict[str, object]:
    """A plan for a budget against what was measured there."""
    plan = bs.allocate(fit, compute=held["compute"], discrepancy=None)
    size, found = plan.action["params"].item(), np.log(plan.draws["params"].to_numpy().ravel())
    noise = held["log_sd"] * np.random.default_rng(0).standard_normal(found.size)
    low, high = np.quantile(found + noise, [(1 - PROB) / 2, (1 + PROB) / 2])
    exponents = float((fit.posterior["alpha"] + fit.posterior["beta"]).median())
    off = np.log(size / held["params"])
    rows = table[table["budget"] == held["budget"]].groupby("params")["loss"].mean().sort_index()
    curve = Akima1DInterpolator(np.log(rows.index), rows)
    least = float(curve(np.log(held["params"])))
    at_plan = float(curve(np.log(size))) if rows.index[0] <= size <= rows.index[-1] else np.nan
    return {
        "compute": held["compute"],
        "beyond": held["compute"] / float(fit.runs.table["compute"].max()),
        "off": off,
        "covered": low <= np.log(held["params"]) <= high,
        "factor": np.exp(high - low),
        "loss": 100 * (at_plan / least - 1),
        "waste": 50 * exponents * off**2,
    }


def rows(records: pd.DataFrame) -> Iterator[list[str]]:
    """One row per data set and law, and for all."""
    for label, part in [*records.groupby("data", sort=False), ("all", records)]:
        for law, own in part.groupby("law", sort=False):
            yield [
                str(label),
                str(law),
                f"{len(own)}",
                f"{own['off'].mean():+.2f}",
                f"{np.sqrt((own['off'] ** 2).mean()):.2f}",
                f"{own['covered'].mean():.0%}",
                f"{own['factor'].median():.2f}",
                f"{own['loss'].mean():.2f} ({own['loss'].notna().sum()} plans)",
                f"{own['waste'].median():.1f}",
                f"{own['waste'].mean():.1f}",
                f"{(own['waste'] <= 5).mean():.0%}",
            ]


def worst(records: pd.DataFrame) -> str:
    """The plan that is furthest off, in a sentence."""
    row = records.loc[records["off"].abs().idxmax()]
    return (
        f"Furthest off: {row['family']} with {row['law']} at {row['compute']:.3g} FLOP, {row['beyond']:.1f}x beyond "
        f"its fit, {np.exp(row['off']):.2f} times the measured size, {row['waste']:.0f} % of compute."
    )


if __name__ == "__main__":
    main()
