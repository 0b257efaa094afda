"""CPU seconds against rows, families and number of fits, with exponents, as a table and a figure.

python benchmarks/bench_scaling.py [--only rows] [--repeats 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import report
from cells import short, spread, table_lines
from scaling_curves import FAMILY_ROWS, NUTS, Curve, over_families, over_fits, over_rows
from scaling_figure import FILE, draw_scaling
from small_tables import DESIGN

ROWS, FAMILIES, FITS = (
    (30, 100, 300, 1_000, 3_000, 10_000, 30_000),
    (2, 5, 10, 20, 40),
    (10, 30, 100, 300, 1_000, 3_000),
)
# Sizes from which on an exponent is fitted: the upper part of the range, where what every fit costs anyway is small.
ROWS_FROM, FAMILIES_FROM, FITS_FROM = 1_000, 5, 100
HOW = (
    "Warm: each row is the median of {repeats} fits of other tables with other seeds, in a process that has fitted one "
    "of that size before; ranges in brackets. CPU seconds of all threads, from the table that is read to draws in "
    "natural units. Exponents are by least squares in logs over all repeats of the sizes that are named, their "
    "standard errors those of the regression."
)


class Told(NamedTuple):
    """A column of a curve: its name in the points, and its head."""

    name: str
    head: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    for name, sizes in (("rows", ROWS), ("families", FAMILIES), ("fits", FITS)):
        parser.add_argument(f"--{name}", type=int, nargs="+", default=sizes, help="sizes")
    chosen = parser.parse_args()
    rows = over_rows(chosen.rows, chosen.repeats, ROWS_FROM)
    families = over_families(chosen.families, chosen.repeats, FAMILIES_FROM)
    fits = over_fits(chosen.fits, chosen.repeats, FITS_FROM)
    draw_scaling(rows, families, fits).savefig(FILE)
    nuts = f"4 chains of {NUTS['warmup']} warm-up and {NUTS['draws']} kept draws, acceptance {NUTS['target_accept']}"
    lines = [
        f"![CPU seconds against rows, families and fits]({FILE.name})",
        "",
        f"{HOW.format(repeats=chosen.repeats)} Simulated tables: {DESIGN}.",
        "",
        "**Rows of one table**, instant engine, drawn until the smallest ESS is 2,000.",
        "",
        *curve_lines(rows, "row", "rows", (Told("draws", "draws per chain"), Told("nuts", "by NUTS"))),
        "",
        f"**Families** of {FAMILY_ROWS[0]}-{FAMILY_ROWS[1]} rows, hierarchical NUTS: {nuts}. Leapfrogs "
        "are those of all draws, warm-up included; each takes a gradient, whose CPU time is that of sampling.",
        "",
        *curve_lines(
            families,
            "family",
            "families",
            (Told("leapfrogs", "leapfrogs/draw"), Told("per_1000", "CPU ms per gradient")),
        ),
        "",
        "**Tables fitted together**, `fit_many`, longer chains included; the few that it would then fit by themselves, "
        "at a cost that hardly depends on their company, are left as they are.",
        "",
        *curve_lines(fits, "table", "tables", (Told("flagged", "flagged"),)),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Scaling curves", lines)


def curve_lines(curve: Curve, unit: str, units: str, told: Sequence[Told]) -> list[str]:
    """The table of a curve, its exponents, and what was compiled after all."""
    head = (units, "CPU s", f"CPU ms per {unit}", *(one.head for one in told))
    rows = (
        [
            f"{size:,}",
            spread(curve.at(size)),
            short(1e3 * median(curve.at(size)) / size),
            *(spread(curve.at(size, one.name)) for one in told),
        ]
        for size in curve.sizes
    )
    exponents = [f"CPU seconds: exponent **{curve.law()}**"]
    exponents += [f"{one.head}: exponent **{curve.law(one.name)}**" for one in told if one.name == "per_1000"]
    compiled = sum(point.compiled for point in curve.points)
    law = curve.law()
    return [
        *table_lines(head, rows),
        "",
        f"* {'; '.join(exponents)}; {law.least:,.0f} to {law.most:,.0f} {units}.",
        f"* Compiled while the clock ran: {compiled:.1f} s of {sum(point.cpu for point in curve.points):.0f}.",
    ]


if __name__ == "__main__":
    main()
