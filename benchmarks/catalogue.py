"""Fit the laws of the catalogue to real tables, where there are any, and write ``docs/catalogue_fits.md``.

python benchmarks/catalogue.py [--only LAW ...] [--data TABLE ...]

With ``--only`` or ``--data`` the other rows of the page stay as they are; each row is written when it is made.
"""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from catalogue_cases import CASES as USUAL
from catalogue_cases import Case
from catalogue_others import OTHERS
from cells import short, table_lines
from clock import Clock

import bayescale as bs
from bayescale.laws import CATALOGUE

CASES = (*USUAL, *OTHERS)
PAGE = Path(__file__).parents[1] / "docs" / "catalogue_fits.md"
HEAD = ("law", "data", "rows", "engine", "R-hat", "min ESS", "divergences", "checks", "published → refit", "in 90 %")
HEAD += ("CPU s",)
WORDS = """# Fits of the laws

Written by `benchmarks/catalogue.py`, which has the tables and how each was fitted, simulated ones where no runs are
public. Rows are made one by one; CPU seconds are of two shared cores and include compiling. Checks that fail are named.

Default priors, Student-t noise and seed 0 unless the script says otherwise. *R-hat* and *min ESS* are the worst over
parameters, *checks* those of `fit.check()` that fail. *Published → refit*: what others found, mostly on other data or
by other means, and our median with its 90 % interval. *In 90 %*: share of the runs inside the 90 % posterior predictive
interval of their own fit. None of this says how well a law predicts beyond its data.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=sorted({case.law for case in CASES}), help="laws to fit anew")
    parser.add_argument("--data", nargs="+", choices=sorted({case.data for case in CASES}), help="tables to fit anew")
    chosen = parser.parse_args()
    if missing := {law.name for law in CATALOGUE} - {case.law for case in CASES}:
        raise SystemExit(f"no case in catalogue_cases.py or catalogue_others.py for {', '.join(sorted(missing))}")
    rows = dict(_written())
    for case in CASES:
        if case.law in (chosen.only or [case.law]) and case.data in (chosen.data or [case.data]):
            rows[case.law, case.data] = row(case)
            print(" | ".join(rows[case.law, case.data]), flush=True)
            _write(rows)


def _write(rows: Mapping[tuple[str, str], list[str]]) -> None:
    """Write the page, in the order of the cases."""
    ordered = [rows[case.law, case.data] for case in CASES if (case.law, case.data) in rows]
    text = WORDS + "\n".join(table_lines(HEAD, ordered)) + "\n"
    PAGE.write_text(text, "utf-8")


def _written() -> Iterator[tuple[tuple[str, str], list[str]]]:
    """The rows of the page as it is."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    for line in re.findall(r"^\| (.*) \|$", text, flags=re.MULTILINE)[2:]:
        cells = line.split(" | ")
        yield (cells[0], cells[1]), cells


def row(case: Case) -> list[str]:
    """Fit one law and say how it went."""
    with warnings.catch_warnings(), Clock() as clock:
        warnings.simplefilter("ignore", bs.DataWarning)
        runs = case.load()
        fit = bs.fit(case.law, runs, seed=0, **case.settings)
        checks = {check.name: check for check in fit.checks.checks}
    failed = [check.name for check in fit.checks.failed]
    ess = min(check.value for name, check in checks.items() if name.startswith("ess"))
    divergences = checks["divergences"].value if "divergences" in checks else 0
    return [
        case.law,
        case.data,
        f"{len(runs):,}",
        fit.engine.split(" ")[0],
        f"{checks['r-hat'].value:.4f}",
        f"{ess:,.0f}",
        f"{divergences:.0f}",
        ", ".join(failed) or "pass",
        "; ".join(refit(fit, name, *value) for name, value in case.published.items()) or "–",
        f"{100 * coverage(fit):.0f} %",
        short(clock.cpu),
    ]


def refit(fit: bs.Fit, name: str, published: float, key: str) -> str:
    """A published value and ours; of a hierarchy the population's."""
    draws = fit.posterior[name if "family" not in fit.posterior[name].dims else f"{name}_population"].to_numpy()
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return f"{name} {published:.4g} ({key}) → {middle:.3g} [{low:.3g}, {high:.3g}]"


def coverage(fit: bs.Fit) -> float:
    """Share of the runs within the 90 % posterior predictive interval of their own fit."""
    name = fit.law.response.name
    draws = fit.data["posterior_predictive"][name]
    low, high = draws.quantile([0.05, 0.95], dim=("chain", "draw"))
    seen = fit.runs.table[name].to_numpy()
    inside = (low.to_numpy() <= seen) & (seen <= high.to_numpy())
    # Of a run that is a lower bound nobody knows.
    known = fit.runs.table["censored"].to_numpy() == 0 if "censored" in fit.runs.table else np.ones(len(seen), bool)
    return float(inside[known].mean())


if __name__ == "__main__":
    main()
