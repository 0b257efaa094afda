"""Task error of the largest runs of Gadre et al., predicted from smaller ones through their loss.

python benchmarks/bench_downstream.py
"""

from __future__ import annotations

import report
from downstream_study import LOSS_LAW, lines_of, predictions, table_of_runs
from tables import REAL_DATA

TITLE = "Task error of held-out runs"


def main() -> None:
    """Write the section."""
    table = table_of_runs(REAL_DATA)
    lines = [
        "Gadre et al. (2024), runs past warm-up with loss on C4: in each corpus 6.9B and the most over-trained 1.4B "
        f"are held out. `{LOSS_LAW}` for the loss, `downstream-error` for the error at a loss, as a chain, for a new "
        "run of that size. *Compute*: over the largest run that was fitted. *Paper off*: their least squares on points "
        "they chose. Intervals leave out the laws' own error beyond the data.",
    ]
    for title, pooled in (("One fit for each corpus", False), ("The corpora partially pooled", True)):
        made = predictions(table, pooled=pooled)
        engines = ", ".join(sorted(set(made["engines"])))
        lines += ["", f"### {title}", "", f"Engines of the two stages: {engines}.", "", *lines_of(made)]
    report.write_section(TITLE, lines)


if __name__ == "__main__":
    main()
