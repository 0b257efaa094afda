"""Backtest of `follow`: public training curves, each in flight once, its final loss forecast from its first part.

python benchmarks/follow.py [--every 1] [--workers 2] [--keep scores.csv]
"""

from __future__ import annotations

import os

# Before NumPy: matrices are small, and threads of several workers would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import multiprocessing
import re
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import report
from cells import table_lines
from scipy.optimize import least_squares
from tables import REAL_DATA
from training_curves import Curve, read_curves

import bayescale as bs

PAGE = Path(__file__).with_name("FOLLOW.md")
CURVES = REAL_DATA / "learning-curves" / "colpret.npz"
PARTS = (0.1, 0.3, 0.5, 0.8)
ALL = "all"
# The second table: parts seen, and the compute of a sibling over that of the run, at most.
SMALLER_PARTS, SMALLER = (0.3, 0.5), 0.7
# Runs that end before this part of their plan were cut.
WHOLE = 0.98
HEAD = (
    "seen", "family", "runs", "in 50 %", "in 90 %", "width of 90 %, %", "error, %", "without: in 50 %", "in 90 %",
    "width", "error", "narrower", "error of the last loss", "error of a power and a floor",
)  # fmt: skip
WORDS = """# A run in flight: how well forecasts of its end held

Written by `benchmarks/follow.py`: every run of the public curves in nats per token (the collection of Choshen et al.)
is once the one in flight. It is cut at a part of its tokens, the other runs of its family are its siblings, and
`bs.follow` forecasts its last loss. *In 50 %*, *in 90 %*: share of last losses inside the interval. *Width* and *error*
(absolute, of the median) are medians over runs, in % of the loss. *Without*: the same forecast without the run's
checkpoints. *Narrower*: share of runs whose interval is narrower with them. *The last loss*: that the loss stays where
it is. *A power and a floor*: least squares (soft L1) on the run's own checkpoints from a tenth of what is seen on.

The second table has only siblings of at most {smaller} times the compute (6ND) of the run, as where a run is larger
than all that came before it; three are needed. In the first many siblings are near copies or larger.

Left out: {left}.

The passes over the data of the GPT2 runs are known from their names and given as `repeats`. Runs of a family that
share data and size are near copies of each other, and all runs of a family are forecast from each other, so that
coverage scatters more than that of {count} independent runs: one sd is then {sd:.0f} points at 50 % and {sd90:.0f}
at 90 %. The priors were set before the first of these numbers and not changed; `repeats` became one of the usual inputs
after runs of many passes had been missed. The covariance outside the siblings came after a review had found the second
table's 90 % intervals to hold 67 % at 30 %; its priors are those of laws of a floor and two powers in simulation. That
the line's error wanders along training, that inputs without a line count too and that inputs within 5 % are the same
was chosen after the same 57 curves at 30 % had shown their need: they are no test of it, those at 50 % are little
more of one.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="follow every k-th run only; nothing is written then")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", help="file for the scores of every run")
    chosen = parser.parse_args()
    began = time.perf_counter()
    curves, left = whole_curves()
    names = [curve.name for curve in curves[:: chosen.every]]
    asked = [(name, part, np.inf) for part in PARTS for name in names]
    asked += [(name, part, SMALLER) for part in SMALLER_PARTS for name in names]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(chosen.workers, mp_context=context) as pool:
        found = list(pool.map(follow_one, *zip(*asked, strict=True), chunksize=4))
    scores = pd.DataFrame([row for row in found if row is not None])
    if chosen.keep:
        scores.to_csv(chosen.keep, index=False)
    usual, smaller = scores[scores["most"] > 1.0], scores[scores["most"] == SMALLER]
    count = len(usual[usual["part"] == 0.3])
    none = [one for one, row in zip(asked, found, strict=True) if row is None]
    refused = pd.Series([part for _, part, most in none if most > 1.0]).value_counts()
    left |= {f"begin too late to be followed at {part:.0%}, or have siblings that do": n for part, n in refused.items()}
    words = WORDS.format(
        left="; ".join(f"{n} runs that {why}" for why, n in left.items()),
        count=count, smaller=SMALLER, sd=100 * (0.25 / count) ** 0.5, sd90=100 * (0.09 / count) ** 0.5,
    )  # fmt: skip
    lines = ["## All siblings", "", *table_lines(HEAD, rows(usual)), ""]
    lines += ["## Only smaller siblings", "", *table_lines(HEAD, rows(smaller))]
    lines += ["", f"{report.circumstances()} {time.perf_counter() - began:.0f} s."]
    print("\n".join([words, *lines]))
    if chosen.every == 1:
        PAGE.write_text("\n".join([words, *lines, ""]), "utf-8")


@cache
def whole_curves() -> tuple[list[Curve], dict[str, int]]:
    """Curves that end where they were planned to, and how many are left out, by reason."""
    curves, left = read_curves(CURVES)
    left = {why.replace("in that part", "between a tenth and a third"): count for why, count in left.items()}
    whole = [curve for curve in curves if curve.tokens[-1] >= WHOLE * curve.planned]
    return whole, left | {"were cut": len(curves) - len(whole)}


def follow_one(name: str, part: float, most: float) -> dict[str, object] | None:
    """Scores of one run that is cut at a part of its tokens; None where it cannot be followed.

    Args:
        name: of the run.
        part: that is seen.
        most: the largest compute of a sibling, over that of the run.
    """
    warnings.simplefilter("ignore", bs.DataWarning)
    curves, _ = whole_curves()
    curve = next(one for one in curves if one.name == name)
    end, truth = float(curve.tokens[-1]), float(np.log(curve.loss[-1]))
    others = [one for one in curves if one.group == curve.group and one is not curve]
    tables = [table_of(one) for one in others if compute_of(one) <= most * compute_of(curve)]
    early = table_of(curve).query("tokens <= @part * @end")
    if early.empty:
        return None
    try:
        made = bs.follow(bs.read_runs(pd.concat([*tables, early])), name, final_tokens=end)
    except bs.SettingsError:
        return None
    row: dict[str, object] = {"run": name, "group": curve.group, "part": part, "most": most}
    for label, key in (("", "loss"), ("without ", "without")):
        logs = np.log(made.draws[key].isel(share=-1).to_numpy().ravel())
        low, middle, high = np.quantile(logs, (0.05, 0.5, 0.95))
        row |= {f"{label}place": (logs < truth).mean(), f"{label}error": np.expm1(middle - truth)}
        row |= {f"{label}width": np.exp(high - middle) - np.exp(low - middle)}
    row |= {"last": np.expm1(np.log(early["loss"].iloc[-1]) - truth)}
    return row | {"power": np.expm1(own_power(early, end) - truth)}


def table_of(curve: Curve) -> pd.DataFrame:
    """The rows of a curve, with what is known of its run."""
    columns = {"run": curve.name, "params": params()[curve.name], "tokens": curve.tokens, "loss": curve.loss}
    passes = re.fullmatch(r"GPT2-.*-([\d.]+)", curve.name)
    return pd.DataFrame(columns | ({"repeats": float(passes[1])} if passes else {}))


def compute_of(curve: Curve) -> float:
    """FLOP by 6ND."""
    return 6.0 * params()[curve.name] * float(curve.tokens[-1])


@cache
def params() -> dict[str, float]:
    """Sizes by run."""
    table = bs.datasets.load("learning-curves", path=CURVES).table
    return table.groupby("run")["params"].first().to_dict()


def own_power(early: pd.DataFrame, end: float) -> float:
    """Log of the loss at the end by a floor and a power of tokens, fitted to the run's own checkpoints."""
    rows = early[early["tokens"] >= 0.1 * early["tokens"].iloc[-1]]
    tokens, logs = rows["tokens"].to_numpy() / early["tokens"].iloc[-1], np.log(rows["loss"].to_numpy())

    def log_loss(values: np.ndarray, at: np.ndarray | float) -> np.ndarray:
        return np.logaddexp(values[0], values[1] - np.exp(values[2]) * np.log(at))

    def residuals(values: np.ndarray) -> np.ndarray:
        return log_loss(values, tokens) - logs

    floor, above = logs[-1] - 0.3, logs[-1] - 1.5
    fits = [least_squares(residuals, (floor, above, s), loss="soft_l1", f_scale=0.01) for s in (-2.0, -1.0, 0.0)]
    return float(log_loss(min(fits, key=lambda fit: fit.cost).x, end / early["tokens"].iloc[-1]))


def rows(scores: pd.DataFrame) -> Iterator[list[str]]:
    """One row per part and family, and one of all families."""
    for part, those in scores.groupby("part"):
        for group, own in (*those.groupby("group", sort=False), (ALL, those)):
            cells = [f"{part:.0%}", str(group), str(len(own))]
            for label in ("", "without "):
                inside = [np.abs(own[f"{label}place"] - 0.5) < prob / 2 for prob in (0.5, 0.9)]
                cells += [f"{100 * one.mean():.0f}" for one in inside]
                cells += [f"{100 * own[f'{label}width'].median():.2f}", percent(own[f"{label}error"])]
            cells.append(f"{100 * (own['width'] < own['without width']).mean():.0f} %")
            yield [*cells, percent(own["last"]), percent(own["power"])]


def percent(errors: pd.Series) -> str:
    return f"{100 * errors.abs().median():.2f}"


if __name__ == "__main__":
    main()
