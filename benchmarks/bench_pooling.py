"""Held-out log score and coverage of pooled, unpooled and hierarchical fits, with eight runs of one of six corpora.

python benchmarks/bench_pooling.py [--choices 5] [--draws 500 --warmup 300]
"""

from __future__ import annotations

import argparse
from statistics import fmean

import report
from pooling_study import KEPT, POOLINGS, gain, study, wins_or_ties
from tables import loss_to_loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choices", type=int, default=5, help="of the eight runs, with seeds 0, 1, ...")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--warmup", type=int, default=300)
    chosen = parser.parse_args()
    runs, described = loss_to_loss()
    lines = [
        f"{described}; {KEPT} random runs of the corpus are fitted with all runs of the others, its other runs are "
        f"predicted; means over {chosen.choices} choices of the runs. 4 chains x {chosen.draws} draws. Log score: mean "
        "log predictive density of the loss, nats per run; coverage and relative width of 90 % intervals of a run; "
        "all three: complete / none / partial pooling.",
        "",
        "| corpus | log score | coverage | relative width | partial - none, each choice | mean (standard error) | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    print("\n".join(lines), flush=True)
    for family in sorted(runs.families):
        rows = [
            study(runs, family, seed=seed, draws=chosen.draws, warmup=chosen.warmup) for seed in range(chosen.choices)
        ]
        three = {
            what: " / ".join(format(fmean(row[f"{what}_{pooling}"] for row in rows), style) for pooling in POOLINGS)
            for what, style in (("score", ".3f"), ("coverage", ".2f"), ("width", ".3f"))
        }
        each = ", ".join(f"{row['score_partial'] - row['score_none']:+.2f}" for row in rows)
        mean, error = gain(rows)
        lines.append(
            f"| {family} | {three['score']} | {three['coverage']} | {three['width']} | {each} | "
            f"{mean:+.3f} ({error:.3f}) | {'wins or ties' if wins_or_ties(rows) else 'LOSES'} |"
        )
        print(lines[-1], flush=True)
    report.write_section("Pooling with eight runs of a corpus", lines)


if __name__ == "__main__":
    main()
