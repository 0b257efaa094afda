"""Task error of the largest runs of Gadre et al., predicted from smaller ones through their loss, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

import bayescale as bs

FILE = "overtraining/overtrain_downstreams.csv"
CORPORA = {"c4_original": "C4", "rpj": "RedPajama", "rw_original": "RefinedWeb"}
# Averages over all tasks, and over those that the authors' models do better than by guessing.
ERRORS = {"46 tasks": "err_avg", "17 tasks": "err_avg_subset"}
# Gadre et al. on RedPajama: percent off in loss and in the 17-task error, by tokens per parameter.
PUBLISHED = {(640, "loss"): 0.7103, (20, "loss"): 0.7320, (640, "17 tasks"): 3.6365, (20, "17 tasks"): 0.0464}
LOSS_LAW, PROB = "chinchilla-tied", 0.9


def table_of_runs(folder: Path) -> pd.DataFrame:
    """Runs past warm-up, with what is held out marked: in each corpus 6.9B and the most over-trained 1.4B."""
    table = pd.read_csv(folder / FILE)
    table = table[table["cc_mult"] >= 1].rename(columns={"N": "params", "D": "tokens", "loss_c4_val": "loss"})
    table["family"] = table["dataset_name"].map(CORPORA)
    longest = table.groupby(["family", "params"])["tokens"].transform("max")
    over_trained = table["params"].between(1e9, 5e9) & (table["tokens"] == longest)
    table["held_out"] = (table["params"] > 5e9) | over_trained
    return table[["family", "params", "tokens", "loss", *ERRORS.values(), "held_out"]].reset_index(drop=True)


def predictions(
    table: pd.DataFrame, *, pooled: bool = False, corpora: Sequence[str] = tuple(CORPORA.values()), seed: int = 0
) -> pd.DataFrame:
    """Loss and task errors of the held-out runs, with the plug-in interval of the error beside the chain's.

    Args:
        table: from :func:`table_of_runs`.
        pooled: one fit of all corpora with partial pooling instead of one fit each.
        corpora: those to fit one by one.
        seed: of all fits.

    Returns:
        one row per held-out run and measure: corpus, params, ratio, measure, actual, median, lower, upper, plug_lower,
        plug_upper (the second law at the median of the predicted loss, missing for losses) and engines.
    """
    rows = []
    for part in [table] if pooled else [table[table["family"] == name] for name in corpora]:
        seen, held = part[~part["held_out"]], part[part["held_out"]]
        columns = ["params", "tokens", "loss", *(["family"] if pooled else [])]
        loss = bs.fit(LOSS_LAW, bs.read_runs(seen[columns]), seed=seed)
        for measure, column in ERRORS.items():
            runs = bs.read_runs(seen[columns].assign(error=seen[column]), law="downstream-error")
            error = bs.fit("downstream-error", runs, seed=seed)
            for corpus, group in held.groupby("family"):
                rows += _rows(loss, error, str(corpus), group.assign(error=group[column]), measure, pooled)
    return pd.DataFrame(rows).drop_duplicates(["corpus", "params", "ratio", "measure"], ignore_index=True)


def _rows(
    loss: bs.Fit, error: bs.Fit, corpus: str, held: pd.DataFrame, measure: str, pooled: bool
) -> Iterator[dict[str, object]]:
    """Both stages at the held-out runs of a corpus."""
    asked = {"group": corpus if pooled else None, "params": held["params"], "tokens": held["tokens"]}
    made = bs.predict(bs.chain(loss, error), discrepancy=None, **asked).table(prob=PROB)
    for stage, what in enumerate(("loss", measure), start=1):
        part = made[made["stage"] == stage]
        plugged = bs.predict(error, group=asked["group"], loss=made.loc[made["stage"] == 1, "median"]).table(prob=PROB)
        for (_, run), (_, one), (_, plug) in zip(held.iterrows(), part.iterrows(), plugged.iterrows(), strict=True):
            yield {
                "corpus": corpus,
                "params": run["params"],
                "ratio": round(run["tokens"] / run["params"]),
                "measure": what,
                "actual": run["loss" if stage == 1 else "error"],
                **{name: one[name] for name in ("median", "lower", "upper", "extrapolation")},
                "plug_lower": plug["lower"] if stage == 2 else float("nan"),
                "plug_upper": plug["upper"] if stage == 2 else float("nan"),
                "engines": f"{loss.record['engine']['name']}, {error.record['engine']['name']}",
            }


def coverage(made: pd.DataFrame, prefix: str = "") -> tuple[int, int]:
    """How many of the intervals have the measured value inside, and how many there are."""
    made = made.dropna(subset=[f"{prefix}lower"])
    inside = (made[f"{prefix}lower"] <= made["actual"]) & (made["actual"] <= made[f"{prefix}upper"])
    return int(inside.sum()), len(made)


def lines_of(made: pd.DataFrame) -> list[str]:
    """The table, in Markdown, and what it sums to."""
    head = ("corpus", "params", "D/N", "measure", "measured", "median", "90 % interval", "off", "paper off", "compute")
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for row in made.itertuples():
        inside = row.lower <= row.actual <= row.upper
        known = row.corpus == "RedPajama" and PUBLISHED.get((row.ratio, row.measure))
        interval = f"{row.lower:.4f} to {row.upper:.4f}{'' if inside else ' (missed)'}"
        cells = (row.corpus, f"{row.params:.3g}", row.ratio, row.measure, f"{row.actual:.4f}", f"{row.median:.4f}")
        off = f"{100 * (row.median / row.actual - 1):+.2f} %"
        cells = (*cells, interval, off, f"{known:.4f} %" if known else "", f"{row.extrapolation:.3g}x")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines.append("")
    for measure, part in made.groupby("measure", sort=False):
        off = 100 * (part["median"] / part["actual"] - 1).abs().mean()
        inside, of = coverage(part)
        plug = "" if measure == "loss" else f"; with the loss plugged in, {coverage(part, 'plug_')[0]} of {of}"
        lines.append(f"* {measure}: {inside} of {of} inside their interval{plug}; {off:.2f} % off in the mean.")
    return lines
