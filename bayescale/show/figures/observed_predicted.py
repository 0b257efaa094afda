"""Every run against its own posterior predictive distribution, for laws of any response and any inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.language.labels import common_label
from bayescale.show.figures import style
from bayescale.show.figures.residuals import FEW_RUNS, RING
from bayescale.show.figures.sources import check_fit, table_of

COLUMNS = ("group", "observed", "prob", "median", "lower", "upper", "outside")


def observed_predicted_data(fit: Fit, *, prob: float = 0.9) -> pd.DataFrame:
    """Return every run beside its posterior predictive distribution, the one in ``fit.data``.

    Args:
        fit: the fit.
        prob: probability of the interval, in (0, 1).

    Returns:
        columns group, observed, prob, median, lower, upper (all of the law's response), outside;
        ``attrs["quantity"]`` is the response.

    Raises:
        SettingsError: no fit, or no such probability.
    """
    fit = check_fit(fit, "observed_predicted_data")
    response = fit.law.response
    draws = fit.posterior_predictive[response.name].to_numpy()
    median, lower, upper = interval(draws, check_prob(prob), axis=(0, 1))
    runs = fit.runs.table
    observed = runs[response.name].to_numpy(float)
    own = runs["family"] if len(fit.groups) > 1 else common_label(fit.groups)
    table = pd.DataFrame(
        {
            "group": own,
            "observed": observed,
            "prob": float(prob),
            "median": median,
            "lower": lower,
            "upper": upper,
            "outside": (observed < lower) | (observed > upper),
        }
    )
    table.attrs["quantity"] = response
    return table


def observed_predicted(source: Fit | pd.DataFrame, *, ax: Axes | None = None, prob: float = 0.9) -> Axes:
    """Draw observed against predicted responses with their intervals; runs outside of theirs are ringed.

    Args:
        source: a fit, or :func:`observed_predicted_data` of one, which then brings its own prob.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the posterior predictive interval, in (0, 1).

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a fit nor such a table, or no such probability.
    """
    data = table_of(source, observed_predicted_data, COLUMNS, prob=prob)
    names = list(dict.fromkeys(data["group"]))
    ax = style.new_axes(width=7.6, height=4.6)[0] if ax is None else ax
    ends = [float(data[["observed", "lower"]].min(axis=None)), float(data[["observed", "upper"]].max(axis=None))]
    ax.plot(ends, ends, color="0.35", linewidth=0.8, zorder=1)
    width = 2.0 if len(data) <= FEW_RUNS else 1.0
    ax.vlines(data["median"], data["lower"], data["upper"], color="0.8", linewidth=width, zorder=0.5)
    entries: list[tuple[str, Any]] = []
    for index, name in enumerate(names):
        look, rows = style.look(index), data[data["group"] == name]
        ax.plot(rows["median"], rows["observed"], linestyle="none", zorder=3, **look.points)
        entries.append((style.plain(name), look.key(line=False)))
    out = data[data["outside"]]
    ax.plot(out["median"], out["observed"], linestyle="none", zorder=4, **RING)
    quantity = data.attrs.get("quantity")
    label = style.axis_label(quantity) if quantity is not None else "response"
    style.set_axes(ax, f"predicted {label}", f"observed {label}")
    style.legend(ax, [*entries, *_key(data)])
    return ax


def _key(data: pd.DataFrame) -> list[tuple[str, Any]]:
    expected = len(data) * (1 - float(data["prob"].iloc[0]))
    outside = f"outside it: {int(np.sum(data['outside']))} of {len(data)} runs,\n{expected:.3g} expected"
    return [
        (f"posterior predictive\n{style.interval_label(data['prob'])}", Patch(facecolor="0.8")),
        (outside, Line2D([], [], linestyle="none", **RING)),
    ]
