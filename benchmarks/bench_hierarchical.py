"""Forty families, about 10,000 rows: the hierarchical fit against hand-written NumPyro and PyMC models of the same.

python benchmarks/bench_hierarchical.py [--processes 1] [--draws 300]
"""

from __future__ import annotations

import argparse

import report
from comparison import OURS, Arm, Goal, measure, ratio_lines, table_lines
from tables import forty_families
from textbook import reported

LABELS = {"numpyro": "centred NumPyro", "nutpie": "centred nutpie"}
GOALS = {"cold": 30, "warm": 80}
HOW = (
    "The figure is the smallest rank-normalised bulk ESS over all parameters in textbook units, per CPU second of all "
    "threads and child processes. *Centred*: families are drawn around their population in anchored coordinates, rows "
    "find theirs by index, diagonal mass matrix; as many warm-up draws as kept ones. *Cold*: the first fit of a "
    "process, compiling included, without a compile cache; imports are done, and the baselines have sampled a toy. "
    "*Warm*: the second fit of the process, of another table with the same shape; nutpie's model is compiled by then, "
    "NumPyro compiles again."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=1, help="of bayescale; the baselines have one each")
    parser.add_argument("--draws", type=int, default=300, help="kept per chain of the baselines, and warm-up draws")
    parser.add_argument("--only", choices=LABELS, action="append", help="this baseline")
    chosen = parser.parse_args()
    labels = {library: LABELS[library] for library in chosen.only or LABELS}
    draws = f"{chosen.draws}:{chosen.draws}"
    arms = [Arm(label, f"{library}:centred:{draws}", fits=2) for library, label in labels.items()]
    ours = Arm(OURS, OURS, fits=2, processes=chosen.processes)
    results = measure("forty-families", [ours, *arms], reported("centred"), other=True)
    goals = [Goal(label, kind, ratio) for kind, ratio in GOALS.items() for label in labels.values()]
    lines = [
        f"{forty_families()[1]}. {HOW}",
        "",
        *table_lines(results),
        "",
        *ratio_lines(results, goals),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Sampling cost, forty families", lines)


if __name__ == "__main__":
    main()
