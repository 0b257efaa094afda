"""Posterior of the exponent that divides compute between size and data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import expit, logit
from scipy.stats import gaussian_kde

from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import LawError
from bayescale.language.labels import POPULATION, common_label
from bayescale.show.figures import style
from bayescale.show.figures.sources import check_fit, own_groups, table_of

NAME = "a"
POINTS = 160


def exponent_data(fit: Fit, *, prob: float = 0.9, groups: Sequence[str] | str | None = None) -> pd.DataFrame:
    """Return the posterior density of the exponent a per family, and of the population where there is one.

    The density is a kernel estimate on the logit scale, so that none of it lies outside 0 to 1.

    Args:
        fit: a fit of a law with the derived quantity ``a``.
        prob: probability of the interval.
        groups: the families; all, and the population, by default.

    Returns:
        columns group, value, density, prob, median, lower, upper (the last four the same in all rows of a group).

    Raises:
        SettingsError: no fit, no such family, or no such probability.
        LawError: the law has no exponent a.
    """
    fit = check_fit(fit, "exponent_data")
    check_prob(prob)
    if NAME not in fit.posterior:
        have = ", ".join(q.name for q in fit.law.derived_quantities) or "none"
        raise LawError(
            f"The law {fit.law.name!r} has no exponent {NAME!r} of compute-optimal size (derived are: {have}); "
            "define one with @derived, as Chinchilla does."
        )
    variable = fit.posterior[NAME]
    rows = (
        [(group, variable.sel(family=group)) for group in own_groups(fit, groups)]
        if "family" in variable.dims
        else [(common_label(fit.groups), variable)]
    )
    if groups is None and f"{NAME}_population" in fit.posterior:
        rows.append((POPULATION, fit.posterior[f"{NAME}_population"]))
    return pd.concat([_density(str(name), draws.to_numpy().ravel(), prob) for name, draws in rows], ignore_index=True)


def exponent(
    source: Fit | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9, groups: Sequence[str] | str | None = None
) -> Axes:
    """Draw the posterior of the exponent a as one ridge per family, with median and interval under it.

    Args:
        source: a fit, or :func:`exponent_data` of one, which then brings its own prob and groups.
        ax: where to draw; by default a new figure outside pyplot, as high as the families need.
        prob: probability of the interval.
        groups: the families; all, and the population, by default.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a fit nor such a table, or no such family.
        LawError: the law has no exponent a.
    """
    data = table_of(
        source,
        exponent_data,
        ("group", "value", "density", "prob", "median", "lower", "upper"),
        prob=prob,
        groups=groups,
    )
    names = list(dict.fromkeys(data["group"]))
    ax = (
        style.new_axes(width=6.0, height=1.3 + (0.42 if len(names) <= 12 else 0.3) * len(names))[0]
        if ax is None
        else ax
    )
    for row, name in enumerate(reversed(names)):
        rows = data[data["group"] == name]
        colour = style.GREY if name == POPULATION else style.COLOURS[0]
        ridge = row + 0.78 * rows["density"] / rows["density"].max()
        ax.fill_between(rows["value"], row, ridge, facecolor=(colour, 0.25), edgecolor="none", zorder=2)
        ax.plot(rows["value"], ridge, color=colour, linewidth=0.9, zorder=2.5)
        first = rows.iloc[0]
        ax.plot(
            [first["lower"], first["upper"]], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3
        )
        ax.plot([first["median"]], [row], marker="o", markersize=4.5, color=colour, markeredgecolor="white", zorder=4)
    ax.axvline(0.5, color="0.4", linewidth=0.8, linestyle=":", zorder=1)
    above: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": (0, 2), "textcoords": "offset points"}
    words: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": style.SMALL - 0.5, "color": "0.35"}
    ax.annotate("size and data\ngrow alike", (0.5, 1.0), **above, **words)
    name_of_a = "exponent a of compute-optimal size, N* ∝ Cᵃ"
    style.set_axes(ax, f"{name_of_a}\n(median, {style.interval_label(data['prob'])}, density scaled to its peak)", "")
    ax.grid(False, axis="y")
    ax.set_ylim(-0.45, len(names))
    ax.set_yticks(range(len(names)), [style.plain(name) for name in reversed(names)], parse_math=False)
    ax.tick_params(axis="y", length=0)
    return ax


def _density(name: str, draws: np.ndarray, prob: float) -> pd.DataFrame:
    median, lower, upper = interval(draws, prob)
    bounded = draws.min() > 0 and draws.max() < 1
    scale = logit(draws) if bounded else draws
    low, high = np.quantile(scale, [0.001, 0.999])
    grid = np.linspace(low - 0.3 * scale.std(), high + 0.3 * scale.std(), POINTS)
    density = gaussian_kde(scale)(grid)
    value = expit(grid) if bounded else grid
    # Densities carry the Jacobian of the logit.
    density = density / (value * (1 - value)) if bounded else density
    return pd.DataFrame(
        {
            "group": name,
            "value": value,
            "density": density,
            "prob": float(prob),
            "median": median,
            "lower": lower,
            "upper": upper,
        }
    )
