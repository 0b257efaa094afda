"""Leave-one-out scores by budget and by family: where the model predicts unlike elsewhere."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.inference.limits import PARETO_K
from bayescale.language.errors import SettingsError
from bayescale.models import Censored
from bayescale.validation.review.drift import compute_of
from bayescale.validation.review.evidence import p_check

PERMUTATIONS = 4999
COLUMNS = ["by", "group", "runs", "elpd_per_run", "above_k", "worst_k"]


def loo_scores(fit: Fit, seed: int) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return scores per budget (or third of compute) and per family, and checks that budgets and families fare alike.

    Scores are expected log densities of a run that is left out, by Pareto-smoothed importance sampling; they say how
    well the model fills the gaps between its runs, and nothing of extrapolation. They are worse at the ends of a design
    and in noisy families even if the model is right, so what the checks compare is where each loss lies in its own
    leave-one-out predictive distribution: if the model is right, how far from the middle is the same for all runs,
    so that budgets may be permuted among the runs of a family, and families among all runs.

    Raises:
        SettingsError: rows that depend on each other, or losses that are bounds.

    References:
        vehtari2017practical, vehtari2024pareto
    """
    if fit.model.residuals is not None:
        raise SettingsError("rows of one run depend on each other")
    if fit.model.noise is Censored:
        raise SettingsError("losses that are bounds have no predictive distribution")
    score, shape, away = _left_out(fit)
    table, rng = fit.runs.table, np.random.default_rng(seed)
    family = table["family"].to_numpy(str) if fit.groups else np.full(len(table), "")
    by, budget = _budgets(fit)
    rows = [_row(by, name, score, shape, budget == name) for name in dict.fromkeys(budget)]
    rows += [_row("family", name, score, shape, family == name) for name in fit.groups]
    checks = []
    if len(set(budget)) > 1:
        worst, p_value = _permuted(away, budget, family, rng)
        words = f"the {'budget' if by == 'budget' else 'third of compute'} {worst}"
        checks.append(p_check("loo-by-budget", p_value, _advice(words)))
    if len(fit.groups) > 1:
        worst, p_value = _permuted(away, family, np.full(len(table), ""), rng)
        checks.append(p_check("loo-by-family", p_value, _advice(f"the family {worst}")))
    return pd.DataFrame(rows, columns=COLUMNS), tuple(checks)


def _left_out(fit: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every run its score, the Pareto k, and how far it is from the middle of its predictive distribution (0 to 1).

    What is observed lies at a uniform place of that distribution if the model is right.
    """
    import arviz_stats

    name = fit.law.response.name
    observed = xr.Dataset({name: ("run", fit.runs.table[name].to_numpy())}, coords={"run": fit.log_likelihood["run"]})
    groups = {"posterior": fit.posterior, "log_likelihood": fit.log_likelihood, "observed_data": observed}
    tree = xr.DataTree.from_dict(groups | {"posterior_predictive": fit.posterior_predictive})
    with warnings.catch_warnings():
        # ArviZ warns of large Pareto k, which the table counts.
        warnings.simplefilter("ignore")
        found = arviz_stats.loo(tree, var_name=name, pointwise=True)
        place = arviz_stats.loo_pit(tree, var_names=name)[name]
    score, shape, place = (values.to_numpy().ravel() for values in (found.elpd_i, found.pareto_k, place))
    return score, shape, np.abs(2.0 * place - 1.0)


def _advice(words: str) -> str:
    return (
        f"Runs of {words} are predicted unlike the others by the rest: look at how they were trained and measured; "
        "give the fit effects='budget' for what runs of a budget share, or loss_se for runs that are known less well."
    )


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


def _row(by: str, name: str, score: np.ndarray, shape: np.ndarray, here: np.ndarray) -> list[Any]:
    own = shape[here]
    return [by, str(name), int(here.sum()), float(score[here].mean()), int((own > PARETO_K).sum()), float(own.max())]


def _permuted(away: np.ndarray, groups: np.ndarray, within: np.ndarray, rng: np.random.Generator) -> tuple[str, float]:
    """The group whose mean rank lies furthest from the others', and how often a permutation does as much.

    Args:
        away: of every run, from the middle of its predictive distribution.
        groups: of every run.
        within: runs are permuted, and ranked, among those that have this in common.
        rng: of the permutations.
    """
    names, code = np.unique(groups, return_inverse=True)
    places = [np.flatnonzero(within == name) for name in np.unique(within)]
    rank = np.empty(len(away))
    for here in places:
        rank[here] = rankdata(away[here]) / (len(here) + 1) - 0.5
    counts = np.bincount(code, minlength=len(names))

    def distances(codes: np.ndarray) -> np.ndarray:
        return np.abs(np.bincount(codes, rank, minlength=len(names))) / np.sqrt(counts)

    def shuffled() -> np.ndarray:
        out = code.copy()
        for here in places:
            out[here] = rng.permutation(code[here])
        return out

    seen = distances(code)
    made = np.array([distances(shuffled()).max() for _ in range(PERMUTATIONS)])
    return str(names[seen.argmax()]), float((1 + (made >= seen.max() - 1e-12).sum()) / (1 + PERMUTATIONS))
