"""Scores of predicted final losses, as they are and with the error that other groups of curves show."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import ndtr
from training_curves import MOST, RISING

COLUMNS = "n | inside 50 % | inside 90 % | median abs. error % | median error % | width of 90 %"
LEARNT = " + error learnt on other groups"
FALLING = "all whose loss falls"


def introduction(table: pd.DataFrame, left: dict[str, int]) -> str:
    """What was done."""
    curves = table["curve"].nunique()
    nuts = int((table.drop_duplicates(["curve", "model"])["engine"] == "nuts").sum())
    without = " and ".join(f"{count} that {why}" for why, count in left.items())
    return (
        f"{curves} training curves in nats per token (the collection of Choshen et al.), without {without}. "
        f"Fitted: at most {MOST} rows between a tenth and a third of a run's tokens; predicted: the loss of its last "
        "row, three to ten times as far. Student-t noise; *independent*: a new run at that place; *OU*: the run "
        "continued from its last residual. *Annealing* takes a cosine to a tenth of the peak that ends where the run "
        "was planned to end, which is an assumption, and S2 with a memory of 1,000 steps. *Learnt*: the draws times a "
        "log-normal factor with the mean and sd of the errors of all groups but the one that is predicted (maximum "
        f"likelihood, beyond what draws scatter by themselves; {RISING} teach nothing). Errors are those of medians, "
        f"widths in % of the loss. Where the instant engine did not pass its own checks, NUTS made the fit ({nuts} of "
        "them) or, for annealing, there is none: n is then less."
    )


def lines(table: pd.DataFrame, draws: np.ndarray) -> list[str]:
    """The section's tables: final losses by group, and all curves whose loss falls by how far they are predicted."""
    scores = pd.concat(
        [_scores(rows, draws[rows.index], learnt) for _, rows in table.groupby("part") for learnt in (False, True)],
        ignore_index=True,
    )
    final, falling = scores[scores["part"] == scores["part"].max()], scores[scores["group"] != RISING]
    by_group = [(group, final[final["group"] == group]) for group in table["group"].unique()]
    by_group.append((FALLING, falling[falling["part"] == falling["part"].max()]))
    by_part = [(f"{100 * part:.0f} % of the run", rows) for part, rows in falling.groupby("part")]
    return [*_table("final loss of", by_group), "", f"How far ahead, {FALLING}:", "", *_table("place", by_part)]


def _table(what: str, parts: list[tuple[str, pd.DataFrame]]) -> list[str]:
    out = [f"| {what} | model | {COLUMNS} |", "| --- " * 8 + "|"]
    for name, part in parts:
        for model, rows in part.groupby("model", sort=False):
            inside = [f"{100 * (np.abs(rows['place'] - 0.5) < p / 2).mean():.0f}" for p in (0.5, 0.9)]
            error, width = 100 * rows["error"], 100 * rows["width"].median()
            numbers = f"{error.abs().median():.2f} | {error.median():+.2f} | {width:.1f}"
            out.append(f"| {name} | {model} | {len(rows)} | {' | '.join(inside)} | {numbers} |")
    return out


def _scores(table: pd.DataFrame, draws: np.ndarray, learnt: bool) -> pd.DataFrame:
    """Place of the truth in each prediction, error of its median, and the width of its 90 % interval."""
    truth, table = np.log(table["truth"].to_numpy(float)), table.reset_index(drop=True)
    scores = np.empty((len(table), 3))
    for (model, group), rows in table.groupby(["model", "group"]).indices.items():
        mean, sd = 0.0, 1e-12
        if learnt:
            others = ((table["model"] == model) & ~table["group"].isin([group, RISING])).to_numpy()
            mean, sd = learnt_error(truth[others], draws[others])
        for i in rows:
            moved = draws[i] + mean
            low, middle, high = _quantiles(moved, sd) - truth[i]
            scores[i] = ndtr((truth[i] - moved) / sd).mean(), np.expm1(middle), np.exp(high) - np.exp(low)
    out = table.assign(**dict(zip(("place", "error", "width"), scores.T, strict=True)))
    return out.assign(model=out["model"] + (LEARNT if learnt else ""))


def _quantiles(draws: np.ndarray, sd: float) -> np.ndarray:
    """The 5, 50 and 95 % quantiles of draws plus a normal error, by its own quantiles."""
    normal = np.random.default_rng(0).standard_normal((20, 1))
    return np.quantile(draws + sd * normal, [0.05, 0.5, 0.95])


def learnt_error(truth: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    """Mean and sd of a normal error of log predictions, beyond their own scatter, by maximum likelihood.

    Args:
        truth: logs, over curves.
        draws: logs, curve x draw.
    """

    def loss(position: np.ndarray) -> float:
        mean, sd = position[0], np.exp(position[1])
        standard = (truth[:, None] - draws - mean) / sd
        # A floor under the density: a prediction that is nowhere near says nothing of the size of usual errors.
        return -float(np.log(np.exp(-0.5 * standard**2).mean(axis=1) / sd + 1e-3).sum())

    start = np.array([np.median(truth - np.median(draws, axis=1)), np.log(0.01)])
    found = minimize(loss, start, method="Nelder-Mead")
    return float(found.x[0]), float(np.exp(found.x[1]))
