"""Scores of predicted final losses, as they are and with the error that other groups of curves show."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import ndtr
from training_curves import FEWEST, MOST, RISING

HEAD = "| curves | model | n | no fit | inside 50 % | inside 90 % | median abs. error % | median error % | width of 90 % |"
LEARNT = " + error learnt on other groups"


def introduction(curves: int, short: int) -> str:
    """What was done."""
    return (
        f"{curves} training curves in nats per token (ColPret's collection), {short} more with fewer than {FEWEST} rows "
        f"in that part. Fitted: at most {MOST} rows between a tenth and a third of the run's tokens; predicted: the "
        "loss of its last row, three to ten times as far. Independent residuals: a new run at its place; OU: the run "
        "continued. *Annealing* takes a cosine to a tenth that ends where the run was planned to end, an assumption. "
        "*Learnt*: the draws times a log-normal factor, whose mean and sd are those of the errors of all groups but "
        "the one that is predicted (maximum likelihood, beyond what the draws themselves scatter). Errors are of the "
        "median; width: of the 90 % interval, in % of the loss. The target of coverage is 50 and 90."
    )


def lines(table: pd.DataFrame, draws: np.ndarray) -> list[str]:
    """The section's table: per group and model, and over all groups whose loss falls."""
    out = [HEAD, "| --- " * 9 + "|"]
    scores = pd.concat([_scores(table, draws, learnt) for learnt in (False, True)], ignore_index=True)
    for group in (*table["group"].unique(), "all whose loss falls"):
        part = scores[scores["group"] == group] if group in set(scores["group"]) else scores[scores["group"] != RISING]
        for model in scores["model"].unique():
            rows = part[part["model"] == model]
            good = rows[rows["failed"] == ""]
            if not len(good):
                continue
            inside = [f"{100 * (np.abs(good['place'] - 0.5) < p / 2).mean():.0f}" for p in (0.5, 0.9)]
            error = 100 * good["error"]
            numbers = f"{error.abs().median():.2f} | {error.median():+.2f} | {100 * good['width'].median():.1f}"
            shown = f"{len(good)} | {len(rows) - len(good)} | {' | '.join(inside)}"
            out.append(f"| {group} | {model} | {shown} | {numbers} |")
    return out


def _scores(table: pd.DataFrame, draws: np.ndarray, learnt: bool) -> pd.DataFrame:
    """Place of the truth in each prediction, error of its median, and the width of its 90 % interval."""
    truth = np.log(table["final"].to_numpy(float))
    out = table.assign(place=np.nan, error=np.nan, width=np.nan)
    for (model, group), rows in table.groupby(["model", "group"]).indices.items():
        mean, sd = 0.0, 1e-12
        if learnt:
            others = (table["model"] == model) & ~table["group"].isin([group, RISING]) & (table["failed"] == "")
            mean, sd = learnt_error(truth[others], draws[others])
        for i in rows:
            if table["failed"].iloc[i]:
                continue
            moved = np.sort(draws[i] + mean)
            out.loc[out.index[i], "place"] = ndtr((truth[i] - moved) / sd).mean()
            low, middle, high = _quantiles(moved, sd)
            out.loc[out.index[i], "error"] = np.expm1(middle - truth[i])
            out.loc[out.index[i], "width"] = np.exp(high - truth[i]) - np.exp(low - truth[i])
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
