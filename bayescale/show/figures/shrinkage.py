"""What pooling does to each family: its estimate alone, and the one it has among the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayescale.inference import Fits, fit_many
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import FitError, SettingsError
from bayescale.language.labels import POPULATION
from bayescale.language.prior_set import Priors
from bayescale.show.figures import panels, style, ticks
from bayescale.show.figures.sources import check_fit, table_of

ALONE, POOLED, COMMON = "alone", "pooled", "population"
COLUMNS = ("group", "parameter", "symbol", "meaning", "unit", "part", "prob", "median", "lower", "upper")
OWN, TOGETHER = style.COLOURS[1], style.COLOURS[0]
# Panels beside each other, at most.
MOST = 5
# Letters of a family's name that a panel has room for, and what each more takes.
USUAL_NAME, INCHES_OF_A_LETTER = 14, 0.075


def shrinkage_data(
    fit: Fit,
    *,
    separate: Fit | Fits | bool = True,
    parameters: Sequence[str] | str | None = None,
    prob: float = 0.9,
) -> pd.DataFrame:
    """Return every family's parameters by itself and with partial pooling, and the population's.

    Args:
        fit: a fit with partial pooling.
        separate: the families by themselves: a fit with ``pooling="none"``, or :func:`bayescale.fit_many` of the
            runs. True fits them one by one with the law, noise, priors and anchors of the fit, where a family of too
            few runs gets no estimate of its own; False leaves them out, for a plain forest.
        parameters: names of partially pooled parameters or of derived quantities; the law's partially pooled ones by
            default, the first five.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Returns:
        columns group, parameter, symbol, meaning, unit, part (``"alone"``, ``"pooled"``, and ``"population"``, whose
        group is ``"(population)"``), prob, median, lower, upper.

    Raises:
        SettingsError: no fit, nothing that is partially pooled, no such parameter or probability, or runs that cannot
            be fitted family by family here.
    """
    fit = check_fit(fit, "shrinkage_data")
    check_prob(prob)
    names = _names(fit, parameters)
    alone = _alone(fit, separate)
    rows: list[dict[str, Any]] = []
    for name in names:
        own = fit.posterior[name]
        about = {"parameter": name, "symbol": panels.symbol_of(fit.model, name), "prob": float(prob)}
        about |= {"meaning": own.attrs["long_name"], "unit": own.attrs["units"]}
        for group in fit.groups:
            if group in alone and name in alone[group]:
                rows.append({"group": group, "part": ALONE, **about, **_ends(alone[group][name], prob)})
            rows.append({"group": group, "part": POOLED, **about, **_ends(own.sel(family=group), prob)})
        if f"{name}_population" in fit.posterior:
            ends = _ends(fit.posterior[f"{name}_population"], prob)
            rows.append({"group": POPULATION, "part": COMMON, **about, **ends})
    return pd.DataFrame(rows)[list(COLUMNS)]


def shrinkage(
    source: Fit | pd.DataFrame,
    *,
    separate: Fit | Fits | bool = True,
    parameters: Sequence[str] | str | None = None,
    prob: float = 0.9,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw a forest of families per parameter, with an arrow from each one's own estimate to the pooled one.

    An axis holds all medians and all pooled intervals; intervals of families by themselves end where it does.

    Args:
        source: a fit, or :func:`shrinkage_data` of one, which then brings all else.
        separate: the families by themselves, see :func:`shrinkage_data`.
        parameters: which; see :func:`shrinkage_data`.
        prob: probability of the equal-tailed intervals.
        axes: one for each parameter; by default of a new figure outside pyplot, as high as the families need.

    Returns:
        the axes, one for each parameter.

    Raises:
        SettingsError: neither a fit nor such a table, another number of axes, or what :func:`shrinkage_data` refuses.
    """
    data = table_of(source, shrinkage_data, COLUMNS, separate=separate, parameters=parameters, prob=prob)
    names = list(dict.fromkeys(data["parameter"]))
    groups = list(dict.fromkeys(data["group"]))
    groups = [*(group for group in groups if group != POPULATION), *([POPULATION] if POPULATION in groups else [])]
    height = 1.5 + (0.36 if len(groups) <= 12 else 0.24) * len(groups)
    # Names longer than usual take their room beside the panels, not of them.
    longer = max(0, max(len(style.plain(name)) for name in groups) - USUAL_NAME)
    beside = 1.7 + INCHES_OF_A_LETTER * longer
    size = {"width": 2.0 if len(names) > 1 else 3.0, "height": height, "beside": beside, "sharey": axes is None}
    drawn = panels.panels(axes, len(names), columns=MOST, caller="shrinkage", **size)
    for ax, name in zip(drawn, names, strict=True):
        _panel(ax, data[data["parameter"] == name], groups)
    drawn[0].set_yticks(range(len(groups)), [style.plain(name) for name in reversed(groups)], parse_math=False)
    style.legend(drawn[min(MOST, len(names)) - 1], _entries(data))
    return tuple(drawn)


def _panel(ax: Axes, rows: pd.DataFrame, groups: list[str]) -> None:
    places = {name: row for row, name in enumerate(reversed(groups))}
    kept = rows[rows["part"] != ALONE]
    ends = np.concatenate([rows["median"], kept["lower"], kept["upper"]])
    wide = panels.is_wide(ends)
    if wide:
        ax.set_xscale("log")
    low, high = (np.log(ends) if wide else ends).min(), (np.log(ends) if wide else ends).max()
    limits = np.array([low - 0.06 * (high - low), high + 0.06 * (high - low)])
    for row in rows.to_dict("records"):
        _estimate(ax, row, places[row["group"]])
    for group, both in rows[rows["part"] != COMMON].groupby("group"):
        if len(both) == 2:
            _arrow(ax, both.set_index("part")["median"], places[str(group)])
    left, right = (np.exp(limits) if wide else limits).tolist()
    ax.set_xlim(left, right)
    first = rows.iloc[0]
    style.set_axes(ax, panels.label_of(first["symbol"], first["meaning"], first["unit"], 22), "")
    ax.xaxis.label.set_parse_math(False)
    ax.grid(False, axis="y")
    ax.set_ylim(-0.6, len(groups) - 0.4)
    ax.tick_params(axis="y", length=0)
    if wide:
        ticks.number_axis(ax.xaxis, most=4)
    else:
        ax.locator_params(axis="x", nbins=4)


def _estimate(ax: Axes, row: dict[str, Any], place: float) -> None:
    """Median and interval; a family's own estimate lies a little above the pooled one."""
    own, common = row["part"] == ALONE, row["part"] == COMMON
    place = place + (0.2 if own else 0.0)
    colour = style.GREY if common else OWN if own else TOGETHER
    line: Any = {"color": colour, "linewidth": 0.9 if own else 2.0, "solid_capstyle": "butt", "zorder": 2 if own else 3}
    ax.plot([row["lower"], row["upper"]], [place, place], **line)
    shape: Any = {"marker": "D" if common else "o", "markersize": 4.2, "color": colour, "markeredgewidth": 0.9}
    ax.plot([row["median"]], [place], markerfacecolor="white" if own else colour, zorder=4, **shape)


def _arrow(ax: Axes, medians: pd.Series, place: float) -> None:
    style_of: Any = {"arrowstyle": "-|>", "color": "0.35", "linewidth": 0.7, "shrinkA": 2, "shrinkB": 2}
    style_of |= {"mutation_scale": 6}
    ends: Any = {"xy": (medians[POOLED], place), "xytext": (medians[ALONE], place + 0.2)}
    ax.annotate("", **ends, arrowprops=style_of, zorder=3.5)


def _entries(data: pd.DataFrame) -> list[tuple[str, Any]]:
    def key(colour: str, marker: str, filled: bool, width: float) -> Line2D:
        face = colour if filled else "white"
        return Line2D([], [], color=colour, marker=marker, markersize=4.2, markerfacecolor=face, linewidth=width)

    words = style.interval_label(data["prob"]).replace("equal-tailed interval", "equal-tailed\ninterval")
    entries: list[tuple[str, Any]] = []
    if (data["part"] == ALONE).any():
        entries.append(("family by itself", key(OWN, "o", False, 0.9)))
    entries.append(("partially pooled", key(TOGETHER, "o", True, 2.0)))
    if (data["part"] == COMMON).any():
        entries.append(("population", key(style.GREY, "D", True, 2.0)))
    return [*entries, (f"medians and {words}", Line2D([], [], linestyle="none"))]


def _ends(draws: xr.DataArray, prob: float) -> dict[str, float]:
    found = interval(draws.to_numpy().ravel(), prob)
    return dict(zip(("median", "lower", "upper"), map(float, found), strict=True))


def _names(fit: Fit, parameters: Sequence[str] | str | None) -> list[str]:
    """Which parameters are drawn."""
    partial = [p.name for p in fit.model.partial_law]
    if not partial:
        raise SettingsError(
            f"shrinkage draws what partial pooling does, and nothing is partially pooled in this fit of "
            f"{fit.law.name!r}; fit a table with families, with pooling='partial'."
        )
    if parameters is None:
        return partial[:MOST]
    chosen = [parameters] if isinstance(parameters, str) else list(parameters)
    have = [str(name) for name, value in fit.posterior.data_vars.items() if value.dims == ("chain", "draw", "family")]
    if unknown := [name for name in chosen if name not in have]:
        raise SettingsError(f"Families have no values of their own of {unknown[0]!r}; they have {', '.join(have)}.")
    return chosen


def _alone(fit: Fit, separate: Fit | Fits | bool) -> dict[str, xr.Dataset]:
    """The posterior of each family by itself, of those that have one."""
    if isinstance(separate, bool):
        if not separate:
            return {}
        separate = _one_by_one(fit)
    if isinstance(separate, Fit):
        if "family" not in separate.posterior.dims or separate.model.partial_law:
            raise SettingsError("separate must be a fit of the families with pooling='none', or fit_many of the runs.")
        return {name: separate.posterior.sel(family=name) for name in separate.groups}
    if not isinstance(separate, Fits):
        raise SettingsError(f"separate must be a Fit with pooling='none' or Fits, got {type(separate).__name__}.")
    made = separate.checks["status"].to_numpy() != "failed"
    return {
        str(name): separate.posterior.sel(fit=name) for name, there in zip(separate.labels, made, strict=True) if there
    }


def _one_by_one(fit: Fit) -> Fits:
    model = fit.model
    if model.residuals is not None or model.effects is not None or model.noise.of_value:
        raise SettingsError(
            "Families of a model with run effects, residuals along runs or a noise of the response itself are not "
            "fitted by themselves here; give separate=bs.fit(law, runs, pooling='none', ...)."
        )
    priors = Priors({p.name: model.prior(p.name) for p in model.parameters}, dict(fit.anchors))
    try:
        return fit_many(fit.law, fit.runs, noise=model.noise, priors=priors, seed=fit.seed, progress=False)
    except FitError as error:
        raise SettingsError(f"The families were not fitted by themselves: {error}") from error
