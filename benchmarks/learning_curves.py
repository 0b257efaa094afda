"""Single-variable learning curves of a published benchmark, least-squares fits of them, and scores of forecasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import least_squares as optimise
from tables import REAL_DATA

import bayescale as bs

FILES = ("benchmark.vision.csv", "benchmark.lang.csv")
# Rows of a part; longer ones are thinned evenly. Neighbouring checkpoints of a curve say nearly the same.
MOST_ROWS = 64
# Starts of least squares, and how far from the middle of the prior its parameters may go, in sds: far enough that the
# bounds keep numbers finite and decide nothing else.
STARTS, FARTHEST = 6, 8.0
# Families of tasks, by what names of tasks begin with.
VISION = {"bird": "birds", "c": "CIFAR-100", "cal": "Caltech-101", "inet": "ImageNet"}
TEXT = {"NMT": "translation", "LM": "language modelling", "BB": "BIG-Bench"}


class Curve(NamedTuple):
    """A curve and its two parts.

    Args:
        label: domain, task and model.
        family: of tasks.
        train: examples and error, sorted by examples.
        later: the same beyond the training part.
    """

    label: str
    family: str
    train: pd.DataFrame
    later: pd.DataFrame


def read_curves(only: str = "", every: int = 1) -> list[Curve]:
    """The curves of Alabdulmohsin et al., both files, sorted by label.

    Args:
        only: a part of the labels of those that are wanted.
        every: take every so many of these.
    """
    table = pd.concat([pd.read_csv(REAL_DATA / "learning-curves" / name) for name in FILES])
    table = table.rename(columns={"Seen Examples": "examples", "Loss": "error"}).sort_values("examples", kind="stable")
    curves = []
    for (domain, task, model), rows in table.groupby(["Domain", "Task", "Model"], sort=True):
        train, later = (rows.loc[rows["Training"] == flag, ["examples", "error"]] for flag in (1, 0))
        family = TEXT.get(domain) or f"{VISION[task.split('_')[0]]}, few-shot"
        label = f"{domain}/{task}/{model}"
        if only in label:
            curves.append(Curve(label, family, thinned(train), thinned(later)))
    return curves[::every]


def thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows evenly spaced in their order, at most so many."""
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).round().astype(int))
    return rows.iloc[kept].reset_index(drop=True)


def least_squares(law: type[bs.laws.Law], train: pd.DataFrame, seed: int) -> bs.laws.Law:
    """The law at the least sum of squared residuals of log error, from many starts drawn from its priors.

    Args:
        law: with one input.
        train: examples and error.
        seed: of the starts.
    """
    x0, x = float(np.exp(np.log(train["examples"]).mean())), train["examples"].to_numpy()
    middle, sd = np.array([p.prior.unconstrained_moments() for p in law.parameters]).T

    def at(values: np.ndarray) -> bs.laws.Law:
        return law(*(p.prior.natural(np.float64(v)) for p, v in zip(law.parameters, values, strict=True)), x0=x0)

    def residual(values: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.log(at(values)(x)) - target, nan=1e3, posinf=1e3, neginf=-1e3)

    target, best = np.log(train["error"].to_numpy()), (np.inf, middle)
    bounds = (middle - FARTHEST * sd, middle + FARTHEST * sd)
    starts = np.random.default_rng(seed).standard_normal((STARTS - 1, middle.size))
    with np.errstate(all="ignore"):
        for start in (np.zeros(middle.size), *np.clip(starts, -2.0, 2.0)):
            # Where the steps are used up, as on a ridge, the point that they reached counts: what users would take.
            found = optimise(residual, middle + sd * start, bounds=bounds, x_scale=sd, max_nfev=100)
            best = min(best, (float(found.cost), found.x), key=lambda pair: pair[0])
    return at(best[1])


class Score(NamedTuple):
    """Of one forecast of the later part of a curve.

    Args:
        rmsle: root mean squared error of the log of the median.
        crps: continuous ranked probability score of the log of the error, for a point its absolute error. Not of the
            error itself, of which log-t forecasts have no mean.
        half, most: share of rows in the central 50 and 90 % intervals; NaN for a point.
        log_score: mean log density of the errors; NaN for a point.
    """

    rmsle: float
    crps: float
    half: float = np.nan
    most: float = np.nan
    log_score: float = np.nan


def score_point(predicted: np.ndarray, error: np.ndarray) -> Score:
    """Score one number per row."""
    return Score(
        float(np.sqrt(np.mean(np.log(predicted / error) ** 2))), float(np.abs(np.log(predicted / error)).mean())
    )


def score_draws(draws: np.ndarray, log_density: np.ndarray, error: np.ndarray) -> Score:
    """Score draws of the log error of new runs, draw x row.

    The score is E|X - y| - E|X - X'|/2, the second mean over all pairs of different draws, from sorted draws.
    """
    ordered, count, target = np.sort(draws, axis=0), len(draws), np.log(error)
    weights = 2.0 * np.arange(1, count + 1) - count - 1.0
    apart = (weights @ ordered) * 2.0 / (count * (count - 1.0))
    crps = np.abs(ordered - target).mean(axis=0) - 0.5 * apart
    low, first, median, third, high = np.quantile(ordered, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    point = score_point(np.exp(median), error)
    half, most = ((low <= target) & (target <= high) for low, high in ((first, third), (low, high)))
    return Score(point.rmsle, float(crps.mean()), float(half.mean()), float(most.mean()), float(log_density.mean()))
