"""Which checks a fit has, how each is measured, and what to do when it does not pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.checks import Check, Checks
from bayescale.inference.limits import CONFLICT, CONTRACTION, EFFICIENCY, ESS, MISSED, OFF_LINE, PARETO_K, R_HAT
from bayescale.inference.separable import distance_from_line, inseparable
from bayescale.inference.table import size_of

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit

# As in common use.
E_BFMI = 0.3
# Share of trajectories that may be cut short without a word.
DEEP = 0.01
# Some influential runs are usual in small tables; more than a fifth mean that the model does not describe the data.
INFLUENTIAL = 0.2
# The tail that Pareto k is fitted to is a fifth of the draws, and at least five of them.
FEWEST_DRAWS = 25


def diagnose(fit: Fit) -> Checks:
    """Return all checks of a fit."""
    engine = instant_checks(fit) if fit.record["engine"]["name"] == "instant" else nuts_checks(fit)
    return Checks((*_chain_checks(fit), *engine, *mode_checks(fit), *_design(fit), _pareto(fit), *_prior_checks(fit)))


def _chain_checks(fit: Fit) -> list[Check]:
    import arviz_stats  # what arviz has these from; arviz itself imports matplotlib

    draws = _varying(fit.posterior, {derived.name for derived in fit.law.derived_quantities})
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of what never moves it is 0 / 0, which must not pass.
        r_hat, r_hat_at = _extreme(arviz_stats.rhat(draws), np.max)
    bulk, bulk_at = _extreme(arviz_stats.ess(draws, method="bulk"), np.min)
    tail, tail_at = _extreme(arviz_stats.ess(draws, method="tail"), np.min)
    more = _more(fit)
    disagree = f"The chains of {r_hat_at} disagree. {more}"
    if np.isnan(r_hat):
        disagree = (
            f"No R-hat can be computed of {r_hat_at}: its draws never move, or are too few or too large for it. "
            f"Check units (nats/token, raw counts) and priors. {more}"
        )
    return [
        _check("r-hat", r_hat, R_HAT, np.less_equal, disagree),
        _check("ess-bulk", bulk, ESS, np.greater_equal, f"The centre of {bulk_at} rests on few draws. {more}"),
        _check("ess-tail", tail, ESS, np.greater_equal, f"Interval ends of {tail_at} rest on few draws. {more}"),
    ]


def _more(fit: Fit) -> str:
    more = f"Sample more: draws={2 * fit.sample_stats.sizes['draw']}"
    # The instant engine has no warm-up.
    return (
        f"{more}." if fit.record["engine"]["name"] == "instant" else f"{more}, warmup={2 * fit.settings.nuts_warmup}."
    )


def instant_checks(fit: Fit) -> list[Check]:
    """Whether the proposal resembled the posterior: where it does not, chains stick or miss tails."""
    quality = fit.record["engine"]["quality"]
    remedy = "Fit again with engine='nuts'."
    return [
        _check(
            "proposal-k",
            quality["pareto_k"],
            PARETO_K,
            np.less_equal,
            f"The posterior has heavier tails than what the instant engine proposes. {remedy}",
        ),
        _check(
            "efficiency",
            quality["efficiency"],
            EFFICIENCY,
            np.greater_equal,
            f"The instant engine's proposal is unlike the posterior. {remedy}",
        ),
    ]


def mode_checks(fit: Fit) -> list[Check]:
    """Whether the draws have been in all modes that were found; of laws whose modes are searched for."""
    quality = fit.record["engine"].get("quality", {})
    if "missed" not in quality:
        return []
    return [
        _check(
            "modes",
            quality["missed"],
            MISSED,
            np.less_equal,
            f"No draw is in modes with about this share of the posterior, of {quality['modes']} that were found: "
            "chains do not pass between them. Give priors that decide, such as of the place of a break, or take a law "
            "with fewer breaks.",
        )
    ]


def nuts_checks(fit: Fit) -> list[Check]:
    """What NUTS says of its own draws: divergences, trajectories that were cut short, energies."""
    stats, more = fit.sample_stats, _more(fit)
    divergences = float(stats["diverging"].sum())
    deep = float((stats["tree_depth"] >= fit.settings.max_tree_depth).mean())
    energy = stats["energy"].to_numpy()
    e_bfmi = float((np.square(np.diff(energy, axis=1)).mean(axis=1) / energy.var(axis=1)).min())
    target = fit.settings.target_accept
    closer = f"Raise target_accept{f' (now {target:g})' if target else ''} or give narrower priors."
    return [
        _check(
            "divergences",
            divergences,
            0.0,
            np.less_equal,
            f"The sampler missed sharp corners of the posterior, so intervals may be too narrow. {closer}",
        ),
        _check(
            "tree-depth",
            deep,
            DEEP,
            np.less_equal,
            f"{100 * deep:.2g} % of trajectories were cut short, which costs effective draws but no truth: r-hat and "
            f"ess say whether there are enough. For more, raise max_tree_depth (now {fit.settings.max_tree_depth}).",
            bad="warn",
        ),
        _check("e-bfmi", e_bfmi, E_BFMI, np.greater_equal, f"The tails are explored slowly. {more}"),
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
    return _check(
        "pareto-k",
        share,
        INFLUENTIAL,
        np.less_equal,
        f"{int(np.sum(shape > PARETO_K))} runs decide their own prediction, most of all one{whose} with "
        f"{size_of(worst, fit.law)}: look at them. Leave-one-out scores are unreliable for them.",
        bad="warn",
    )


def _prior_checks(fit: Fit) -> list[Check]:
    """Posterior against prior of every parameter that has a declared prior: common, a population's, or unpooled."""
    contraction, distance = {}, {}
    for where, names, standard in _in_prior_units(fit):
        law = [j for j, name in enumerate(names) if name in {p.name for p in fit.law.parameters}]
        if law:
            # Along the direction that the data narrowed least: two parameters may be loose together, neither alone.
            spread, directions = np.linalg.eigh(np.atleast_2d(np.cov(standard[:, law], rowvar=False)))
            heaviest = sorted(np.argsort(-np.abs(directions[:, -1]))[: 1 + (np.abs(directions[:, -1]).max() < 0.9)])
            words = " against ".join(names[law[j]] for j in heaviest)
            contraction[words + where] = float(np.sqrt(spread[-1]))
        for name, shift in zip(names, np.abs(np.median(standard, axis=0)), strict=True):
            distance[name + where] = float(shift)
    if not distance:
        return []
    loose, far = max(contraction, key=contraction.__getitem__), max(distance, key=distance.__getitem__)
    return [
        _check(
            "identified",
            contraction[loose],
            CONTRACTION,
            np.less_equal,
            f"The data say nothing about {loose}: the posterior is the prior. Vary size and tokens independently.",
            bad="warn",
        ),
        _check(
            "prior-conflict",
            distance[far],
            CONFLICT,
            np.less_equal,
            f"{far} lies far outside its prior. Check units (nats/token, raw counts) or replace the prior with "
            "fit(..., priors={...}).",
            bad="warn",
        ),
    ]


def _in_prior_units(fit: Fit) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """Draws in units of the prior: of what is common or a population's, then of each unpooled family."""
    model, scale = fit.model, fit.model.noise.scale
    checked = [p for p in model.parameters if p in model.law.parameters or p.name == scale]
    sites = {p.name: p.name if model.kind(p) == "complete" else f"{p.name}_population" for p in checked}
    shared = [p.name for p in checked if model.kind(p) != "none"]

    def standard(name: str, draws: xr.DataArray) -> np.ndarray:
        return model.prior(name).scores(draws.to_numpy().ravel())

    if shared:
        columns = [standard(name, fit.unconstrained[sites[name]]) for name in shared]
        yield "", shared, np.column_stack(columns)
    own = [p.name for p in checked if model.kind(p) == "none"]
    for family in fit.groups if own else ():
        columns = [standard(name, fit.unconstrained[name].sel(family=family)) for name in own]
        yield f" of {family}", own, np.column_stack(columns)


def _check(name: str, value: float, limit: float, good: Callable[..., Any], advice: str, bad: str = "fail") -> Check:
    passes = bool(np.isfinite(value) and good(value, limit))
    return Check(name, "pass" if passes else bad, value, limit, "" if passes else advice)


def _varying(posterior: xr.Dataset, derived: Collection[str]) -> xr.Dataset:
    """Without what is constant by its formula, for which R-hat is undefined.

    That is the diagonal of a correlation matrix (each pair is kept once), and derived quantities that are the same
    whatever the parameters are: if it is the parameters that do not move, they are left to say so.
    """
    varying: dict[Any, Any] = {}
    for name, variable in posterior.data_vars.items():
        if "coordinate_other" in variable.dims:
            values = variable.transpose("chain", "draw", "coordinate", "coordinate_other").to_numpy()
            varying[name] = (("chain", "draw", "pair"), values[..., *np.tril_indices(values.shape[-1], -1)])
        elif str(name).removesuffix("_population") not in derived or (variable != variable.isel(chain=0, draw=0)).any():
            varying[name] = variable
    return xr.Dataset(varying)


def _extreme(values: xr.Dataset, reduce: Callable[..., Any]) -> tuple[float, str]:
    """The worst value over all variables and where it is; one that cannot be computed is worse than any other."""
    worst = {str(name): float(reduce(variable.to_numpy())) for name, variable in values.data_vars.items()}
    extreme = float(reduce(list(worst.values())))
    return extreme, next(name for name, value in worst.items() if value == extreme or np.isnan(value))
