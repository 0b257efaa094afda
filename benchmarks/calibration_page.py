"""Rows and words of CALIBRATION.md, which is written law by law: what is measured stays if a run is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import report
from calibration_designs import NARROWED, ROWS
from cells import short, table_lines

import bayescale as bs
from bayescale.laws import CATALOGUE

PAGE = Path(__file__).with_name("CALIBRATION.md")
PROBS = (0.5, 0.8, 0.9)
RANKS, COVERAGE, RECOVERY = "Ranks", "Coverage of intervals", "Recovery against the size of the design"
HEADS = {
    RANKS: "law,numbers,replications,least uniform,p,excess,verdict,in 90 %,flagged,failed,engine,CPU s,measured",
    COVERAGE: "law,interval,lowest,of,mean,highest,of",
    RECOVERY: "law,rows,replications,rmse in prior sds,in 50 %,in 80 %,in 90 %,verdict,flagged,failed",
}
NARROW = "; ".join(f"{law}: {', '.join(f'{p} {prior}' for p, prior in of.items())}" for law, of in NARROWED.items())
WORDS = f"""# Calibration by simulation

Written by `benchmarks/calibration_by_simulation.py`: truths from the priors, a table of {ROWS} rows from each, all
fitted, and the truths ranked among 99 draws (`bayescale.calibrate`). If draws are from the posterior, ranks are
uniform, for every parameter, derived quantity, noise parameter, the log likelihood and the log posterior density. A
calibrated law leaves the simultaneous band of all these once in 1,000 seeds, so that of 50 laws one or more do in 5 %
of seeds. Fits are as `fit_many` gives them with Student-t noise, the default; laws whose model has more than ten
parameters go through `fit`, NUTS with 2 chains of 500 draws, which flags more fits than longer chains would. *Flagged*
fits count like all others and are never left out.

A thousand replications notice a posterior that is a fifth too narrow, a third too wide or shifted by 0.3 of its sd in
95 % of seeds or more; 200 one that is 0.4 too narrow, 0.75 too wide or shifted by half an sd; 30 only gross errors,
such as a shift of 1.3 sds, and 20 hardly anything else (`tests/calibration/test_criterion.py` has the numbers). How
many there are is what the time of the first ones leaves of a law's budget; no rank has a say in it.

Priors are those declared, the same in truths and fits, but for the scale of the noise, HalfNormal(0.02) instead of
HalfCauchy(0.01), which is open to losses that scatter tenfold, and {NARROW}. What is simulated
is not read like a user's table: an error above 1, which the model allows and a reader refuses, stays. Samplers that are
broken on purpose are caught by the same band in `tests/calibration/test_broken_engines.py` (Jacobian, proposal and
acceptance of the instant engine, single and batched) and `tests/calibration/hierarchies/test_broken_nuts.py`.

"""
ABOUT = {
    RANKS: "*p*: how often uniform ranks of as many numbers stray so far, at most (Bonferroni over the law's numbers). "
    "*Excess*: by how many ranks the least uniform number is outside of its band. *In 90 %*: share of truths in their "
    "90 % interval, mean over numbers.",
    COVERAGE: "Lowest, mean and highest share of the truths in equal-tailed intervals, over all numbers of a law. With "
    "200 replications the sd of one number is 3.5, 2.8 and 2.1 points at 50, 80 and 90 %.",
    RECOVERY: "*Rmse*: of posterior medians, root mean square over fits and the law's parameters, on their "
    "unconstrained scale; 1 is what the prior's median has. Coverage is the mean over all numbers.",
}


class Page:
    """The page as it is on disk; rows that are measured anew take the place of the old ones."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[tuple[str, str], list[str]]] = {title: {} for title in HEADS}
        text = PAGE.read_text("utf-8") if PAGE.exists() else ""
        for section in text.split("\n## ")[1:]:
            title, *lines = section.splitlines()
            cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][2:]
            self.rows[title] = {(one[0], one[1]): one for one in cells}

    def put(self, title: str, cells: Sequence[str]) -> None:
        """Take in a row, known by its first two cells, and write the page."""
        self.rows[title][cells[0], cells[1]] = list(cells)
        order = {law.name: i for i, law in enumerate(CATALOGUE)}
        text = f"{WORDS}Last run: {report.circumstances()}\n"
        if missing := [law for law in order if law not in {key for key, _ in self.rows[RANKS]}]:
            text += f"\nNot measured yet: {', '.join(missing)}.\n"
        for name, head in HEADS.items():
            rows = sorted(self.rows[name].values(), key=lambda one: (order[one[0]], _number(one[1])))
            text += f"\n## {name}\n\n{ABOUT[name]}\n\n" + "\n".join(table_lines(head.split(","), rows)) + "\n"
        PAGE.write_text(text, "utf-8")


def _number(cell: str) -> float:
    """What rows of one law are ordered by."""
    return float(cell.split(" ")[0])


def engines(found: bs.Calibration) -> str:
    """How many fits were made by which engine."""
    counts = found.status.loc[found.status["engine"] != "", "engine"].value_counts()
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def rank_cells(found: bs.Calibration, cpu: float, today: str) -> list[str]:
    """The row of a law among the ranks."""
    table = found.table().set_index("quantity")
    return [
        found.model.law.name,
        str(len(table)),
        str(len(found)),
        found.worst,
        f"{found.p_value:.2g}",
        str(int(table["excess"].max())),
        "not uniform" if found.violations else "uniform",
        f"{100 * found.coverage(0.9).mean():.0f} %",
        _share(found, "flagged"),
        _share(found, "failed"),
        engines(found),
        short(cpu),
        today,
    ]


def _share(found: bs.Calibration, status: str) -> str:
    count = found.counted(status)
    return f"{count} ({100 * count / len(found):.1f} %)" if count else "0"


def coverage_rows(found: bs.Calibration) -> list[list[str]]:
    """The rows of a law among the intervals."""
    rows = []
    for prob in PROBS:
        shares = found.coverage(prob)
        ends = [(f"{100 * shares[name]:.0f} %", str(name)) for name in (shares.idxmin(), shares.idxmax())]
        mean = f"{100 * shares.mean():.0f} %"
        rows.append([found.model.law.name, f"{round(100 * prob)} %", *ends[0], mean, *ends[1]])
    return rows


def recovery_cells(found: bs.Calibration) -> list[str]:
    """The row of a law and one size of design."""
    own = [p.name for p in found.model.law.parameters]
    rmse = float(np.sqrt((found.errors.sel(parameter=own) ** 2).mean()))
    shares = [f"{100 * found.coverage(prob).mean():.0f} %" for prob in PROBS]
    verdict = "not uniform" if found.violations else "uniform"
    counts = [_share(found, "flagged"), _share(found, "failed")]
    return [found.model.law.name, str(found.rows[0]), str(len(found)), short(rmse), *shares, verdict, *counts]
