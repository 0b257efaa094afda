"""Pairs of parameters that the runs know together better than each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.stats import spearmanr

from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.show.figures import panels, style, ticks
from bayescale.show.figures.sources import check_fit, table_of

# How many pairs are drawn by default, and how many draws of each: more of them only make files large.
PAIRS, DRAWS = 3, 400
COLUMNS = ("group", "pair", "x_name", "y_name", "x_label", "y_label", "x", "y", "correlation", "divergent")
DIVERGENT = style.COLOURS[1]


def ridges_data(fit: Fit, *, group: str | None = None, pairs: Sequence[tuple[str, str]] | None = None) -> pd.DataFrame:
    """Return draws of pairs of the law's parameters, by default of those with the strongest rank correlation.

    Args:
        fit: the fit.
        group: the family; it can be left out where there is only one, or where all parameters are common.
        pairs: of names of the posterior, such as ``[("E", "beta")]``; the three pairs of the law's parameters, as
            papers print them, with the largest Spearman correlation by default.

    Returns:
        columns group, pair, x_name, y_name, x_label, y_label, x, y, correlation (Spearman's, of all draws),
        divergent. Of each pair there are some 400 draws, evenly spaced, and all that diverged.

    Raises:
        SettingsError: no fit, several families and none named, no such family or pair, or a law of one parameter.
    """
    fit = check_fit(fit, "ridges_data")
    posterior = _of_group(fit, group)
    names = [p.name for p in fit.law.parameters if posterior[p.name].dims == ("chain", "draw")]
    flat = {name: posterior[name].to_numpy().ravel() for name in posterior if posterior[name].dims == ("chain", "draw")}
    chosen: Sequence[tuple[str, ...]] = _strongest(flat, names) if pairs is None else [tuple(pair) for pair in pairs]
    if not chosen:
        raise SettingsError(f"The law {fit.law.name!r} has fewer than two parameters, so there are no pairs to draw.")
    for pair in chosen:
        if len(pair) != 2 or not set(pair) <= set(flat):
            have = ", ".join(str(name) for name in flat)
            raise SettingsError(f"pairs must hold pairs of names, got {pair!r}; names are {have}.")
    diverging = fit.sample_stats.get("diverging")
    size = next(iter(flat.values())).size
    divergent = np.zeros(size, bool) if diverging is None else diverging.to_numpy().ravel().astype(bool)
    kept = divergent | (np.arange(size) % max(1, size // DRAWS) == 0)
    parts = []
    for x, y in chosen:
        labels = [_label(fit, name, posterior[name]) for name in (x, y)]
        about: dict[str, Any] = {"group": group or "", "pair": f"{x}, {y}", "x_name": x, "y_name": y}
        about |= {"x_label": labels[0], "y_label": labels[1]}
        about |= {"correlation": float(spearmanr(flat[x], flat[y]).statistic)}
        parts.append(pd.DataFrame({"x": flat[x][kept], "y": flat[y][kept], "divergent": divergent[kept], **about}))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def ridges(
    source: Fit | pd.DataFrame,
    *,
    group: str | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw pairs of parameters against each other, draw by draw, with divergences marked.

    A ridge means that the runs fix a combination: to report such parameters one by one says less than is known.

    Args:
        source: a fit, or :func:`ridges_data` of one, which then brings all else.
        group: the family; it can be left out where there is only one.
        pairs: of names; see :func:`ridges_data`.
        axes: one for each pair; by default of a new figure outside pyplot.

    Returns:
        the axes, one for each pair.

    Raises:
        SettingsError: neither a fit nor such a table, another number of axes, or what :func:`ridges_data` refuses.
    """
    data = table_of(source, ridges_data, COLUMNS, group=group, pairs=pairs)
    names = list(dict.fromkeys(data["pair"]))
    drawn = panels.panels(axes, len(names), columns=3, width=2.4, height=2.6, beside=1.5, caller="ridges")
    for ax, name in zip(drawn, names, strict=True):
        _panel(ax, data[data["pair"] == name])
    divergent = int(data[data["pair"] == names[0]]["divergent"].sum())
    entries: list[tuple[str, Any]] = [
        ("posterior draws", Line2D([], [], linestyle="none", marker="o", markersize=3, color=style.COLOURS[0])),
        ("ρ: rank correlation", Line2D([], [], linestyle="none")),
    ]
    if divergent:
        cross = Line2D([], [], linestyle="none", marker="x", markersize=5, color=DIVERGENT)
        entries.insert(1, (f"divergent draws ({divergent})", cross))
    style.legend(drawn[min(3, len(names)) - 1], entries)
    return tuple(drawn)


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    first = rows.iloc[0]
    wide = {name: panels.is_wide(rows[name]) for name in ("x", "y")}
    ax.set(**{f"{name}scale": "log" for name in wide if wide[name]})
    good, bad = rows[~rows["divergent"]], rows[rows["divergent"]]
    dots: Any = {"linestyle": "none", "marker": "o", "markersize": 2.2, "markeredgewidth": 0, "alpha": 0.35}
    ax.plot(good["x"], good["y"], color=style.COLOURS[0], zorder=2, **dots)
    ax.plot(bad["x"], bad["y"], color=DIVERGENT, linestyle="none", marker="x", markersize=5, zorder=3)
    style.set_axes(ax, first["x_label"], first["y_label"])
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_parse_math(False)
    ax.set_title(f"ρ = {first['correlation']:.2f}".replace("-", "\u2212"), fontsize=style.SMALL + 0.5, loc="left")
    ax.margins(0.06)
    for name, axis, most in (("x", ax.xaxis, 3), ("y", ax.yaxis, 5)):
        if wide[name]:
            ticks.number_axis(axis, most=4)
        else:
            axis.set_major_locator(MaxNLocator(most))


def _of_group(fit: Fit, group: str | None) -> xr.Dataset:
    """The posterior of one family."""
    if group is not None and group not in fit.groups:
        raise SettingsError(f"The fit has no family {group!r}; there are {', '.join(fit.groups) or 'none'}.")
    if "family" not in fit.posterior.dims:
        return fit.posterior
    if group is None:
        raise SettingsError(f"ridges draws one family; name it with group=, one of {', '.join(fit.groups)}.")
    return fit.posterior.sel(family=group)


def _strongest(flat: dict[Any, np.ndarray], names: list[str]) -> Sequence[tuple[str, ...]]:
    """The pairs of the largest correlation, the strongest first."""
    found = {pair: abs(float(spearmanr(*(flat[name] for name in pair)).statistic)) for pair in combinations(names, 2)}
    return sorted(found, key=lambda pair: -found[pair])[:PAIRS]


def _label(fit: Fit, name: str, variable: xr.DataArray) -> str:
    symbol = panels.symbol_of(fit.model, name)
    return panels.label_of(symbol, variable.attrs.get("long_name", ""), variable.attrs.get("units", ""), 22)
