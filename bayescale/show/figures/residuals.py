"""Posterior predictive check: how far runs lie from where the fit expects them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from bayescale.decisions.draws import group_label
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.show.figures import style
from bayescale.show.figures.sources import COST, check_fit, own_groups, own_runs, table_of

# Residuals further out than the first would squeeze the others; up to the second the scale stays linear.
FAR, LINEAR = 12.0, 4.0
# With more runs than this the bars of their intervals are thinner.
FEW_RUNS = 200
BAND = "0.85"
RING: dict[str, Any] = {
    "marker": "o",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": "0.1",
    "markeredgewidth": 0.9,
}
# The middle 68.27 % of a normal distribution is two sd wide.
ONE_SD = 0.6826894921370859
COLUMNS = (
    "group",
    "params",
    "tokens",
    "compute",
    "loss",
    "prob",
    "median",
    "lower",
    "upper",
    "residual",
    "residual_lower",
    "residual_upper",
    "outside",
)


def residuals_data(fit: Fit, *, prob: float = 0.9, groups: Sequence[str] | str | None = None) -> pd.DataFrame:
    """Return every run beside its posterior predictive distribution, the one in ``fit.data``.

    That is the distribution of a replicate of the run: the same design and family, the same run effect where the model
    has them, and the same measurement error where the table gives ``loss_se``.

    Args:
        fit: the fit.
        prob: probability of the interval, in (0, 1).
        groups: the families; all by default.

    Returns:
        columns group, params, tokens, compute (FLOP, 6ND), loss, prob, median, lower, upper (nats/token), residual,
        residual_lower, residual_upper, outside. ``residual`` is log loss minus its predictive median, in units of
        half the width of the central 68 % of the prediction; the two columns after it are the interval's ends on the
        same scale; ``outside`` says that the run lies outside the interval.

    Raises:
        SettingsError: no fit, no such family, or no such probability.
    """
    fit = check_fit(fit, "residuals_data")
    check_prob(prob)
    return pd.concat([_of_group(fit, group, prob) for group in own_groups(fit, groups)], ignore_index=True)


def residuals(
    source: Fit | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9, groups: Sequence[str] | str | None = None
) -> Axes:
    """Draw standardised residuals of log loss against compute; runs outside their predictive interval are ringed.

    Args:
        source: a fit, or :func:`residuals_data` of one, which then brings its own prob and groups.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the posterior predictive interval, in (0, 1).
        groups: the families; all by default.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a fit nor such a table, no such family, or no such probability.
    """
    data = table_of(source, residuals_data, COLUMNS, prob=prob, groups=groups)
    names = list(dict.fromkeys(data["group"]))
    height = 5.0 if len(names) >= style.MANY else 4.0
    ax = style.new_axes(width=8.4, height=height)[0] if ax is None else ax
    ax.set_xscale("log")
    ax.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    width = 3.0 if len(data) <= FEW_RUNS else 1.5
    ends = (data["residual_lower"], data["residual_upper"])
    ax.vlines(data["compute"], *ends, color=BAND, linewidth=width, zorder=0.5)
    entries: list[tuple[str, Any]] = []
    for index, name in enumerate(names):
        look, rows = style.look(index), data[data["group"] == name]
        ax.plot(rows["compute"], rows["residual"], linestyle="none", zorder=3, **look.points)
        entries.append((style.plain(name), look.key(line=False)))
    out = data[data["outside"]]
    ax.plot(out["compute"], out["residual"], linestyle="none", zorder=4, **RING)
    style.set_axes(ax, style.compute_label(COST.name), _vertical(ax, data))
    style.legend(ax, entries + _key(data))
    return ax


def _key(data: pd.DataFrame) -> list[tuple[str, Any]]:
    expected = len(data) * (1 - float(data["prob"].iloc[0]))
    outside = f"outside it: {data['outside'].sum()} of {len(data)} runs,\n{expected:.3g} expected"
    return [
        (f"posterior predictive\n{style.interval_label(data['prob'])}", Patch(facecolor=BAND)),
        (outside, Line2D([], [], linestyle="none", **RING)),
    ]


def _vertical(ax: Axes, data: pd.DataFrame) -> str:
    """Compress what lies far out, so that one bad run does not hide the others; return the axis label."""
    label = "residual of log loss\n(in sd of the posterior predictive)"
    if data["residual"].abs().max() <= FAR:
        return label
    ax.set_yscale("symlog", linthresh=LINEAR, linscale=2.0)
    ends = (data["residual"].min(), data["residual"].max())
    ticks = [
        t
        for t in (-300, -100, -30, -10, -4, -2, 0, 2, 4, 10, 30, 100, 300)
        if 1.5 * ends[0] - 4 < t < 1.5 * ends[1] + 4
    ]
    ax.set_yticks(ticks, [f"{tick}".replace("-", "\u2212") for tick in ticks])
    ax.yaxis.set_minor_locator(NullLocator())
    return f"{label}\n(linear to ±{LINEAR:g}, then logarithmic)"


def _of_group(fit: Fit, group: str | None, prob: float) -> pd.DataFrame:
    runs = own_runs(fit, group)
    # The index of the runs is their position in the table of the fit.
    draws = np.log(fit.posterior_predictive["loss"].isel(run=runs.index.to_numpy()).to_numpy())
    median, lower, upper = interval(draws, prob, axis=(0, 1))
    _, low, high = interval(draws, ONE_SD, axis=(0, 1))
    sd, observed = (high - low) / 2, np.log(runs["loss"].to_numpy(float))
    table = pd.DataFrame(
        {
            "group": group_label(fit, group),
            "params": runs["params"],
            "tokens": runs["tokens"],
            "compute": runs["own_compute"],
            "loss": runs["loss"],
            "prob": float(prob),
            "median": np.exp(median),
            "lower": np.exp(lower),
            "upper": np.exp(upper),
            "residual": (observed - median) / sd,
            "residual_lower": (lower - median) / sd,
            "residual_upper": (upper - median) / sd,
            "outside": (observed < lower) | (observed > upper),
        }
    )
    return table[list(COLUMNS)]
