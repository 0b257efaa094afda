"""Typed checks of a fit: what was measured, against what, and what to do when it is not good enough."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.language.errors import CheckError

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit

STATUSES = ("pass", "warn", "fail")
# R-hat and ESS limits of vehtari2021rank; E-BFMI limit as in common use.
R_HAT, ESS, E_BFMI, PARETO_K = 1.01, 400.0, 0.3, 0.7
# Some influential runs are usual in small tables; more than a fifth mean that the model does not describe the data.
INFLUENTIAL = 0.2
# The tail that Pareto k is fitted to is a fifth of the draws, and at least five of them.
FEWEST_DRAWS = 25
# A parameter whose posterior is nearly as wide as its prior has learnt nothing; one this many prior sds away is a
# conflict (3.5 sds has a false-alarm rate of 5e-4 per parameter if the prior is right).
CONTRACTION, CONFLICT = 0.95, 3.5


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        name: for scripts, such as ``"r-hat"``.
        status: ``"pass"``, ``"warn"`` (usable, read the advice) or ``"fail"``.
        value: what was measured.
        threshold: what it is held against.
        advice: what it means and what to change; empty when it passes.
    """

    name: str
    status: str
    value: float
    threshold: float
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The check as values that JSON knows; a number that is not finite as text."""
        return {name: _json_number(v) if isinstance(v, float) else v for name, v in asdict(self).items()}


@dataclass(frozen=True)
class Checks:
    """All checks of a fit."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if check.status == "fail")

    @property
    def warned(self) -> tuple[Check, ...]:
        """The checks that warn."""
        return tuple(check for check in self.checks if check.status == "warn")

    @property
    def verdict(self) -> str:
        """One line: all pass, or which do not."""
        if not self.failed and not self.warned:
            return f"all {len(self.checks)} checks pass"
        said = [
            f"{c.name} {'fails' if c.status == 'fail' else 'warns'} ({c.value:.3g})" for c in self.failed + self.warned
        ]
        return "; ".join(said)

    def require(self) -> tuple[Check, ...]:
        """Return the checks.

        Raises:
            CheckError: at least one fails.
        """
        if self.failed:
            lines = [f"{c.name}: {c.value:.4g} against {c.threshold:g}. {c.advice}" for c in self.failed]
            raise CheckError("The fit does not pass its checks. " + " ".join(lines), self.failed)
        return self.checks

    def table(self) -> pd.DataFrame:
        """One row per check: name, status, value, threshold, advice."""
        return pd.DataFrame([asdict(check) for check in self.checks])


def diagnose(fit: Fit) -> Checks:
    """Return all checks of a fit."""
    return Checks((*_sampler_checks(fit), _pareto(fit), *_prior_checks(fit)))


def _sampler_checks(fit: Fit) -> list[Check]:
    import arviz

    draws = _varying(fit.posterior, {derived.name for derived in fit.law.derived_quantities})
    stats = fit.sample_stats
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of what never moves it is 0 / 0, which must not pass.
        r_hat, r_hat_at = _extreme(arviz.rhat(draws), np.max)
    bulk, bulk_at = _extreme(arviz.ess(draws, method="bulk"), np.min)
    tail, tail_at = _extreme(arviz.ess(draws, method="tail"), np.min)
    divergences = float(stats["diverging"].sum())
    deep = float((stats["tree_depth"] >= fit.settings.max_tree_depth).mean())
    energy = stats["energy"].to_numpy()
    e_bfmi = float((np.square(np.diff(energy, axis=1)).mean(axis=1) / energy.var(axis=1)).min())
    more = f"Sample more: draws={2 * fit.settings.draws}, warmup={2 * fit.settings.warmup}."
    disagree = f"The chains of {r_hat_at} disagree. {more}"
    if np.isnan(r_hat):
        disagree = (
            f"No R-hat can be computed of {r_hat_at}: its draws never move, or are too few or too large for it. "
            f"Check units (nats/token, raw counts) and priors. {more}"
        )
    target = fit.settings.target_accept
    closer = f"Raise target_accept{f' (now {target:g})' if target else ''} or give narrower priors."
    return [
        _check("r-hat", r_hat, R_HAT, np.less_equal, disagree),
        _check("ess-bulk", bulk, ESS, np.greater_equal, f"The centre of {bulk_at} rests on few draws. {more}"),
        _check("ess-tail", tail, ESS, np.greater_equal, f"Interval ends of {tail_at} rest on few draws. {more}"),
        _check(
            "divergences",
            divergences,
            0.0,
            np.less_equal,
            f"The sampler missed sharp corners of the posterior, so intervals may be too narrow. {closer}",
        ),
        _check(
            "tree-depth", deep, 0.0, np.less_equal, "Trajectories were cut short. Raise max_tree_depth above its value."
        ),
        _check("e-bfmi", e_bfmi, E_BFMI, np.greater_equal, f"The tails are explored slowly. {more}"),
    ]


def _pareto(fit: Fit) -> Check:
    """Runs whose removal would change the posterior: the model may be wrong for them."""
    import arviz

    draws = fit.unconstrained.sizes["chain"] * fit.unconstrained.sizes["draw"]
    if draws < FEWEST_DRAWS:
        words = f"{draws} draws are too few to say which runs decide their own prediction. Sample more."
        return Check("pareto-k", "warn", np.nan, INFLUENTIAL, words)
    groups = xr.DataTree.from_dict({"posterior": fit.posterior, "log_likelihood": fit.log_likelihood})
    with warnings.catch_warnings():
        # ArviZ warns of large Pareto k, which is what this check measures and words itself.
        warnings.simplefilter("ignore")
        shape = arviz.loo(groups, var_name="loss", pointwise=True).pareto_k.to_numpy()
    table = fit.runs.table
    # A family with no more runs than parameters leans on each of them by design; its runs are not counted.
    counted = np.ones(len(table), bool)
    if "family" in table:
        counted = (table["family"].map(table["family"].value_counts()) > len(fit.law.parameters)).to_numpy()
    if not counted.any():
        return Check("pareto-k", "pass", 0.0, INFLUENTIAL)
    shape = np.where(counted, shape, -np.inf)
    share, worst = float(np.mean(shape[counted] > PARETO_K)), table.iloc[int(np.argmax(shape))]
    family = f" of {worst['family']}" if "family" in worst else ""
    return _check(
        "pareto-k",
        share,
        INFLUENTIAL,
        np.less_equal,
        f"{int(np.sum(shape > PARETO_K))} runs decide their own prediction, most of all one{family} with "
        f"{worst['params']:.3g} parameters: look at them. Leave-one-out scores are unreliable for them.",
        bad="warn",
    )


def _prior_checks(fit: Fit) -> list[Check]:
    """Posterior against prior of every law parameter that is common or a population's location."""
    names = {p.name: p.name for p in fit.model.of_kind("complete")}
    names |= {p.name: f"{p.name}_population" for p in fit.model.partial_law}
    contraction, distance = {}, {}
    for parameter in fit.law.parameters:
        if parameter.name in names:
            draws = fit.unconstrained[names[parameter.name]].to_numpy()
            mean, sd = fit.model.prior(parameter.name).exact_moments()
            contraction[parameter.name] = float(draws.std() / sd)
            distance[parameter.name] = float(abs(np.median(draws) - mean) / sd)
    if not contraction:
        return []
    loose, far = max(contraction, key=contraction.__getitem__), max(distance, key=distance.__getitem__)
    return [
        _check(
            "identified",
            contraction[loose],
            CONTRACTION,
            np.less_equal,
            f"The data say nothing about {loose}: its posterior is its prior. Vary size and tokens independently.",
            bad="warn",
        ),
        _check(
            "prior-conflict",
            distance[far],
            CONFLICT,
            np.less_equal,
            f"{far} lies far outside its prior. Check units (nats/token, raw counts) or give priors={{'{far}': ...}}.",
            bad="warn",
        ),
    ]


def _check(name: str, value: float, limit: float, good: Callable, advice: str, bad: str = "fail") -> Check:
    passes = bool(np.isfinite(value) and good(value, limit))
    return Check(name, "pass" if passes else bad, value, limit, "" if passes else advice)


def _json_number(value: float) -> float | str:
    return float(value) if np.isfinite(value) else str(float(value))


def _varying(posterior: xr.Dataset, derived: Collection[str]) -> xr.Dataset:
    """Without what is constant by its formula, for which R-hat is undefined.

    That is the diagonal of a correlation matrix, and derived quantities that are the same whatever the parameters are:
    if it is the parameters that do not move, they are left to say so.
    """
    fixed = {
        name
        for name, variable in posterior.data_vars.items()
        if "coordinate_other" in variable.dims
        or (str(name).removesuffix("_population") in derived and (variable == variable.isel(chain=0, draw=0)).all())
    }
    return posterior[[name for name in posterior.data_vars if name not in fixed]]


def _extreme(values: xr.Dataset, reduce: Callable) -> tuple[float, str]:
    """The worst value over all variables and where it is; one that cannot be computed is worse than any other."""
    worst = {str(name): float(reduce(variable.to_numpy())) for name, variable in values.data_vars.items()}
    extreme = float(reduce(list(worst.values())))
    return extreme, next(name for name, value in worst.items() if value == extreme or np.isnan(value))
