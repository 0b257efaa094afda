"""The value of a run by posteriors of simulated runs: posterior draws, weighed anew for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayescale.data.model_error import model_error_of
from bayescale.decisions.next_run.problem import Problem
from bayescale.inference.limits import PARETO_K
from bayescale.inference.settings import check_seed, seed_for
from bayescale.language.errors import SettingsError


def nested_values(
    problem: Problem, records: pd.DataFrame, *, top: int, replicates: int, seed: int | None
) -> pd.DataFrame:
    """See :meth:`bayescale.decisions.next_run.result.NextRun.nested`."""
    for name, count in (("top", top), ("replicates", replicates)):
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise SettingsError(f"{name} must be a whole number of at least 1, got {count!r}.")
    if model_error_of(problem.situation.fit.runs) > 0:
        raise SettingsError("A nested check simulates runs without the model error of the fit's; fit without it.")
    chosen = problem.situation.seed if seed is None else check_seed(seed)
    shown, names = records.head(top), list(problem.candidates.points)
    found = []
    for row in shown.itertuples():
        point = {name: np.array([getattr(row, name)]) for name in names}
        rng = np.random.default_rng(seed_for(chosen, f"nested/{row.rank}"))
        found.append(_one(problem, point, replicates, rng))
    values, errors, unreliable = np.array(found).T
    return shown[["rank", *names, "value", "unit"]].assign(nested=values, nested_error=errors, unreliable=unreliable)


def _one(
    problem: Problem, point: dict[str, np.ndarray], replicates: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Value of one candidate, its Monte-Carlo standard error, and the share of weights that fail."""
    runs = problem.situation.asked(point).runs()[:, 0]
    sources = rng.choice(runs.size, min(replicates, runs.size), replace=False)
    many = {name: np.repeat(values, sources.size) for name, values in point.items()}
    _, log_density = problem.situation.asked(many).scored(runs[sources])
    now, values, shapes = problem.belief.now, [], []
    for column, source in zip(log_density.T, sources, strict=True):
        # A draw is no independent judge of the run that it gave itself.
        kept = np.delete(np.arange(runs.size), source)
        weight, shape = smoothed(column[kept])
        after = weighted_covariance(problem.aim.targets[kept], weight)
        values.append(float(problem.aim.value(now, now, after)))
        shapes.append(shape)
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return float(np.mean(values)), error, float(np.mean(np.array(shapes) > PARETO_K))


def smoothed(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smoothed weights that sum to 1, and the Pareto shape of the raw ones.

    References:
        vehtari2024pareto
    """
    from arviz_stats.base import array_stats

    # ArviZ takes log likelihoods, whose negatives are the log weights of leaving one out.
    log_smooth, shape = array_stats.psislw(-log_weight)
    weight = np.exp(log_smooth - log_smooth.max())
    return weight / weight.sum(), float(shape)


def weighted_covariance(targets: np.ndarray, weight: np.ndarray) -> Any:
    """Covariance of weighted draws, target x target, without the bias of few draws.

    Args:
        targets: draw x target.
        weight: over draws, summing to 1.
    """
    centred = targets - weight @ targets
    return (weight[:, None] * centred).T @ centred / (1.0 - (weight**2).sum())
