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

from bayescale.decisions import predict
from bayescale.decisions.draws import group_label
from bayescale.inference.fit import Fit
from bayescale.inference.settings import seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.quantities import COMPUTE
from bayescale.show.figures import style
from bayescale.show.figures.sources import check_fit, own_groups, own_runs, table_of

# Points predicted together; a power of two, as are the padded sizes of smaller families, so that few sizes compile.
CHUNK, SMALLEST = 256, 16
# Residuals further out than the first would squeeze the others; up to the second the scale stays linear.
FAR, LINEAR = 12.0, 4.0
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
    """Return every run beside the posterior predictive distribution of a new run at its design.

    Returns:
        columns group, params, tokens, compute (FLOP, 6ND), loss, prob, median, lower, upper (nats/token), residual,
        residual_lower, residual_upper, outside. ``residual`` is log loss minus its predictive median, in units of
        half the width of the central 68 % of the prediction; the two columns after it are the interval's ends on the
        same scale; ``outside`` says that the run lies outside the interval.
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
        prob: probability of the posterior predictive interval.
        groups: the families; all by default.
    """
    data = table_of(source, residuals_data, COLUMNS, prob=prob, groups=groups)
    names = list(dict.fromkeys(data["group"]))
    many = len(names) >= style.MANY
    ax = style.new_axes(width=8.4, height=5.0 if many else 4.0)[0] if ax is None else ax
    ax.set_xscale("log")
    ax.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    few = len(data) <= 200
    ax.vlines(
        data["compute"],
        data["residual_lower"],
        data["residual_upper"],
        color="0.85",
        linewidth=3.0 if few else 1.5,
        zorder=0.5,
    )
    entries: list[tuple[str, Any]] = []
    for index, name in enumerate(names):
        look, rows = style.look(index), data[data["group"] == name]
        ax.plot(rows["compute"], rows["residual"], linestyle="none", zorder=3, **look.points)
        entries.append((style.plain(name), look.key(line=False)))
    out = data[data["outside"]]
    ring: dict[str, Any] = {
        "marker": "o",
        "markersize": 9,
        "markerfacecolor": "none",
        "markeredgecolor": "0.1",
        "markeredgewidth": 0.9,
    }
    ax.plot(out["compute"], out["residual"], linestyle="none", zorder=4, **ring)
    share = float(data["prob"].iloc[0])
    entries.append((f"posterior predictive\n{style.interval_label(data['prob'])}", Patch(facecolor="0.85")))
    entries.append(
        (
            f"outside it: {len(out)} of {len(data)} runs,\n{len(data) * (1 - share):.3g} expected",
            Line2D([], [], linestyle="none", **ring),
        )
    )
    style.set_axes(
        ax,
        style.axis_label(COMPUTE, "training compute 6ND"),
        _vertical(ax, data),
    )
    style.legend(ax, entries)
    return ax


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
    runs = own_runs(fit, group).reset_index(drop=True)
    names = sorted({*fit.law.inputs(), "params", "tokens"})
    rng = np.random.default_rng(seed_for(fit.seed, f"residuals/{group}"))
    parts = []
    for start in range(0, len(runs), CHUNK):
        rows = runs.iloc[start : start + CHUNK]
        size = min(CHUNK, max(SMALLEST, 1 << (len(rows) - 1).bit_length()))
        inputs: dict[str, Any] = {name: np.resize(rows[name].to_numpy(float), size) for name in names}
        draws = predict(fit, group=group, kind="run", **inputs).draws["loss"].to_numpy()[..., : len(rows)]
        parts.append(_standardised(np.log(draws), rows, prob, rng))
    table = pd.concat(parts, ignore_index=True).assign(group=group_label(fit, group))
    return table.reindex(columns=list(COLUMNS))


def _standardised(log_draws: np.ndarray, rows: pd.DataFrame, prob: float, rng: np.random.Generator) -> pd.DataFrame:
    if "loss_se" in rows:
        # A measurement known to be imprecise may lie further off.
        log_draws = log_draws + rng.standard_normal(log_draws.shape) * (rows["loss_se"] / rows["loss"]).to_numpy()
    median, lower, upper = interval(log_draws, prob, axis=(0, 1))
    _, low, high = interval(log_draws, ONE_SD, axis=(0, 1))
    sd, observed = (high - low) / 2, np.log(rows["loss"].to_numpy(float))
    return pd.DataFrame(
        {
            "params": rows["params"].to_numpy(),
            "tokens": rows["tokens"].to_numpy(),
            "compute": rows["compute_6nd"].to_numpy(),
            "loss": rows["loss"].to_numpy(),
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
