"""Which corpus is better at tasks at the largest scale, decided from small runs: chains of fits, and ranking.

python benchmarks/downstream_decisions.py [--ratio 8]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import report
from cells import table_lines
from tables import REAL_DATA

import bayescale as bs

# Task errors by what they are called. Of loss-to-loss they are one less the accuracies of the source.
OVERTRAINING = {"17 tasks": "err_avg_subset", "46 tasks": "err_avg"}
LOSS_TO_LOSS = {
    "hellaswag": "eval/downstream/hellaswag_test_len_norm",
    "piqa": "eval/downstream/piqa_test_len_norm",
}
# Pairs nearer than this in error at the large scale are the close ones.
NEAR, PROB = 0.02, 0.9
# Errors of few tasks tell little of the second law, which NUTS then samples slowly: as few draws as decide a pair.
SETTINGS = {"chains": 2, "warmup": 200, "draws": 300, "seed": 0, "progress": False}
HOW = (
    "Each corpus' runs of at most 1/{ratio:g} of the largest compute: `chinchilla` for the loss on C4, "
    "`downstream-error` for the error of a task at a loss, as a chain, and `compare_scores` for a new run of the size "
    "and tokens of the largest scale that all corpora have (of an IsoFLOP grid the size with the least mean error). "
    "*Measured*: which corpus has the lower error there. *Ranking*: which had it at the largest scale of the small "
    "runs, as a certainty. *Brier*: mean of (probability - outcome)^2. *Close*: pairs that differ by less than "
    "{near:g} in error at the large scale. *Turned*: pairs whose order at the large scale is not that of the small "
    "one. *Off*: mean distance of the forecast error from the measured one; *inside*: share of measured errors in "
    "their 90 % interval; *last*: mean distance of the error at the small scale from the measured one. Measures of one "
    "data set share the runs, so that their pairs are not independent."
)
DECISIONS = (
    "runs", "measure", "pairs", "turned", "right, chain", "ranking", "Brier, chain", "ranking",
    "mean probability of the likelier",
)  # fmt: skip
FORECASTS = ("runs", "measure", "compute", "forecasts", "off, chain", "last", "inside", "median width")


@dataclass(frozen=True, eq=False)
class Task:
    """One error of the runs of a data set: family, params, tokens, loss and error."""

    data: str
    measure: str
    table: pd.DataFrame


def tasks() -> Iterator[Task]:
    """Every data set and measure."""
    table = pd.read_csv(REAL_DATA / "overtraining/overtrain_downstreams.csv")
    table = table[table["cc_mult"] >= 1]
    names = {"dataset_name": "family", "N": "params", "D": "tokens", "loss_c4_val": "loss"}
    for measure, column in OVERTRAINING.items():
        yield Task("overtraining", measure, _tidy(table.rename(columns=names), table[column]))
    table = pd.read_csv(REAL_DATA / "loss-to-loss/sweep.csv")
    names = {"data": "family", "eval/c4_val/CrossEntropyLoss": "loss"}
    for measure, column in LOSS_TO_LOSS.items():
        yield Task("loss-to-loss", measure, _tidy(table.rename(columns=names), 1.0 - table[column]))


def _tidy(table: pd.DataFrame, error: pd.Series) -> pd.DataFrame:
    """Runs that have every number, with a name for their size and tokens."""
    kept = table[["family", "params", "tokens", "loss"]].assign(error=error).dropna()
    logs = np.log(kept[["params", "tokens"]].to_numpy(float))
    kept["cell"] = [f"{size:.2f} {tokens:.2f}" for size, tokens in logs]
    return kept


def at_scale(table: pd.DataFrame) -> tuple[float, float, dict[str, float]]:
    """Size and tokens of the largest scale that all corpora have, and each one's error there."""
    means = table.groupby(["cell", "family"])[["params", "tokens", "error"]].mean()
    counts = means.groupby("cell").size()
    cells = means.loc[counts[counts == table["family"].nunique()].index].reset_index()
    compute = 6.0 * cells["params"] * cells["tokens"]
    largest = cells[compute >= 0.97 * compute.max()]
    best = largest.groupby("cell")["error"].mean().idxmin()
    own = largest[[cell == best for cell in largest["cell"]]].set_index("family")
    return float(own["params"].iloc[0]), float(own["tokens"].iloc[0]), own["error"].to_dict()


def decided(task: Task, ratio: float, known: dict[bytes, bs.Fit]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs and forecasts of one task from runs of at most so much less compute than the largest scale has.

    Args:
        task: the runs.
        ratio: the largest compute over that of the fits.
        known: fits of losses, which tasks share, by their table; new ones are added.
    """
    params, tokens, measured = at_scale(task.table)
    small = task.table[6.0 * task.table["params"] * task.table["tokens"] <= 6.0 * params * tokens / ratio * 1.05]
    chains = {family: _chain(own, known) for family, own in small.groupby("family")}
    found = bs.compare_scores(chains, params=params, tokens=tokens)
    about = {"data": task.data, "measure": task.measure}
    pairs = found.pairs()
    first, second = (pairs[name].map(measured) for name in ("first", "second"))
    pairs = pairs.assign(**about, truth=(first < second).astype(float), apart=(first - second).abs())
    table = found.table(prob=PROB)
    actual = table["recipe"].map(measured)
    inside = (table["lower"] <= actual) & (actual <= table["upper"])
    return pairs, table.assign(**about, actual=actual, inside=inside)


def _chain(table: pd.DataFrame, known: dict[bytes, bs.Fit]) -> bs.Chain:
    """Both stages of one corpus."""
    columns = ["params", "tokens", "loss"]
    key = table[columns].to_numpy(float).tobytes()
    if key not in known:
        known[key] = bs.fit("chinchilla", bs.read_runs(table[columns]), **SETTINGS)
    runs = bs.read_runs(table[[*columns, "error"]], law="downstream-error")
    return bs.chain(known[key], bs.fit("downstream-error", runs, **SETTINGS))


def decision_rows(pairs: pd.DataFrame) -> Iterator[list[str]]:
    """One row per measure, for all measures of a data set together, and for its close pairs."""
    for data, own in pairs.groupby("data", sort=False):
        yield from (_decisions(str(data), str(measure), part) for measure, part in own.groupby("measure", sort=False))
        yield _decisions(str(data), "all", own)
        if len(close := own[own["apart"] < NEAR]):
            yield _decisions(str(data), "all, close", close)


def _decisions(data: str, measure: str, own: pd.DataFrame) -> list[str]:
    return [
        data,
        measure,
        f"{len(own)}",
        f"{(own['ranking'] != own['truth']).sum()}",
        f"{((own['wins'] > 0.5) == (own['truth'] > 0.5)).mean():.0%}",
        f"{(own['ranking'] == own['truth']).mean():.0%}",
        f"{((own['wins'] - own['truth']) ** 2).mean():.3f}",
        f"{((own['ranking'] - own['truth']) ** 2).mean():.3f}",
        f"{np.maximum(own['wins'], 1 - own['wins']).mean():.0%}",
    ]


def forecast_rows(forecasts: pd.DataFrame) -> Iterator[list[str]]:
    """One row per measure."""
    for (data, measure), own in forecasts.groupby(["data", "measure"], sort=False):
        far = own["extrapolation"]
        yield [
            str(data),
            str(measure),
            f"{far.min():.3g}x"
            if f"{far.min():.3g}" == f"{far.max():.3g}"
            else f"{far.min():.3g}x to {far.max():.3g}x",
            f"{len(own)}",
            f"{(own['median'] - own['actual']).abs().mean():.4f}",
            f"{(own['measured'] - own['actual']).abs().mean():.4f}",
            f"{own['inside'].sum()} of {len(own)}",
            f"{(own['upper'] - own['lower']).median():.4f}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratio", type=float, default=8.0, help="the largest compute over that of the fits")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", bs.DataWarning)
    warnings.simplefilter("ignore", bs.SettingsWarning)
    made: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    known: dict[bytes, bs.Fit] = {}
    for task in tasks():
        made.append(decided(task, chosen.ratio, known))
        print(task.data, task.measure, flush=True)
    pairs, forecasts = (pd.concat(parts, ignore_index=True) for parts in zip(*made, strict=True))
    lines = [HOW.format(ratio=chosen.ratio, near=NEAR), "", "### Decisions", ""]
    lines += [*table_lines(DECISIONS, decision_rows(pairs)), "", "### Forecasts", ""]
    lines += table_lines(FORECASTS, forecast_rows(forecasts))
    print("\n".join(lines), flush=True)
    report.write_section("Corpora decided by task error", lines)


if __name__ == "__main__":
    main()
