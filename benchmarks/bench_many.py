"""A thousand small tables: ``fit_many`` against loops by hand over the first of the same tables.

python benchmarks/bench_many.py [--fits 1000] [--batches 4] [--tables 3]
"""

from __future__ import annotations

import argparse
from statistics import median

import numpy as np
import report
from agreement import agreement
from cells import short, spread, table_lines
from comparison import reached
from many_results import Batches, Loop
from small_tables import DESCRIBED

FITS, R_HAT, RATIO = 1000, 1.01, 4000
CPU_GOALS_S = {"cold": 15, "warm": 5}
PRECISIONS = ("float64", "float32")
# Fits whose checks are measured once more by ArviZ.
VERIFIED = 20
FRESH = "naive NumPyro, a new MCMC for every table"
# The method of every loop, and how many of the tables asked for it gets: the naive ones take a minute each.
LOOPS = {
    FRESH: ("fresh:naive", 1),
    "anchored NumPyro, padded tables, compiled once": ("padded:anchored", 2),
    "anchored nutpie, compiled once": ("nutpie:anchored", 2),
}
HOW = (
    "Each batch has other tables and another seed; 4 chains of 1,000 draws are kept of each fit. CPU seconds are those "
    "of a whole process from tables that are read to draws in natural units and their checks, longer chains and refits "
    "included. *Cold*: the first batch of a process without a compile cache, after import of what it uses; *warm*: "
    "later batches of that process, medians, ranges in brackets. ESS / CPU-s: the sum over fits of the smallest "
    "rank-normalised bulk ESS over parameters, per CPU second of them all."
)
LOOP_HOW = (
    "Loops by hand over the first tables of the first batch, one after the other in a process, 4 chains of 1,000 "
    "warm-up and 1,000 kept draws, chains in sequence (NumPyro) or as the library has it (nutpie). *Naive* and "
    "*anchored* as in the section on a single law. ESS / CPU-s of a loop that compiles once is that of the tables "
    "after the first."
)
MANY = (
    *("precision", "batches", "n", "CPU s", "of these alone or NUTS", "wall s", "ok / flagged / failed"),
    *("longer chains / alone / NUTS", "ESS / CPU-s"),
)
QUALITY = (
    "precision",
    "fits",
    "R-hat: median",
    "95 %",
    "largest",
    "smallest ESS: least",
    "1 %",
    "5 %",
    "median",
    "mean",
)
LOOP = ("loop", "tables", "leapfrogs/draw", "divergences", "smallest ESS", "CPU s: first", "later", "ESS / CPU-s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=FITS)
    parser.add_argument("--batches", type=int, default=4, help="of each precision; the first is the cold one")
    parser.add_argument("--tables", type=int, default=3, help="of the naive loop; the others get twice as many")
    parser.add_argument("--only", choices=LOOPS, action="append", help="this loop")
    chosen = parser.parse_args()
    sizes = {label: chosen.tables * LOOPS[label][1] for label in chosen.only or LOOPS}
    kept = min(chosen.fits, max(VERIFIED, *sizes.values()))
    ours = {name: Batches.measure(name, chosen.fits, chosen.batches, kept) for name in PRECISIONS}
    loops = {label: Loop.measure(LOOPS[label][0], tables) for label, tables in sizes.items()}
    reading = median(one["tables_cpu"] for one in ours["float64"].stats)
    lines = [
        f"{chosen.fits:,} simulated tables a batch: {DESCRIBED}. {HOW}",
        "",
        *table_lines(MANY, (many_row(ours[name], name, kind) for name in ours for kind in CPU_GOALS_S)),
        "",
        "Over all batches:",
        "",
        *table_lines(QUALITY, (quality_row(batches, name) for name, batches in ours.items())),
        "",
        *(line for name, batches in ours.items() for line in goal_lines(batches, name, chosen.fits)),
        f"* Not counted: simulating and reading the tables, {reading:.1f} CPU s a batch.",
        "",
        LOOP_HOW,
        "",
        *table_lines(LOOP, (loop_row(loop, label) for label, loop in loops.items())),
        "",
        *(line for label, loop in loops.items() for line in ratio_lines(ours["float64"], loop, label)),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Many fits", lines)


def many_row(batches: Batches, name: str, kind: str) -> list[str]:
    """Cost of the cold or the warm batches, and how their fits came out."""
    means = {
        part: " / ".join(short(float(np.mean(batches.of(one, kind)))) for one in part.split())
        for part in ("ok flagged failed", "longer alone nuts")
    }
    cost = (spread(batches.of(part, kind)) for part in ("cpu", "alone_cpu", "wall"))
    return [name, kind, str(len(batches.of("cpu", kind))), *cost, *means.values(), spread(batches.rates(kind))]


def quality_row(batches: Batches, name: str) -> list[str]:
    """Quantiles of R-hat and of the smallest ESS of all fits."""
    r_hat, ess = (batches.checks[check][np.isfinite(batches.checks[check])] for check in ("r_hat", "ess_bulk"))
    quantiles = [*np.quantile(ess, (0, 0.01, 0.05, 0.5)), ess.mean()]
    return [name, f"{r_hat.size:,}", *(f"{q:.4f}" for q in np.quantile(r_hat, (0.5, 0.95, 1)))] + [
        f"{q:,.0f}" for q in quantiles
    ]


def goal_lines(batches: Batches, name: str, fits: int) -> list[str]:
    """What becomes of the goals for cost and checks, and of the checks against ArviZ's."""
    lines = []
    for kind, goal in CPU_GOALS_S.items() if fits == FITS else ():
        cpu = median(batches.of("cpu", kind))
        lines.append(f"* {name}, {kind}: **{cpu:.1f} CPU s**; the goal of {goal} is {reached(cpu <= goal)}.")
    r_hat, flagged = batches.checks["r_hat"], batches.checks["flagged"]
    good = bool(((r_hat < R_HAT) | flagged).all())
    count, by_r_hat, by_ess = batches.differences()
    imported = sum(one["imported"] for one in batches.stats)
    return [
        *lines,
        f"* {name}: R-hat below {R_HAT} or flagged, with a reason, in every fit: {reached(good)} "
        f"({int(flagged.sum())} of {flagged.size:,} are). Of {count} fits, R-hat is within {by_r_hat:.0e} and the "
        f"smallest ESS within {by_ess:.0e} (relative) of ArviZ's. While the clock ran, {imported:.0f} modules were "
        "imported.",
    ]


def loop_row(loop: Loop, label: str) -> list[str]:
    """Cost of a loop by hand."""
    begin = 0 if label == FRESH else 1
    cpu = loop.of("cpu")
    return [
        label,
        str(len(cpu)),
        spread(loop.of("steps")),
        f"{sum(loop.of('divergences')):.0f}",
        spread(loop.of("ess")),
        short(cpu[0]),
        spread(cpu[1:]) if cpu[1:] else "-",
        short(loop.rate(begin)) if cpu[begin:] else "-",
    ]


def ratio_lines(ours: Batches, loop: Loop, label: str) -> list[str]:
    """Posteriors table by table, and the ratios if all of them agree."""
    verdicts = [agreement(ours.flat(i), flat) for i, flat in enumerate(loop.draws)]
    lines = [f"    * table {i}: {words}" for i, (_, words) in enumerate(verdicts)]
    if wrong := [i for i, (agree, _) in enumerate(verdicts) if not agree]:
        return [f"* against {label}: NO RATIO, posteriors of tables {wrong} do not agree.", *lines]
    fresh = label == FRESH
    if not fresh and len(verdicts) < 2:
        return [f"* against {label}: no ratio, since a single table was fitted.", *lines]
    ratios = {kind: median(ours.rates(kind)) / loop.rate(0 if fresh else 1) for kind in ("cold", "warm")}
    told = "; ".join(
        f"{kind}: **{short(ratio)}x**" + (f", the goal of {RATIO:,}x is {reached(ratio >= RATIO)}" if fresh else "")
        for kind, ratio in ratios.items()
    )
    return [f"* against {label}, {told}. The posteriors agree:", *lines]


if __name__ == "__main__":
    main()
