"""Held-out log score and coverage of pooled, unpooled and hierarchical fits, with eight runs of one of six corpora.

python benchmarks/bench_pooling.py [--seed 0] [--draws 1500 --warmup 400]
"""

from __future__ import annotations

import argparse

import measure
import report
from pooling_study import KEPT, POOLINGS, study, wins_or_ties


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the choice of runs and of the fits")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--warmup", type=int, default=300)
    chosen = parser.parse_args()
    runs, described = measure.hierarchical_runs()
    lines = [
        f"{described}; {KEPT} runs of the corpus are fitted with all runs of the others, its other runs are predicted. "
        f"4 chains x {chosen.draws} draws, seed {chosen.seed}. Log score: mean log predictive density of the loss, "
        "nats per run; coverage of 90 % intervals of a run; both: complete / none / partial pooling.",
        "",
        "| corpus | held out | log score | coverage | relative width | partial - none (MC, sampling error) | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    print("\n".join(lines), flush=True)
    for family in sorted(runs.families):
        row = study(runs, family, seed=chosen.seed, draws=chosen.draws, warmup=chosen.warmup)
        three = {
            what: " / ".join(format(row[f"{what}_{pooling}"], style) for pooling in POOLINGS)
            for what, style in (("score", ".3f"), ("coverage", ".2f"), ("width", ".3f"))
        }
        lines.append(
            f"| {family} | {row['held_out']} | {three['score']} | {three['coverage']} | {three['width']} | "
            f"{row['gain']:+.3f} ({row['gain_mc_error']:.3f}, {row['gain_sampling_error']:.3f}) | "
            f"{'wins or ties' if wins_or_ties(row) else 'LOSES'} |"
        )
        print(lines[-1], flush=True)
    report.write_section("Pooling with eight runs of a corpus", lines)


if __name__ == "__main__":
    main()
