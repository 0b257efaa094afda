"""The IsoFLOP valleys of a fitted law, and how the valleys of two fits differ: a test of the law's form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import SixND
from bayescale.decisions.allocate import allocate
from bayescale.decisions.differences import STEP, bend, slope
from bayescale.decisions.draws import labelled
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import positive_numbers
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, Quantity
from bayescale.laws import Law

EXPONENT = Quantity("a", "a", "", "exponent of compute-optimal size in compute")
CURVATURE = Quantity("curvature", "c_2", "", "curvature of log loss in log size at fixed compute")


def valley(fit: Fit | Law, *, compute: Any, group: str | None = None, seed: int | None = None) -> xr.Dataset:
    """Return the bottom of the IsoFLOP valleys of a law: its best size, the exponent there, and how curved it is.

    Args:
        fit: a fit of a law of params and tokens, or a law at parameter values.
        compute: budgets in FLOP (6ND), positive.
        group: a family of the fit; None is a new one, or the only one there is.
        seed: of a new family; by default that of the fit.

    Returns:
        params, loss, a = d log N* / d log C and curvature = d^2 log L / d (log N)^2 at fixed compute, over chain, draw
        and budget, with units. Chinchilla's curvature is alpha beta (1 - E/L*).

    Raises:
        SettingsError, LawError: as :func:`allocate`.

    References:
        hoffmann2022training

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["besiroglu2024chinchilla"]
        >>> bottom = valley(law, compute=1e21)
        >>> round(float(bottom["a"].item()), 3), round(float(bottom["curvature"].item()), 3)
        (0.513, 0.027)
    """
    budgets = positive_numbers("compute", compute, "in FLOP")
    around = [allocate(fit, compute=budgets * np.exp(k * STEP), group=group, seed=seed).draws for k in (-2, -1, 1, 2)]
    sizes = [np.log(_flat(plan["params"])) for plan in around]
    exponent = slope(*sizes) / STEP
    here = allocate(fit, compute=budgets, group=group, seed=seed)
    params = _flat(here.draws["params"])
    log_loss = [np.log(here.problem.curves(params * np.exp(k * STEP))) for k in (-2, -1, 0, 1, 2)]
    values = {
        PARAMS: params,
        LOSS: np.exp(log_loss[2]),
        EXPONENT: exponent,
        CURVATURE: bend(*log_loss) / STEP**2,
    }
    owner = None if isinstance(fit, Law) else fit
    beyond = np.full(budgets.size, np.nan) if owner is None else budgets / largest_compute(owner, group, SixND())
    return labelled(values, "budget", {COMPUTE: budgets}, beyond, fit=owner, attrs=here.draws.attrs)


def compare_valleys(first: Fit, second: Fit, *, compute: Any, prob: float = 0.9, seed: int = 0) -> pd.DataFrame:
    """Return how two fits of the same runs differ in exponent and curvature: the posterior of the difference.

    Fit ``isoflop-valley``, whose frontier, path and shape are free of each other, and a law such as ``chinchilla``,
    which ties them: where their curvatures differ by more than the interval, runs speak against the tie, whatever the
    loss of fit. Draws are paired at random, as if the posteriors were independent; that they come from the same runs
    makes the interval too wide rather than too narrow.

    Args:
        first, second: fits without families.
        compute: budgets in FLOP inside the data.
        prob: probability of the equal-tailed interval, in (0, 1).
        seed: of the pairing.

    Returns:
        one row per budget and quantity (a, log of the curvature, log of params): first, second (medians), difference
        (median), lower, upper, and above, the probability that the first is larger.

    Raises:
        SettingsError: fits with families or of other runs.
    """
    if first.runs.sha256 != second.runs.sha256:
        raise SettingsError("Valleys are compared on the same runs; these two fits are of different tables.")
    if len(first.groups) > 1 or len(second.groups) > 1:
        raise SettingsError("Valleys are compared of fits without families; fit runs.select(family) with each law.")
    rng, check = np.random.default_rng(seed), check_prob(prob)
    found = [valley(fit, compute=compute) for fit in (first, second)]
    count = max(f.sizes["chain"] * f.sizes["draw"] for f in found)
    rows = []
    for name, transform in (("a", np.asarray), ("curvature", np.log), ("params", np.log)):
        ours, theirs = (_resampled(transform(_flat(f[name])), count, rng) for f in found)
        median, lower, upper = interval(ours - theirs, check, axis=0)
        for i, budget in enumerate(found[0]["compute"].to_numpy()):
            label = name if name == "a" else f"log {name}"
            centres = [float(np.median(values[:, i])) for values in (ours, theirs)]
            above = float((ours[:, i] > theirs[:, i]).mean())
            rows.append([budget, label, *centres, float(median[i]), float(lower[i]), float(upper[i]), prob, above])
    columns = ["compute", "quantity", "first", "second", "difference", "lower", "upper", "prob", "above"]
    return pd.DataFrame(rows, columns=columns)


def _flat(draws: xr.DataArray) -> np.ndarray:
    """Draws x budgets."""
    return draws.to_numpy().reshape(-1, draws.shape[-1])


def _resampled(values: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """As many draws, in random order."""
    return values[rng.permutation(count) % len(values)]
