"""Which checks a fit has, how each is measured, and what to do when it does not pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.checks import Check, Checks, judged
from bayescale.inference.convergence import TAILS
from bayescale.inference.engine_checks import instant_checks, mode_checks, nuts_checks, sample_more
from bayescale.inference.limits import ESS, OFF_LINE, PARETO_K, R_HAT
from bayescale.inference.posterior import varying
from bayescale.inference.prior_checks import prior_checks
from bayescale.inference.separable import distance_from_line, inseparable
from bayescale.inference.some_curves import MANY_ROWS, some_curves
from bayescale.inference.table import size_of

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit

# Some influential runs are usual in small tables; more than a fifth mean that the model does not describe the data.
INFLUENTIAL = 0.2
# The tail that Pareto k is fitted to is a fifth of the draws, and at least five of them.
FEWEST_DRAWS = 25


def diagnose(fit: Fit) -> Checks:
    """Return all checks of a fit."""
    engine = instant_checks(fit) if fit.record["engine"]["name"] == "instant" else nuts_checks(fit)
    return Checks((*_chain_checks(fit), *engine, *mode_checks(fit), *_design(fit), _pareto(fit), *prior_checks(fit)))


def _chain_checks(fit: Fit) -> list[Check]:
    import arviz_stats  # what arviz has these from; arviz itself imports matplotlib

    draws = varying(fit.posterior, {derived.name for derived in fit.law.derived_quantities})
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of what never moves it is 0 / 0, which must not pass.
        r_hat, r_hat_at = _extreme(arviz_stats.rhat(draws), np.max)
    bulk, bulk_at = _extreme(arviz_stats.ess(draws, method="bulk"), np.min)
    tail, tail_at = _extreme(arviz_stats.ess(draws, method="tail", prob=TAILS), np.min)
    more = sample_more(fit)
    disagree = f"The chains of {r_hat_at} disagree. {more}"
    if np.isnan(r_hat):
        disagree = (
            f"No R-hat can be computed of {r_hat_at}: its draws never move, or are too few or too large for it. "
            f"Check units (nats/token, raw counts) and priors. {more}"
        )
    return [
        judged("r-hat", r_hat, R_HAT, np.less_equal, disagree),
        judged("ess-bulk", bulk, ESS, np.greater_equal, f"The centre of {bulk_at} rests on few draws. {more}"),
        judged("ess-tail", tail, ESS, np.greater_equal, f"Interval ends of {tail_at} rest on few draws. {more}"),
    ]


def _design(fit: Fit) -> list[Check]:
    """Whether the runs that share parameters can tell the law's inputs apart; all runs, or those of each family."""
    if len(fit.law.inputs()) < 2:
        return []
    own = any(fit.model.kind(p) == "none" for p in fit.law.parameters)
    tables = [fit.runs.select(family) for family in fit.groups] if own and fit.groups else [fit.runs]
    distance = min(distance_from_line(fit.law, runs) for runs in tables)
    words = f"{inseparable(fit.law, distance)}." if np.isfinite(distance) else ""
    # Infinitely far where no two inputs vary: there is no line, and what is not identified has a check of its own.
    return (
        [Check("separable", "fail", distance, OFF_LINE, words)]
        if distance < OFF_LINE
        else [Check("separable", "pass", distance, OFF_LINE)]
    )


def _pareto(fit: Fit) -> Check:
    """Runs whose removal would change the posterior: the model may be wrong for them."""
    import arviz_stats

    draws = fit.unconstrained.sizes["chain"] * fit.unconstrained.sizes["draw"]
    if draws < FEWEST_DRAWS:
        words = f"{draws} draws are too few to say which runs decide their own prediction. Sample more."
        return Check("pareto-k", "warn", np.nan, INFLUENTIAL, words)
    if len(fit.runs) > MANY_ROWS:
        if fit.model.effects is not None:
            words = f"{len(fit.runs):,} rows with run effects are not looked at one by one."
            return Check("pareto-k", "pass", np.nan, INFLUENTIAL, words)
        fit = some_curves(fit)
    groups = xr.DataTree.from_dict({"posterior": fit.posterior, "log_likelihood": fit.log_likelihood})
    with warnings.catch_warnings():
        # ArviZ warns of large Pareto k, which is what this check measures and words itself.
        warnings.simplefilter("ignore")
        shape = arviz_stats.loo(groups, var_name=fit.law.response.name, pointwise=True).pareto_k.to_numpy()
    table = fit.runs.table
    # A family with fewer than two runs per parameter leans on each of them by design; its runs are not counted.
    family = table["family"] if "family" in table else pd.Series("", table.index)
    counted = (family.map(family.value_counts()) >= 2 * len(fit.law.parameters)).to_numpy()
    if not counted.any():
        return Check("pareto-k", "pass", 0.0, INFLUENTIAL)
    shape = np.where(counted, shape, -np.inf)
    share, worst = float(np.mean(shape[counted] > PARETO_K)), table.iloc[int(np.argmax(shape))]
    whose = f" of {worst['family']}" if "family" in worst else ""
    return judged(
        "pareto-k",
        share,
        INFLUENTIAL,
        np.less_equal,
        f"{int(np.sum(shape > PARETO_K))} runs decide their own prediction, most of all one{whose} with "
        f"{size_of(worst, fit.law)}: look at them. Leave-one-out scores are unreliable for them.",
        bad="warn",
    )


def _extreme(values: xr.Dataset, reduce: Callable[..., Any]) -> tuple[float, str]:
    """The worst value over all variables and where it is; one that cannot be computed is worse than any other."""
    worst = {str(name): float(reduce(variable.to_numpy())) for name, variable in values.data_vars.items()}
    extreme = float(reduce(list(worst.values())))
    return extreme, next(name for name, value in worst.items() if value == extreme or np.isnan(value))
