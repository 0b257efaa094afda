"""One law, 245 runs: the instant engine against hand-written NumPyro and PyMC models with the same posterior.

python benchmarks/bench_single.py [--processes 5] [--only "naive PyMC"]
"""

from __future__ import annotations

import argparse
from statistics import median

import report
from comparison import OURS, Arm, Goal, measure, ratio_lines, reached, table_lines
from tables import chinchilla_runs
from textbook import reported

# After the library and the model, warm-up and draws per chain: the libraries' defaults, which people use.
BASELINES = (
    Arm("naive NumPyro", "numpyro:naive:1000:1000"),
    Arm("naive PyMC", "pymc:naive:1000:1000"),
    Arm("naive nutpie", "nutpie:naive:1000:1000"),
    Arm("anchored NumPyro", "numpyro:anchored:1000:1000"),
    Arm("anchored nutpie", "nutpie:anchored:1000:1000", fits=4),
)
GOALS = (
    Goal("naive NumPyro", "cold", 1000),
    Goal("naive PyMC", "cold", 1000),
    Goal("naive nutpie", "cold", 1000),
    Goal("anchored NumPyro", "cold"),
    Goal("anchored nutpie", "cold"),
    Goal("anchored nutpie", "warm", 100),
)
CPU_GOAL_S = 0.1
HOW = (
    "The figure is the smallest rank-normalised bulk ESS over all parameters in textbook units, per CPU second of all "
    "threads and child processes; medians, ranges in brackets. *Naive*: A and B as papers print them. *Anchored*: at "
    "the centre of the design, written with logs. Both with a diagonal mass matrix, PyMC by its own NUTS. *Cold*: the "
    "first fit of a process, compiling included, with nothing in a compile cache, but after import: the modules that a "
    "fit imports only when it needs them are imported before the clock starts, and the baselines have sampled a toy "
    "model by then. *Warm*: later fits of the same process with other seeds; nutpie's model is compiled already."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=5, help="of bayescale; the baselines have one each")
    parser.add_argument("--only", choices=[arm.label for arm in BASELINES], action="append", help="these baselines")
    chosen = parser.parse_args()
    baselines = [arm for arm in BASELINES if not chosen.only or arm.label in chosen.only]
    arms = [Arm(OURS, OURS, fits=6, processes=chosen.processes), *baselines]
    results = measure("chinchilla", arms, reported("naive"))
    cold, whole = (median(fit.stats[name] for fit in results[OURS, "cold"]) for name in ("cpu", "cpu_since_start"))
    goals = [goal for goal in GOALS if goal.label in {arm.label for arm in baselines}]
    lines = [
        f"{chinchilla_runs()[1]}, seven parameters. {HOW}",
        "",
        *table_lines(results),
        "",
        *ratio_lines(results, goals),
        f"* cold, CPU seconds: **{cold:.3f}**; the goal of under {CPU_GOAL_S} is {reached(cold < CPU_GOAL_S)}; "
        f"of the whole process until then, imports and reading the table included: {whole:.1f}.",
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Sampling cost, single law", lines)


if __name__ == "__main__":
    main()
