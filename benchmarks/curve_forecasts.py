"""Posteriors of many learning curves, what they forecast, and how forecasts of several laws are averaged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from learning_curves import Curve
from scipy.special import logsumexp
from scipy.stats import t as student_t

import bayescale as bs
from bayescale.validation import mixture_places

# Of every fit, over its chains: enough for 5 % quantiles.
DRAWS = 1000
# The first part of a training part, by rows, from which laws are tried on the rest before they are averaged.
FIRST = 0.6


class Forecast(NamedTuple):
    """Draws of the log error at some rows and the log density of the errors observed there."""

    draws: np.ndarray
    log_density: np.ndarray


class Fitted(NamedTuple):
    """One law's posteriors of many curves.

    Args:
        fits: by label of the curve.
        cpu: seconds of the processor for all of them.
    """

    fits: bs.Fits
    cpu: float

    @property
    def flagged(self) -> int:
        """How many do not pass every check."""
        return int((self.fits.status["status"] != "ok").sum())

    def passes(self, label: str) -> bool:
        """Whether the fit of a curve passes every check."""
        return bool((self.fits.status.set_index("fit")["status"] == "ok").loc[label])


def fit_all(law: type[bs.laws.Law], tables: dict[str, pd.DataFrame], seed: int) -> Fitted:
    """Fit every table by the instant engine; what does not pass its checks is kept, and counted."""
    began = time.process_time()
    fits = bs.fit_many(law, tables, seed=seed, engine="instant", chains=4, draws=DRAWS // 4, progress=False)
    return Fitted(fits, time.process_time() - began)


def forecast(fits: bs.Fits, label: str, rows: pd.DataFrame, seed: int) -> Forecast:
    """New runs at the rows of a curve, from the posterior with Student-t noise."""
    one = fits.posterior.sel(fit=label)
    return _forecast(fits.model.law, {name: one[name].to_numpy().ravel() for name in one.data_vars}, rows, seed)


def forecast_of(fit: bs.Fit, rows: pd.DataFrame, seed: int) -> Forecast:
    """The same of one fit, of as many draws."""
    draws = {name: fit.posterior[name].to_numpy().ravel() for name in fit.posterior.data_vars}
    count = len(draws["sigma"])
    kept = np.random.default_rng(seed).choice(count, min(DRAWS, count), replace=False)
    return _forecast(fit.law, {name: values[kept] for name, values in draws.items()}, rows, seed)


def _forecast(law_class: type[bs.laws.Law], draws: dict[str, np.ndarray], rows: pd.DataFrame, seed: int) -> Forecast:
    """From draws in natural units, anchors at 1."""
    values = {name: array[:, None] for name, array in draws.items()}
    law = law_class(**{p.name: values[p.name] for p in law_class.parameters})
    with np.errstate(all="ignore"):
        curve = np.log(law(rows["examples"].to_numpy()[None]))
    sigma, nu, error = values["sigma"], values["nu"], rows["error"].to_numpy()
    noise = np.random.default_rng(seed).standard_t(np.broadcast_to(nu, curve.shape))
    density = student_t.logpdf((np.log(error) - curve) / sigma, nu) - np.log(sigma) - np.log(error)
    return Forecast(curve + sigma * noise, logsumexp(density, axis=0) - np.log(len(density)))


def first_parts(curves: Sequence[Curve]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Of every curve's training part the first rows, and the others."""
    cut = {curve.label: max(5, round(FIRST * len(curve.train))) for curve in curves}
    return {c.label: (c.train.iloc[: cut[c.label]], c.train.iloc[cut[c.label] :]) for c in curves}


def averaged(forecasts: Sequence[Forecast], weights: np.ndarray) -> Forecast:
    """The mixture of forecasts: as many draws of each as its weight says."""
    places = mixture_places(weights, [len(one.draws) for one in forecasts], DRAWS)
    kept = [one.draws[rows] for one, rows in zip(forecasts, places, strict=True)]
    with np.errstate(divide="ignore"):
        logs = np.log(weights)[:, None] + np.stack([one.log_density for one in forecasts])
    return Forecast(np.concatenate(kept), logsumexp(logs, axis=0))
