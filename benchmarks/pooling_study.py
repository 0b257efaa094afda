"""Does pooling pay? Eight runs of one corpus and all runs of the others predict the corpus's other runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from scipy.stats import t as student_t

import bayescale as bs

KEPT = 8
POOLINGS = ("complete", "none", "partial")
PROB = 0.9
# Nats per run: a twentieth more likely or less is no difference that anyone would act on.
TIE = 0.05


def keep_few(runs: bs.Runs, family: str, seed: int) -> np.ndarray:
    """Mask of the runs to fit: all of the other families, and KEPT random ones of this family."""
    rows = np.flatnonzero(runs.table["family"] == family)
    few = np.random.default_rng(seed).choice(rows, KEPT, replace=False)
    mask = np.ones(len(runs), bool)
    mask[np.setdiff1d(rows, few)] = False
    return mask


def log_densities(fit: bs.Fit, family: str, table: pd.DataFrame) -> np.ndarray:
    """Log density of every loss given every draw (chain x draw x run), in closed form; the fit has Student-t noise."""
    # Evaluated at every run of the table, so that all families share one compiled curve.
    curve = bs.predict(fit, params=table["params"], tokens=table["tokens"], group=family, kind="law", discrepancy=None)
    sigma, nu = (of_family(fit.posterior[name], family).to_numpy()[..., None] for name in ("sigma", "nu"))
    loss = table["loss"].to_numpy()
    residual = (np.log(loss) - np.log(curve.draws["loss"].to_numpy())) / sigma
    # A density of the loss, not of its logarithm.
    return student_t.logpdf(residual, nu) - np.log(sigma) - np.log(loss)


def of_family(variable: Any, family: str) -> Any:
    return variable.sel(family=family) if "family" in variable.dims else variable


def log_score(log_density: np.ndarray) -> np.ndarray:
    """Log predictive density of every run: the mean density over chains and draws."""
    return logsumexp(log_density, axis=(0, 1)) - np.log(log_density.shape[0] * log_density.shape[1])


def monte_carlo_error(log_density: np.ndarray) -> float:
    """Standard error of the mean log score, from its scatter over half chains."""
    half = log_density.shape[1] // 2
    parts = [chain[None, piece] for chain in log_density for piece in (slice(half), slice(half, None))]
    scores = [log_score(part).mean() for part in parts]
    return float(np.std(scores, ddof=1) / np.sqrt(len(scores)))


def study(runs: bs.Runs, family: str, *, seed: int = 0, poolings: Sequence[str] = POOLINGS, **sampler: Any) -> dict:
    """Fit with each pooling and score the runs of ``family`` that were left out.

    Args:
        runs: the whole table.
        family: the one of which KEPT runs are kept.
        seed: of the choice of these runs and of the fits.
        poolings: the kinds of pooling to compare.
        sampler: settings of the fits.

    Returns:
        family, seed, held_out (runs), and per pooling: score (mean log predictive density, nats per run) and its
        Monte-Carlo error, coverage (of the 90 % interval of a run), width (its mean relative width).
    """
    mask = keep_few(runs, family, seed)
    held_out, table = ~mask, runs.table
    row: dict[str, Any] = {"family": family, "seed": seed, "held_out": int(held_out.sum())}
    for pooling in poolings:
        fit = bs.fit("chinchilla", runs.subset(mask), pooling=pooling, seed=seed, **sampler)
        density = log_densities(fit, family, table)[..., held_out]
        points = {"params": table["params"], "tokens": table["tokens"]}
        interval = bs.predict(fit, **points, group=family, kind="run", discrepancy=None).table(prob=PROB)[held_out]
        loss = table["loss"].to_numpy()[held_out]
        row[f"score_{pooling}"] = float(log_score(density).mean())
        row[f"error_{pooling}"] = monte_carlo_error(density)
        row[f"coverage_{pooling}"] = float(np.mean((interval["lower"] <= loss) & (loss <= interval["upper"])))
        row[f"width_{pooling}"] = float(((interval["upper"] - interval["lower"]) / interval["median"]).mean())
    return row


def gain(rows: Sequence[dict], pooling: str = "partial", over: str = "none") -> tuple[float, float]:
    """Mean difference of the log scores over the choices of runs, and its standard error.

    The choice of runs is what decides a comparison: the runs held out share one fitted curve, so that their scores
    are far from independent. The error is the scatter over choices or the Monte-Carlo error, whichever is larger.
    """
    differences = np.array([row[f"score_{pooling}"] - row[f"score_{over}"] for row in rows])
    sampling = differences.std(ddof=1) / np.sqrt(differences.size)
    errors = np.array([np.hypot(row[f"error_{pooling}"], row[f"error_{over}"]) for row in rows])
    return float(differences.mean()), float(max(sampling, np.sqrt((errors**2).sum()) / errors.size))


def wins_or_ties(rows: Sequence[dict], pooling: str = "partial", over: str = "none") -> bool:
    """The mean difference of the log scores is above, or below by no more than what is held to be a tie."""
    return gain(rows, pooling, over)[0] >= -TIE
