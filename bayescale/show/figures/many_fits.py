"""A batch of fits at a glance: what became of them, which checks fail, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.inference import Fits
from bayescale.inference.limits import EFFICIENCY, ESS, PARETO_K, R_HAT
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.show.figures import panels
from bayescale.show.figures.batch_panels import draw_checks, draw_estimates, draw_status
from bayescale.show.figures.sources import table_of

# Parameters that are drawn by default: with the two panels before them a grid of three by three.
MOST = 7
COLUMNS = (
    "part",
    "fit",
    "status",
    "engine",
    "name",
    "unit",
    "order",
    "prob",
    "median",
    "lower",
    "upper",
    "count",
    "seconds",
)
# What a fit is held against, and whether it may not be more or less.
LIMITS = {
    "r_hat": (R_HAT, np.greater),
    "ess_bulk": (ESS, np.less),
    "ess_tail": (ESS, np.less),
    "pareto_k": (PARETO_K, np.greater),
    "efficiency": (EFFICIENCY, np.less),
    "divergences": (0.0, np.greater),
}


@runtime_checkable
class Study(Protocol):
    """The tables of a study, as :func:`bayescale.open_results` has them; its layer lies above this one."""

    @property
    def summary(self) -> pd.DataFrame:
        """One row per fit."""

    @property
    def estimates(self) -> pd.DataFrame:
        """One row per fit and parameter."""

    @property
    def run_times(self) -> pd.DataFrame:
        """Seconds, by law, noise and seed."""


def many_fits_data(
    source: Fits | Study, *, parameters: Sequence[str] | str | None = None, law: str | None = None, prob: float = 0.9
) -> pd.DataFrame:
    """Return the estimates of many fits in the order of their medians, and counts of what became of them.

    Args:
        source: from :func:`bayescale.fit_many`, or the results of a study from :func:`bayescale.open_results`.
        parameters: names; the first seven by default.
        law: of a study with several laws, the one that is drawn.
        prob: probability of the equal-tailed intervals, in (0, 1); results of a study have their own.

    Returns:
        rows of part ``"estimate"``, a fit and a parameter each: fit, status, engine, name, unit, order (from 0 by
        median within the parameter), prob, median, lower, upper. Rows of part ``"status"``: status, engine and count.
        Rows of part ``"check"``: name and the count of fits that do not keep the limit of :meth:`bayescale.Fit.check`
        for it, are flagged for other reasons, or have the warning of that code. One row of part ``"time"``: count (all
        fits) and seconds.

    Raises:
        SettingsError: neither, nothing that is done, several laws and none named, or no such law, parameter or
            probability.
    """
    check_prob(prob)
    if isinstance(source, Fits):
        status, estimates, seconds = source.status, source.table(prob=prob), source.seconds
    elif isinstance(source, Study):
        status, estimates, seconds = _of_study(source, law)
    else:
        raise SettingsError(f"many_fits takes Fits, Results or their table, got {type(source).__name__}.")
    shown = _estimates(estimates, parameters)
    states = status[["status", "engine"]].fillna("")
    counted = states.value_counts(sort=False).rename("count").reset_index().assign(part="status")
    time = pd.DataFrame({"part": ["time"], "count": [len(status)], "seconds": [float(seconds)]})
    return pd.concat([shown, counted, _checks(status), time], ignore_index=True).reindex(columns=list(COLUMNS))


def many_fits(
    source: Fits | Study | pd.DataFrame,
    *,
    parameters: Sequence[str] | str | None = None,
    law: str | None = None,
    prob: float = 0.9,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw status, failing checks and, per parameter, all medians in order with their intervals.

    An axis of a parameter holds the middle 98 % of the ends of intervals.

    Args:
        source: many fits, results of a study, or :func:`many_fits_data` of these, which then brings all else.
        parameters: names; the first seven by default.
        law: of a study with several laws, the one that is drawn.
        prob: probability of the equal-tailed intervals.
        axes: two, and one for each parameter; by default of a new figure outside pyplot.

    Returns:
        the axes: of status, of checks, and of each parameter.

    Raises:
        SettingsError: neither of these, another number of axes, or what :func:`many_fits_data` refuses.
    """
    data = table_of(source, many_fits_data, COLUMNS, parameters=parameters, law=law, prob=prob)
    estimates = data[data["part"] == "estimate"]
    names = list(dict.fromkeys(estimates["name"]))
    drawn = panels.panels(axes, 2 + len(names), columns=3, width=2.9, height=2.1, caller="many_fits")
    draw_status(drawn[0], data)
    draw_checks(drawn[1], data)
    for ax, name in zip(drawn[2:], names, strict=True):
        draw_estimates(ax, estimates[estimates["name"] == name])
    return tuple(drawn)


def _of_study(results: Study, law: str | None) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Status, estimates and seconds of one law of a study."""
    summary, times = results.summary, results.run_times
    if summary.empty:
        raise SettingsError("No fit of the study is done, so there is nothing to draw; run it first, with run_study.")
    laws = list(dict.fromkeys(summary["law"]))
    if law is None and len(laws) > 1:
        raise SettingsError(f"many_fits draws one law; name it with law=, one of {', '.join(laws)}.")
    chosen = laws[0] if law is None else law
    if chosen not in laws:
        raise SettingsError(f"The study has no law {chosen!r}; it has {', '.join(laws)}.")
    own = summary[summary["law"] == chosen].rename(columns={"task": "fit"})
    status = own.set_index("fit")[["status", "engine"]]
    estimates = results.estimates
    estimates = estimates[estimates["law"] == chosen].rename(columns={"task": "fit"})
    estimates = estimates.drop(columns=["status", "engine"], errors="ignore").join(status, on="fit")
    return own, estimates, float(times.loc[times["law"] == chosen, "seconds"].sum())


def _estimates(table: pd.DataFrame, parameters: Sequence[str] | str | None) -> pd.DataFrame:
    have = list(dict.fromkeys(table["parameter"]))
    chosen = have[:MOST] if parameters is None else [parameters] if isinstance(parameters, str) else list(parameters)
    if unknown := [name for name in chosen if name not in have]:
        raise SettingsError(f"The fits have no parameter {unknown[0]!r}; they have {', '.join(have) or 'none'}.")
    parts = [table[table["parameter"] == name].sort_values("median", kind="stable") for name in chosen]
    parts = [part.assign(order=np.arange(len(part)), part="estimate", name=part["parameter"]) for part in parts]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"part": []})


def _checks(status: pd.DataFrame) -> pd.DataFrame:
    """How many fits do not keep each limit, are flagged for something else, and have each warning."""
    outside = {name: beyond(status[name].to_numpy(float), limit) for name, (limit, beyond) in LIMITS.items()}
    found = {name: int(rows.sum()) for name, rows in outside.items()}
    # A proposal too poor to begin with is flagged by the engine, though its chains may pass.
    flagged = status["status"].eq("flagged").to_numpy()
    found["other reasons"] = int((flagged & ~np.any(list(outside.values()), axis=0)).sum())
    codes = status["warnings"].fillna("").str.split(", ").explode()
    found |= codes[codes != ""].value_counts().to_dict()
    return pd.DataFrame({"part": "check", "name": list(found), "count": list(found.values())})
