"""Whether parameters drift as larger runs enter: refits with less compute against the fit of all runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from bayescale.costs import SixND
from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.inference.many import Fits, fit_many
from bayescale.language.errors import SettingsError
from bayescale.laws import Law
from bayescale.models import Model
from bayescale.validation.review.evidence import families_of, p_check

# Refits leave out runs above the largest compute over these; the first is the fit that they are held against.
RATIOS = (1, 2, 4, 8, 16)
# Tested is the smallest ratio from the first on that leaves out at least this part of the runs: what a run or two
# change cannot be told from the error of finite draws.
TESTED, OUT = 4, 0.1
RUNS_PER_PARAMETER = 3
# The change of a mean is not taken to have less than this part of the smaller table's variance, for the same reason.
LEAST = 0.1
COLUMNS = ["group", "ratio", "runs", "parameter", "median", "lower", "upper", "prob", "z"]


def drift(fit: Fit, seed: int) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return the parameters of every refit, and a check of each parameter over all families.

    If the model is right, the posterior mean of all runs, seen from some of them, is that of the some with a variance
    that is the difference of theirs at one noise scale; so z has mean 0 and sd 1. The scale is that of all runs: a
    smaller table that happens to scatter little has a variance so small that every change looks large. It is tested
    at one ratio per family, on the sum over families (a drift that all share has one sign), by Student's t.

    References:
        hausman1978specification
    """
    law, compute = fit.law, compute_of(fit)
    names = steady(fit.model, dict(fit.anchors))
    tables = {}
    for family, at in families_of(fit):
        limits = {ratio: compute[at].max() / ratio * (1 + 1e-9) for ratio in RATIOS}
        kept = {ratio: at[compute[at] <= limit] for ratio, limit in limits.items()}
        for ratio, rows in kept.items():
            new = ratio == 1 or len(rows) < len(kept[1])
            if new and len(rows) >= RUNS_PER_PARAMETER * len(law.parameters):
                tables[family, ratio] = fit.runs.subset(np.isin(np.arange(len(fit.runs)), rows))
    if not any(ratio > 1 for _, ratio in tables):
        return pd.DataFrame(columns=COLUMNS), ()
    labels = {str(i): key for i, key in enumerate(tables)}
    own = fit.model.given_priors
    given = {label: tables[key] for label, key in labels.items()}
    fits = fit_many(law, given, noise=fit.model.noise, priors=own, seed=seed, progress=False)
    table = _table(fits, labels, names)
    return table, tuple(_checks(table, names, len(law.parameters)))


def compute_of(fit: Fit) -> np.ndarray:
    """Return the compute of every run in FLOP, 6ND where size and tokens are known.

    Raises:
        SettingsError: it is not known.
    """
    table = fit.runs.table
    if {"params", "tokens"} <= set(table):
        return np.asarray(SixND()(table["params"].to_numpy(float), table["tokens"].to_numpy(float)))
    if "compute" in table:
        return table["compute"].to_numpy(float)
    raise SettingsError("the table does not say how much compute its runs took")


def steady(model: Model, anchors: dict[str, float]) -> tuple[str, ...]:
    """Return the parameters that mean the same at any anchors, so that fits of different tables compare.

    They are those that the textbook form, whose anchors are 1, leaves as they are.
    """
    law: type[Law] = model.law
    typical = {p.name: model.prior(p.name).typical() for p in law.parameters}
    if not law.anchors:
        return tuple(typical)
    if not law.has_textbook():
        return ()
    moved = {name: 3.0 * value for name, value in anchors.items()}
    values = model.law_at(typical, moved).textbook().values
    return tuple(name for name, value in typical.items() if np.isclose(float(values[name]), value, rtol=1e-9))


def _table(fits: Fits, labels: dict[str, tuple[str, int]], names: tuple[str, ...]) -> pd.DataFrame:
    ok = fits.checks["status"].to_series() != "failed"
    place = {key: label for label, key in labels.items() if ok[label]}
    natural, free = fits.posterior, fits.unconstrained
    scale = natural[fits.model.noise.scale].mean(("chain", "draw"))
    rows = []
    for (family, ratio), label in place.items():
        count = int(fits.checks["rows"].sel(fit=label))
        for name in names:
            lower, median, upper = np.quantile(natural[name].sel(fit=label).to_numpy(), [0.05, 0.5, 0.95])
            z = np.nan
            if ratio > 1 and (family, 1) in place:
                both = (label, place[family, 1])
                some, whole = (free[name].sel(fit=one).to_numpy() for one in both)
                z = _z(some, whole, *(float(scale.sel(fit=one)) for one in both))
            rows.append([family, ratio, count, name, median, lower, upper, 0.9, z])
    return pd.DataFrame(rows, columns=COLUMNS)


def _z(some: np.ndarray, whole: np.ndarray, some_scale: float, whole_scale: float) -> float:
    """The change of a mean over its sd, from draws and noise scales of some runs and of all."""
    variance = some.var() * (whole_scale / some_scale) ** 2
    return float((some.mean() - whole.mean()) / np.sqrt(max(variance - whole.var(), LEAST * variance)))


def _checks(table: pd.DataFrame, names: tuple[str, ...], parameters: int) -> list[Check]:
    whole = table["group"].map(table[table["ratio"] == 1].groupby("group")["runs"].first())
    tested = table[(table["ratio"] >= TESTED) & (table["runs"] <= (1.0 - OUT) * whole)]
    tested = tested[tested["ratio"] == tested.groupby("group")["ratio"].transform("min")]
    found = []
    for name in names:
        own = tested[(tested["parameter"] == name) & tested["z"].notna()]
        if not len(own):
            continue
        z = own["z"].sum() / np.sqrt(len(own))
        spare = float((whole[own.index] - parameters).sum())
        p_value = 2.0 * float(student_t.sf(abs(z), spare))
        found.append(p_check(f"drift-{name}", p_value, _advice(table, own, name, z)))
    return found


def _advice(table: pd.DataFrame, own: pd.DataFrame, name: str, z: float) -> str:
    worst = own.loc[own["z"].abs().idxmax()]
    whole = table[(table["group"] == worst["group"]) & (table["ratio"] == 1) & (table["parameter"] == name)].iloc[0]
    of = f" of {worst['group']}" if worst["group"] else ""
    return (
        f"{name} {'falls' if z > 0 else 'rises'} as larger runs enter{of}: {worst['median']:.3g} ({worst['lower']:.3g} "
        f"to {worst['upper']:.3g}) without the runs above 1/{worst['ratio']:g} of the largest compute, "
        f"{whole['median']:.3g} ({whole['lower']:.3g} to {whole['upper']:.3g}) with all. If that is no chance, the "
        "form is not right over this range. Beyond the data the drift may go on, stop or turn, which these runs do not "
        "say: do not take intervals of extrapolations at their word."
    )
