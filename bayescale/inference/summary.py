"""Medians and equal-tailed intervals of draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.inference.monte_carlo import monte_carlo_errors
from bayescale.language.errors import SettingsError
from bayescale.language.labels import common_label

if TYPE_CHECKING:
    from bayescale.inference.fit import Fit


def check_prob(prob: float) -> float:
    """Return the probability.

    Raises:
        SettingsError: not a number strictly between 0 and 1.
    """
    if isinstance(prob, bool) or not isinstance(prob, (int, float, np.floating)) or not 0 < prob < 1:
        raise SettingsError(f"prob must lie strictly between 0 and 1, got {prob!r}; 0.9 is a 90 % interval.")
    return float(prob)


def interval(draws: Any, prob: float, axis: Any = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return median, lower and upper end of the equal-tailed interval along an axis of draws."""
    tail = (1.0 - prob) / 2.0
    median, lower, upper = np.quantile(np.asarray(draws), [0.5, tail, 1.0 - tail], axis=axis)
    return median, lower, upper


def parameter_table(fit: Fit, *, prob: float, mcse: bool = False) -> pd.DataFrame:
    """One row per parameter and family, then the population's rows; see :meth:`Fit.table`.

    Returns:
        columns group, parameter, meaning, unit, prob, median, lower, upper, with ``mcse`` median_mcse, lower_mcse,
        upper_mcse, and engine; ``attrs["engine"]`` says why it was that engine.
    """
    check_prob(prob)
    own: list[dict[str, Any]] = []
    common: list[dict[str, Any]] = []
    for name, variable in fit.posterior.data_vars.items():
        if set(variable.dims) - {"chain", "draw", "family"}:
            continue
        where = own if "family" in variable.dims else common
        for group in fit.posterior["family"].values if "family" in variable.dims else [None]:
            draws = variable.sel(family=group) if group is not None else variable
            label = common_label(fit.groups) if group is None else str(group)
            where.append(_row(str(name), label, draws, prob, mcse))
    order = {group: i for i, group in enumerate(fit.groups)}
    own.sort(key=lambda row: order[row["group"]])
    table = pd.DataFrame(own + common).assign(engine=fit.record["engine"]["name"])
    table.attrs["engine"] = fit.engine
    return table


def _row(name: str, group: str, draws: xr.DataArray, prob: float, mcse: bool) -> dict[str, Any]:
    median, lower, upper = interval(draws.to_numpy().ravel(), prob)
    errors = {name: float(value) for name, value in monte_carlo_errors(draws, prob).items()} if mcse else {}
    return {
        "group": group,
        "parameter": name,
        "meaning": draws.attrs.get("long_name", ""),
        "unit": draws.attrs.get("units", ""),
        "prob": prob,
        "median": float(median),
        "lower": float(lower),
        "upper": float(upper),
        **errors,
    }
