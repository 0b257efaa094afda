"""Do priors learnt from public families help a new one? A few small runs predict the family's larger runs.

python benchmarks/bench_public_priors.py [--choices 3] [--law chinchilla]

Of every family 3, 5 and 8 runs are drawn from those below a quarter of its largest compute and fitted with the declared
priors, and with priors learnt from the families of all other clusters. Both predict all runs above the quarter, with
the discrepancy that comes with the package.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import report
from cells import table_lines
from learn_priors import fit_population
from public_runs import NOT_TEXT, public_runs

import bayescale as bs
from bayescale.data.model_error import compute_of_rows
from bayescale.data.read import read_quietly
from bayescale.decisions.beyond import LEARNT, find_discrepancy
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.splits import Split

KEPT = (3, 5, 8)
CUT = 4.0
MODEL_ERROR = 0.04
DECLARED, PUBLIC = "declared", "public"


@dataclass(frozen=True)
class Case:
    """A few small runs of a family, and which of the table's rows they are to predict."""

    family: str
    kept: int
    table: bs.Runs
    above: np.ndarray

    def scores(self, fit: bs.Fit, status: str, runs: bs.Runs) -> dict[str, float | str]:
        """What the fit's predictions were worth, means over the runs above the cut."""
        split = Split(self.family, CUT, np.zeros(len(runs), bool), self.above)
        held = HeldOut(split, fit, status, runs.table[self.above].reset_index(drop=True), 0)
        made = held.scores(find_discrepancy(fit, LEARNT))
        seen = made["observed"]
        return {
            "family": self.family,
            "kept": self.kept,
            "log_score": made["log_score"].mean(),
            "crps": made["crps"].mean(),
            "coverage": seen.between(made["lower_0.9"], made["upper_0.9"]).mean(),
            "flagged": float(status != "ok"),
            "width": ((made["upper_0.9"] - made["lower_0.9"]) / made["median"]).mean(),
        }


def cases(runs: bs.Runs, families: list[str], choices: int) -> Iterator[Case]:
    """Every family with every number of runs that it has below the cut."""
    compute = compute_of_rows(runs.table)
    for family in families:
        inside = (runs.table["family"] == family).to_numpy()
        below = inside & (compute < compute[inside].max() / CUT * (1 - 1e-9))
        places = np.flatnonzero(below)
        for kept in KEPT:
            for seed in range(choices if places.size > kept else 1):
                if places.size >= kept:
                    few = _spread(places[np.argsort(compute[places], kind="stable")], kept, seed, len(runs))
                    table = read_quietly(runs.subset(few).to_frame().drop(columns="family"))
                    yield Case(family, kept, table.with_model_error(MODEL_ERROR), inside & ~below)


def _spread(places: np.ndarray, kept: int, seed: int, rows: int) -> np.ndarray:
    """The mask of one run from each part of the range of compute, as a person would choose, at random within."""
    mask = np.zeros(rows, bool)
    for k, part in enumerate(np.array_split(places, kept)):
        mask[np.random.default_rng([seed, k]).choice(part)] = True
    return mask


def scored(law: str, runs: bs.Runs, tried: list[Case], priors: bs.Priors | None) -> pd.DataFrame:
    """One row per case."""
    fits = bs.fit_many(law, {str(i): case.table for i, case in enumerate(tried)}, priors=priors, progress=False)
    status = fits.status.set_index("fit")["status"]
    return pd.DataFrame([case.scores(fits[i], status[i], runs) for i, case in zip(fits, tried, strict=True)])


def lines(parts: pd.DataFrame, choices: int) -> list[str]:
    """The table: pairs of what the declared and the public priors reach."""
    whole = parts.groupby(["priors", "kept", "family"]).mean()
    rows = []
    for kept in KEPT:
        pair = [whole.xs((name, kept)) for name in (DECLARED, PUBLIC)]
        gain = pair[1]["log_score"] - pair[0]["log_score"]
        shown = {"log_score": "{:.2f}", "crps": "{:.2%}", "coverage": "{:.0%}", "width": "{:.1%}", "flagged": "{:.0%}"}
        two = [" / ".join(form.format(one[name].mean()) for one in pair) for name, form in shown.items()]
        error = gain.std(ddof=1) / np.sqrt(gain.size)
        better = f"{(gain > 0).sum()} of {gain.size}"
        rows.append([str(kept), *two, f"{gain.mean():+.2f} ({error:.2f})", better])
    head = [
        "runs",
        "log score",
        "CRPS",
        "coverage of 90 %",
        "width of 90 %",
        "flagged fits",
        "gain in log score",
        "families better",
    ]
    return [
        f"Runs above a quarter of the largest compute, predicted from a few below it: {parts['family'].nunique()} "
        f"families of text, the few runs chosen "
        f"{'once' if choices == 1 else f'{choices} times'}, means over families; declared priors / priors of the "
        "families of all other clusters. Log score: log density of the log loss, nats a run. In brackets the standard "
        "error over families.",
        "",
        *table_lines(head, rows),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choices", type=int, default=3, help="of the runs, with seeds 0, 1, ...")
    parser.add_argument("--law", default="chinchilla")
    chosen = parser.parse_args()
    runs, clusters = public_runs()
    text = [family for family in runs.families if family not in NOT_TEXT]
    population = fit_population(chosen.law, runs, clusters, MODEL_ERROR)
    tried = list(cases(runs, text, chosen.choices))
    parts = [scored(chosen.law, runs, tried, None).assign(priors=DECLARED)]
    for cluster in sorted({clusters[family] for family in text}):
        own = [case for case in tried if clusters[case.family] == cluster]
        if own:
            parts.append(scored(chosen.law, runs, own, population.priors(without=cluster)).assign(priors=PUBLIC))
    written = lines(pd.concat(parts), chosen.choices)
    print("\n".join(written))
    report.write_section("Public priors for a new family", written)


if __name__ == "__main__":
    main()
