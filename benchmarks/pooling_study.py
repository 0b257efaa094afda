"""Does pooling pay? Eight runs of one corpus and all runs of the others predict the corpus's other runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from scipy.stats import t as student_t

import bayescale as bs

KEPT = 8
POOLINGS = ("complete", "none", "partial")
PROB = 0.9


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
    curve = bs.predict(fit, params=table["params"], tokens=table["tokens"], group=family, kind="law")
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


def study(runs: bs.Runs, family: str, *, seed: int = 0, **sampler: Any) -> dict[str, Any]:
    """Fit with each pooling and score the runs of ``family`` that were left out.

    Returns:
        family, held_out (runs), and per pooling: score (mean log predictive density, nats per run), coverage (of the
        90 % interval of a run), width (its mean relative width), divergences and max_rhat; difference of the scores
        partial - none with its Monte-Carlo error (from the draws) and its sampling error (from the held-out runs).
    """
    mask = keep_few(runs, family, seed)
    held_out, table = ~mask, runs.table
    row: dict[str, Any] = {"family": family, "held_out": int(held_out.sum())}
    densities = {}
    for pooling in POOLINGS:
        fit = bs.fit("chinchilla", runs.subset(mask), pooling=pooling, seed=seed, **sampler)
        densities[pooling] = log_densities(fit, family, table)[..., held_out]
        points = {"params": table["params"], "tokens": table["tokens"]}
        interval = bs.predict(fit, **points, group=family, kind="run").table(prob=PROB)[held_out]
        loss = table["loss"].to_numpy()[held_out]
        row[f"score_{pooling}"] = float(log_score(densities[pooling]).mean())
        row[f"coverage_{pooling}"] = float(np.mean((interval["lower"] <= loss) & (loss <= interval["upper"])))
        row[f"width_{pooling}"] = float(((interval["upper"] - interval["lower"]) / interval["median"]).mean())
        row[f"divergences_{pooling}"] = int(fit.sample_stats["diverging"].sum())
    gain = log_score(densities["partial"]) - log_score(densities["none"])
    row["gain"] = float(gain.mean())
    row["gain_mc_error"] = float(np.hypot(*(monte_carlo_error(densities[p]) for p in ("partial", "none"))))
    row["gain_sampling_error"] = float(gain.std(ddof=1) / np.sqrt(gain.size))
    return row


def wins_or_ties(row: dict[str, Any]) -> bool:
    """Partial pooling scores no worse than none, but for twice the Monte-Carlo error of the difference."""
    return row["gain"] >= -2 * row["gain_mc_error"]
