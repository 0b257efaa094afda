"""Leave-one-out scores by budget and by family: where the model predicts worse than elsewhere."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.inference.limits import PARETO_K
from bayescale.language.errors import SettingsError
from bayescale.validation.review.drift import compute_of
from bayescale.validation.review.evidence import p_check

PERMUTATIONS = 4999
COLUMNS = ["by", "group", "runs", "elpd_per_run", "above_k", "worst_k"]


def loo_scores(fit: Fit, seed: int) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return scores per budget (or third of compute) and per family, and a check that budgets score alike.

    Scores are expected log densities of a run that is left out, by Pareto-smoothed importance sampling; they say how
    well the model fills the gaps between its runs, and nothing of extrapolation. If the model is right, which budget a
    run belongs to says nothing of its score, so that budgets may be permuted among the runs of a family.

    References:
        vehtari2017practical, vehtari2024pareto
    """
    import arviz_stats

    groups = xr.DataTree.from_dict({"posterior": fit.posterior, "log_likelihood": fit.log_likelihood})
    with warnings.catch_warnings():
        # ArviZ warns of large Pareto k, which the table counts.
        warnings.simplefilter("ignore")
        found = arviz_stats.loo(groups, var_name=fit.law.response.name, pointwise=True)
    score, shape = found.elpd_i.to_numpy().ravel(), found.pareto_k.to_numpy().ravel()
    table = fit.runs.table
    family = table["family"].to_numpy(str) if fit.groups else np.full(len(table), "")
    by, budget = _budgets(fit)
    rows = [_row(by, name, score, shape, budget == name) for name in dict.fromkeys(budget)]
    rows += [_row("family", name, score, shape, family == name) for name in fit.groups]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    if len(set(budget)) < 2:
        return frame, ()
    worst, p_value = _permuted(score, budget, family, np.random.default_rng(seed))
    words = "budget" if by == "budget" else "third of compute"
    advice = (
        f"Runs of the {words} {worst} are predicted unlike the others by the rest: look at how they were trained, give "
        "the fit effects='budget', or a noise that knows of them (loss_se)."
    )
    return frame, (p_check("loo-by-budget", p_value, advice),)


def _budgets(fit: Fit) -> tuple[str, np.ndarray]:
    if "budget" in fit.runs.table:
        return "budget", fit.runs.table["budget"].to_numpy(str)
    try:
        compute = compute_of(fit)
    except SettingsError:
        return "compute", np.full(len(fit.runs), "all")
    cuts = np.quantile(compute, [1 / 3, 2 / 3])
    names = [f"up to {cuts[0]:.2g}", f"up to {cuts[1]:.2g}", f"up to {compute.max():.2g}"]
    return "compute", np.array(names)[np.searchsorted(cuts, compute)]


def _row(by: str, name: str, score: np.ndarray, shape: np.ndarray, here: np.ndarray) -> list:
    own = shape[here]
    return [by, str(name), int(here.sum()), float(score[here].mean()), int((own > PARETO_K).sum()), float(own.max())]


def _permuted(score: np.ndarray, budget: np.ndarray, family: np.ndarray, rng: np.random.Generator) -> tuple[str, float]:
    """The budget whose mean score lies furthest from the others', and how often a permutation does as much."""
    names, code = np.unique(budget, return_inverse=True)
    rank = np.empty(len(score))
    # Ranks within families: these have scales of their own, and log densities long tails.
    for name in set(family):
        here = np.flatnonzero(family == name)
        rank[here] = (np.argsort(np.argsort(score[here])) + 0.5) / len(here) - 0.5
    counts = np.bincount(code, minlength=len(names))

    def away(codes: np.ndarray) -> np.ndarray:
        return np.abs(np.bincount(codes, rank, minlength=len(names))) / np.sqrt(counts)

    def shuffled() -> np.ndarray:
        out = code.copy()
        for name in set(family):
            here = np.flatnonzero(family == name)
            out[here] = rng.permutation(code[here])
        return out

    seen = away(code)
    made = np.array([away(shuffled()).max() for _ in range(PERMUTATIONS)])
    return str(names[seen.argmax()]), float((1 + (made >= seen.max() - 1e-12).sum()) / (1 + PERMUTATIONS))
