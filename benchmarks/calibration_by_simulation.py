"""Are the posteriors of every law calibrated? Truths from the priors, ranked among their draws; writes CALIBRATION.md.

python benchmarks/calibration_by_simulation.py [--quick] [--only LAW ...] [--replications 1000] [--budget 1000]
                                               [--recovery LAW ...] [--seed 0]

With ``--only`` the rows of other laws stay as they are. Recovery against the size of the design is measured for the
laws that it names, with as many replications. A law that takes longer than its budget gets fewer.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import xarray as xr
from calibration_designs import ROWS, design, priors_for
from calibration_page import COVERAGE, RANKS, RECOVERY, Page, coverage_rows, rank_cells, recovery_cells
from clock import Clock

import bayescale as bs
from bayescale.laws import CATALOGUE, Law, find_law
from bayescale.models import Pooling, StudentT, build_model
from bayescale.validation.calibrate import FEWEST, one_at_a_time

SIZES = (8, 15, 30, 60, 120)
# Of NUTS: a thousand draws have 99 ten apart, near enough independent.
SHORT = {"chains": 2, "warmup": 300, "draws": 500}
RECOVERED = ("chinchilla", "kaplan-nd", "m2", "loss-to-loss")


def main() -> None:
    chosen = arguments()
    page, wanted = Page(), 200 if chosen.quick else chosen.replications
    for law in map(find_law, chosen.only):
        with Clock() as clock:
            found = within(law, wanted, chosen.budget, chosen.seed)
        page.put(RANKS, rank_cells(found, clock.cpu, f"{datetime.now(UTC):%Y-%m-%d}"))
        for row in coverage_rows(found):
            page.put(COVERAGE, row)
        print(found, f"\n  CPU {clock.cpu:.0f} s", flush=True)
    for law in map(find_law, chosen.recovery):
        for rows in SIZES:
            found = within(law, wanted, chosen.budget, chosen.seed + 1, rows)
            page.put(RECOVERY, recovery_cells(found))
            print(found, flush=True)


def within(law: type[Law], wanted: int, budget: float, seed: int, rows: int = ROWS) -> bs.Calibration:
    """As many replications as are wanted, or as a budget of CPU seconds allows: by the time of the first ones.

    These count too; the first of all tell of compiling, the second of fits.
    """
    parts, left, count = [], budget, FEWEST
    while count >= FEWEST and left > 0 and len(parts) < 3:
        with Clock() as clock:
            parts.append(calibrated(law, count, 1000 * seed + len(parts), rows))
        left -= clock.cpu
        most = FEWEST if len(parts) < 2 else int(FEWEST * left / clock.cpu)
        count = min(most, wanted - sum(map(len, parts)))
    return joined(parts)


def joined(parts: list[bs.Calibration]) -> bs.Calibration:
    """Calibrations of one law and design as one."""
    starts = np.cumsum([0, *map(len, parts)])[:-1]
    ranks = [one.ranks.assign_coords(fit=one.ranks["fit"] + start) for one, start in zip(parts, starts, strict=True)]
    errors = [one.errors.assign_coords(fit=one.errors["fit"] + start) for one, start in zip(parts, starts, strict=True)]
    # A derived quantity that was not finite everywhere in one of them is in none.
    ranks, errors = xr.concat(ranks, "fit", join="inner"), xr.concat(errors, "fit", join="exact")
    status = pd.concat([p.status for p in parts], ignore_index=True).assign(fit=ranks["fit"].to_numpy())
    seconds, rows = sum(p.seconds for p in parts), np.concatenate([p.rows for p in parts])
    return replace(parts[0], ranks=ranks, errors=errors, status=status, seconds=seconds, rows=rows)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    names = [law.name for law in CATALOGUE]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 replications")
    parser.add_argument("--only", nargs="*", choices=names, default=names, metavar="LAW", help="laws to measure anew")
    parser.add_argument("--replications", type=int, default=1000, help="truths of each law")
    parser.add_argument("--budget", type=float, default=1000, help="CPU seconds for a law and a size of design, about")
    parser.add_argument("--recovery", nargs="*", choices=names, default=RECOVERED, metavar="LAW", help="see above")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def calibrated(law: type[Law], count: int, seed: int, rows: int = ROWS) -> bs.Calibration:
    """One law and one size of design."""
    model = build_model(law, noise=StudentT, pooling=Pooling("complete"))
    choices = SHORT if one_at_a_time(model) else {}
    return bs.calibrate(law, design(law, rows), replications=count, priors=priors_for(law), seed=seed, **choices)


if __name__ == "__main__":
    main()
