"""Six corpora, 529 runs: how long one waits for a hierarchical fit, and for a second one to start sampling.

python benchmarks/bench_loss_to_loss.py [--processes 3] [--no-baseline]
"""

from __future__ import annotations

import argparse
from statistics import median

import report
from comparison import OURS, Arm, Goal, Results, measure, ratio_lines, reached, table_lines
from tables import loss_to_loss
from textbook import reported

BASELINE = Arm("centred NumPyro", "numpyro:centred:1000:1000")
WALL_GOAL_S, START_GOAL_S = 20.0, 1.0
HOW = (
    "*Cold*: the first fit of a process, compiling included, without a compile cache; imports are done. *Warm*: the "
    "second fit of the process, of a table that lacks one random run of each corpus. The second fit starts sampling "
    "when NUTS is called, with the geometry found; since a model that compiled again would do so only then, the goal "
    "is held against the time until a chain has reported its first draws."
)


def waiting_lines(results: Results) -> list[str]:
    """Wall-clock seconds, medians over the processes."""

    def middle(kind: str, name: str) -> float:
        return median(fit.stats[name] for fit in results[OURS, kind])

    whole, start = middle("cold", "wall"), middle("warm", "first_draws_s")
    return [
        f"* cold, from the call of `fit` to draws in natural units: **{whole:.1f} s**; the goal of under "
        f"{WALL_GOAL_S:g} s is {reached(whole < WALL_GOAL_S)}; since the process was started, imports and reading the "
        f"table included: {middle('cold', 'wall_since_start'):.1f} s.",
        f"* warm, from the call of `fit` to the first draws that a chain reports: **{start:.2f} s**; the goal of under "
        f"{START_GOAL_S:g} s is {reached(start < START_GOAL_S)}; until NUTS is called: "
        f"{middle('warm', 'sampler_s'):.2f} s; cold, these are {middle('cold', 'first_draws_s'):.1f} s and "
        f"{middle('cold', 'sampler_s'):.1f} s.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=3, help="of bayescale; the baseline has one")
    parser.add_argument("--no-baseline", action="store_true", help="leave out NumPyro, which takes minutes")
    chosen = parser.parse_args()
    baselines = [] if chosen.no_baseline else [BASELINE]
    arms = [Arm(OURS, OURS, fits=2, processes=chosen.processes), *baselines]
    results = measure("loss-to-loss", arms, reported("centred"), other=True)
    lines = [
        f"{loss_to_loss()[1]}. {HOW}",
        "",
        *table_lines(results),
        "",
        *waiting_lines(results),
        *ratio_lines(results, [Goal(arm.label, "cold") for arm in baselines]),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Sampling cost, loss-to-loss", lines)


if __name__ == "__main__":
    main()
