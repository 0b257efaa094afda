"""How often the checks of review warn of tables that are right, and of tables that are wrong in one way.

python benchmarks/review_false_alarms.py [--tables 400] [--wrong 50]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pandas as pd
import report
from cells import table_lines
from review_tables import SIGMA, WRONG, grid, isoflop, right

import bayescale as bs

DESIGNS = {"IsoFLOP, 35 runs": isoflop, "grid, 28 runs": grid}


def reviewed(make: Callable[[pd.DataFrame, int], pd.DataFrame], design: pd.DataFrame, count: int) -> pd.DataFrame:
    """The checks of as many simulated tables, a row per table and check; of fits that pass their own checks."""
    tables = {str(seed): bs.read_runs(make(design, seed)) for seed in range(count)}
    fits = bs.fit_many("chinchilla", tables, progress=False)
    good = fits.status.query("status == 'ok'")["fit"]
    found = [bs.review(fits[label]).table().assign(table=label) for label in good]
    return pd.concat(found, ignore_index=True)


def alarms(found: pd.DataFrame) -> pd.DataFrame:
    """Of every check the shares of tables that it warns or fails of, and that it fails of; then those of any check."""
    marked = found.assign(alarm=found["status"] != "pass", fail=found["status"] == "fail")
    each = marked.groupby("name", sort=False)[["alarm", "fail"]].mean()
    any_of = marked.groupby("table")[["alarm", "fail"]].any().mean()
    return pd.concat([each, any_of.to_frame("any check").T])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=400, help="that are right, of each design")
    parser.add_argument("--wrong", type=int, default=50, help="that are wrong, of each way")
    chosen = parser.parse_args()
    shares, counts = {}, {}
    for name, design in DESIGNS.items():
        found = reviewed(right, design(), chosen.tables)
        shares[name], counts[name] = alarms(found), found["table"].nunique()
        print(name, counts[name], shares[name].to_string(), sep="\n", flush=True)
    rows = [[check, *(_cell(share, check) for share in shares.values())] for check in next(iter(shares.values())).index]
    lines = [
        f"Chinchilla at the parameters of besiroglu2024chinchilla with Student-t noise of scale {SIGMA:g}, the law and "
        "noise that are fitted. Share of tables at which a check does not pass, and in brackets at which it fails. "
        + "; ".join(f"{name}: {count} tables whose fits pass their own checks" for name, count in counts.items())
        + ".",
        "",
        *table_lines(["check", *shares], rows),
        "",
        f"Tables that are wrong in one way ({chosen.wrong} each, IsoFLOP design): share at which each check does not "
        "pass, those of less than 5 % left out.",
        "",
    ]
    wrong = []
    for words, make in WRONG.items():
        share = alarms(reviewed(make, isoflop(), chosen.wrong))["alarm"]
        fired = share[(share >= 0.05) & (share.index != "any check")].sort_values(ascending=False, kind="stable")
        wrong.append([words, ", ".join(f"{name} {100 * value:.0f} %" for name, value in fired.items())])
        print(*wrong[-1], flush=True)
    report.write_section("False alarms of review", [*lines, *table_lines(["what is wrong", "checks"], wrong)])


def _cell(share: pd.DataFrame, check: str) -> str:
    if check not in share.index:
        return ""
    return f"{100 * share.loc[check, 'alarm']:.2g} % ({100 * share.loc[check, 'fail']:.2g} %)"


if __name__ == "__main__":
    main()
