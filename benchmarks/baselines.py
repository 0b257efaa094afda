"""What others would answer to the questions of a backtest: Huber and bootstrap, and two packages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import gaussian_kde

import bayescale as bs
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.scores import PROBS, crps, logs, rank

# Quantiles that are asked of packages which give no draws.
LEVELS = np.linspace(0.005, 0.995, 100)


def huber_bootstrap(one: HeldOut, resamples: int) -> pd.DataFrame:
    """The curve at every resample, each with a residual of the best curve drawn at random.

    A table that no start converges on has no answer: an empty frame, and a line that says so.
    """
    runs = one.fit.runs.with_model_error(0.0)
    try:
        made = bs.point_fit(one.fit.law, runs, resamples=resamples, seed=one.seed)
    except bs.BayescaleError as error:
        print(f"Huber and bootstrap, {one.split.label}: {str(error)[:200]}")
        return pd.DataFrame()
    best, law = made.law, made.resampled()
    table = runs.table
    fitted = np.asarray(best(table["params"].to_numpy(), table["tokens"].to_numpy()))
    residuals = np.log(table["loss"].to_numpy() / fitted)
    law = law.replace(**{name: np.asarray(value)[:, None] for name, value in law.values.items()})
    curves = np.asarray(law(one.points["params"][None], one.points["tokens"][None]))
    drawn = np.random.default_rng(one.seed).choice(residuals, size=curves.shape)
    good = np.isfinite(curves).all(axis=1) & (curves > 0).all(axis=1)
    return scored(one, (curves * np.exp(drawn))[good])


def peer_runs(peer: str, python: str, asked: Sequence[HeldOut]) -> pd.DataFrame:
    """The answers of a package, from an interpreter that has it; what it cannot fit is not scored, and counted."""
    questions = [
        {
            "label": one.split.label,
            "fit": {name: one.fit.runs.table[name].tolist() for name in ("params", "tokens", "loss")},
            "ask": {name: one.points[name].tolist() for name in ("params", "tokens")},
            "levels": LEVELS.tolist(),
        }
        for one in asked
    ]
    script = Path(__file__).with_name("peers.py")
    told = subprocess.run([python, str(script), peer], input=json.dumps(questions), capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(f"{peer}: {told.stderr[-2000:]}")
    answers = {answer["label"]: answer for answer in json.loads(told.stdout.splitlines()[-1])}
    parts = []
    for one in asked:
        answer = answers[one.split.label]
        if "error" in answer:
            print(f"{peer}, {one.split.label}: {answer['error'][:200]}")
            continue
        # Over level and run: as good as draws, evenly spaced in probability; one level is a point without interval.
        parts.append(scored(one, np.asarray(answer["quantiles"])))
    return pd.concat(parts)


def scored(one: HeldOut, draws: np.ndarray) -> pd.DataFrame:
    """The scores of draws (draw x run) as a backtest has them."""
    seen = one.table[one.response].to_numpy(float)
    made = {"family": one.split.family, "ratio": one.split.ratio, "extrapolation": one.extrapolation, "observed": seen}
    made["median"] = np.median(draws, axis=0)
    for prob in PROBS:
        made[f"lower_{prob:g}"], made[f"upper_{prob:g}"] = np.quantile(draws, [0.5 - prob / 2, 0.5 + prob / 2], axis=0)
    single = len(draws) == 1
    made["log_score"] = np.full(seen.size, np.nan) if single else _log_density(draws, seen)
    made["crps"] = np.abs(np.log(draws[0] / seen)) if single else crps(logs(draws), np.log(seen))
    return pd.DataFrame({**made, "rank": rank(draws, seen), "status": "ok"})


def _log_density(draws: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Log density of a Gaussian kernel estimate on the log loss, over run."""
    found = []
    for column, value in zip(np.log(draws).T, np.log(seen), strict=True):
        found.append(float(gaussian_kde(column).logpdf(value)[0]) - value if np.ptp(column) > 0 else -np.inf)
    # A kernel density runs out of numbers far from all draws: one score in such a place would rule the mean.
    return np.maximum(found, -50.0)
