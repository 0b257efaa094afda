"""What the runs added to the prior, parameter by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jax import vmap
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpyro.distributions import biject_to
from scipy.stats import gaussian_kde

from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.prior_checks import in_prior_terms
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.prior import Prior
from bayescale.show.figures import panels, style, ticks
from bayescale.show.figures.sources import check_fit, table_of

POINTS = 241
# How much of the prior is drawn, in its own sds to either side.
REACH = 2.6
COLUMNS = (
    "group", "parameter", "symbol", "meaning", "unit", "value", "prior", "posterior", "logarithmic", "prob", "median",
    "lower", "upper", "sd_ratio", "shift", "overlap",
)  # fmt: skip


def prior_posterior_data(
    fit: Fit, *, group: str | None = None, parameters: Sequence[str] | str | None = None, prob: float = 0.9
) -> pd.DataFrame:
    """Return prior and posterior densities of every parameter that was sampled with a declared prior.

    Parameters are those of the law and the noise as they are declared, so that A of Chinchilla's law is at its anchor,
    where its prior holds. Of a partially pooled parameter it is the population's location.

    Args:
        fit: the fit.
        group: of a fit without pooling the family; by default the first.
        parameters: their names; all by default.
        prob: probability of the equal-tailed interval of the posterior, in (0, 1).

    Returns:
        columns group, parameter, symbol, meaning, unit, value, prior, posterior (densities per unit of the axis),
        logarithmic (whether that axis is one of logs, as for priors of positive numbers), prob, median, lower, upper
        (of the posterior), sd_ratio (posterior sd over prior sd: what the check ``identified`` calls a value near 1),
        shift (of the posterior median, in prior sds: that of the check ``prior-conflict``) and overlap (the area that
        both densities share, 1 where the runs said nothing). The last six are the same in all rows of a parameter.

    Raises:
        SettingsError: no fit, no such family, parameter or probability.

    References:
        gelman1996posterior
    """
    fit = check_fit(fit, "prior_posterior_data")
    check_prob(prob)
    if group is not None and group not in fit.groups:
        raise SettingsError(f"The fit has no family {group!r}; there are {', '.join(fit.groups) or 'none'}.")
    own = group if group is not None else next(iter(fit.groups), None)
    found = {p.name: (where, p, draws) for where, p, draws in in_prior_terms(fit) if where in (None, own)}
    chosen = list(found) if parameters is None else [parameters] if isinstance(parameters, str) else list(parameters)
    if unknown := [name for name in chosen if name not in found]:
        raise SettingsError(f"There is no parameter {unknown[0]!r} with a prior; there are {', '.join(found)}.")
    parts = []
    for name in chosen:
        where, p, draws = found[name]
        role = ", population" if fit.model.kind(p) == "partial" else ""
        about = {"group": where or "", "parameter": name, "symbol": panels.symbol_of(fit.model, name)}
        about |= {"meaning": f"{p.meaning}{role}", "unit": p.unit}
        parts.append(_compared(fit.model.prior(name), draws, prob).assign(**about))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def prior_posterior(
    source: Fit | pd.DataFrame,
    *,
    group: str | None = None,
    parameters: Sequence[str] | str | None = None,
    prob: float = 0.9,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw prior and posterior of each parameter, with how much narrower the posterior is and what both share.

    Both densities are scaled to their peaks: a posterior a hundred times narrower would hide the prior otherwise.

    Args:
        source: a fit, or :func:`prior_posterior_data` of one, which then brings all else.
        group: of a fit without pooling the family; by default the first.
        parameters: their names; all by default.
        prob: probability of the equal-tailed interval of the posterior.
        axes: one for each parameter; by default of a new figure outside pyplot.

    Returns:
        the axes, one for each parameter.

    Raises:
        SettingsError: neither a fit nor such a table, another number of axes, or what :func:`prior_posterior_data`
            refuses.
    """
    data = table_of(source, prior_posterior_data, COLUMNS, group=group, parameters=parameters, prob=prob)
    names = list(dict.fromkeys(data["parameter"]))
    columns = 4 if len(names) > 6 else 3
    size = {"width": 2.2, "height": 1.9, "beside": 1.7}
    drawn = panels.panels(axes, len(names), columns=columns, caller="prior_posterior", **size)
    for ax, name in zip(drawn, names, strict=True):
        _panel(ax, data[data["parameter"] == name])
    words = style.interval_label(data["prob"]).replace("equal-tailed interval", "equal-tailed\ninterval")
    bar = Line2D([], [], color=style.COLOURS[0], linewidth=2.4)
    entries: list[tuple[str, Any]] = [
        ("prior", Patch(facecolor="0.85", edgecolor=style.GREY)),
        ("posterior", Patch(facecolor=(style.COLOURS[0], 0.3), edgecolor=style.COLOURS[0])),
        (f"posterior median and\n{words}", bar),
        ("densities, each scaled\nto its peak", Line2D([], [], linestyle="none")),
    ]
    style.legend(drawn[min(columns, len(names)) - 1], entries)
    return tuple(drawn)


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    first, value = rows.iloc[0], rows["value"]
    if first["logarithmic"]:
        ax.set_xscale("log")
    for name, face, edge in (("prior", "0.85", style.GREY), ("posterior", (style.COLOURS[0], 0.3), style.COLOURS[0])):
        height = rows[name] / rows[name].max()
        ax.fill_between(value, 0, height, facecolor=face, edgecolor="none", zorder=2)
        ax.plot(value, height, color=edge, linewidth=1.0, zorder=3)
    bar: Any = {"color": style.COLOURS[0], "linewidth": 2.4, "solid_capstyle": "butt", "zorder": 4}
    ax.plot([first["lower"], first["upper"]], [-0.08, -0.08], **bar)
    ax.plot([first["median"]], [-0.08], marker="o", markersize=3.6, color=style.COLOURS[0], zorder=5)
    said = f"sd ×{first['sd_ratio']:.2g}, overlap {100 * first['overlap']:.0f}%"
    ax.set_title(said, fontsize=style.SMALL, color="0.25", loc="left")
    ax.set_xlim(value.min(), value.max())
    ax.set_ylim(-0.16, 1.08)
    ax.set_yticks([])
    style.set_axes(ax, panels.label_of(first["symbol"], first["meaning"], first["unit"], 27), "")
    ax.xaxis.label.set_parse_math(False)
    ax.spines["left"].set_visible(False)
    if first["logarithmic"]:
        ticks.number_axis(ax.xaxis, most=4)
    else:
        ax.locator_params(axis="x", nbins=4)


def _compared(prior: Prior, draws: np.ndarray, prob: float) -> pd.DataFrame:
    """Both densities on one grid, and numbers that say how they differ."""
    scores, values, grid = prior.scores(draws), _natural(prior, draws), _grid(prior, draws)
    value = _natural(prior, grid)
    # Densities are of what the axis is linear in: the number, or its log where the prior is one of positive numbers.
    logarithmic = bool(prior.positive)
    place = np.log(value) if logarithmic else value
    # Both of the unconstrained value first, which has no bounds that a kernel could reach past.
    slope = np.gradient(place, grid)
    before, after = np.exp(_log_density(prior, grid)) / slope, gaussian_kde(draws)(grid) / slope
    overlap = float(np.trapezoid(np.minimum(before, after), place))
    median, lower, upper = interval(values, prob)
    numbers = {"median": median, "lower": lower, "upper": upper, "prob": float(prob), "logarithmic": logarithmic}
    numbers |= {"sd_ratio": float(np.std(scores)), "shift": float(abs(np.median(scores))), "overlap": overlap}
    return pd.DataFrame({"value": value, "prior": before, "posterior": after, **numbers})


def _grid(prior: Prior, draws: np.ndarray) -> np.ndarray:
    """Unconstrained values over most of the prior and of the posterior, denser where that is."""
    mean, sd = prior.exact_moments()
    first, last = np.quantile(draws, [0.001, 0.999])
    margin = 0.3 * float(draws.std())
    low, high = min(mean - REACH * sd, first - margin), max(mean + REACH * sd, last + margin)
    return np.unique(
        np.concatenate([np.linspace(low, high, POINTS), np.linspace(first - margin, last + margin, POINTS)])
    )


def _natural(prior: Prior, unconstrained: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(prior.natural(unconstrained), float)
    except NotImplementedError:  # a prior of the user's, which has a NumPyro distribution only
        with computing():
            return np.asarray(biject_to(prior.numpyro().support)(unconstrained), float)


def _log_density(prior: Prior, unconstrained: np.ndarray) -> np.ndarray:
    """Of the unconstrained value."""
    try:
        return np.asarray(prior.log_density(unconstrained), float)
    except NotImplementedError:
        with computing():
            distribution = prior.numpyro()
            transform = biject_to(distribution.support)
            natural = transform(unconstrained)
            slope = vmap(lambda x, y: transform.log_abs_det_jacobian(x, y))(unconstrained, natural)
            return np.asarray(distribution.log_prob(natural) + slope, float)
