"""Map of the loss over size and tokens, with budgets, their best splits and how sure these are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bayescale.decisions import allocate, predict
from bayescale.decisions.draws import group_label
from bayescale.decisions.inputs import positive_numbers
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS, TOKENS
from bayescale.show.figures import map_drawing, style, ticks
from bayescale.show.figures.densities import highest_density
from bayescale.show.figures.sources import COST, check_fit, own_runs, table_of

# Points of the map along each axis, of the frontier, and of a density along its budget.
GRID, FRONTIER, RIDGE = 41, 33, 81
# How far beyond the largest run budgets go, and how many there are at most.
BEYOND, MOST = 100.0, 6
COLUMNS = ("group", "part", "budget", "params", "tokens", "loss", "density", "inside", "prob", "extrapolation")


def loss_map_data(
    fit: Fit, *, group: str | None = None, compute: Sequence[float] | float | None = None, prob: float = 0.9
) -> pd.DataFrame:
    """Return the law's loss over size and tokens, the compute-optimal frontier, and where each budget's best split is.

    Args:
        fit: the fit, of a law of the loss.
        group: the family; it can be left out where there is only one.
        compute: budgets in FLOP (6ND); by default powers of ten from within the data to a hundred times beyond.
        prob: probability of the highest-density interval of the best split of a budget, in (0, 1).

    Returns:
        columns group, part, budget (FLOP), params, tokens, loss (nats/token), density, inside, prob, extrapolation.
        Rows of part ``"map"`` have the posterior median of the law's loss (a discrepancy widens intervals and leaves
        medians, so none is added), rows of part ``"run"`` the measured loss, rows of part ``"frontier"`` the median of
        the best size at each compute. Rows of part ``"optimum"`` have the posterior density of the best split along
        each budget, per unit of log size and relative to its peak, and whether a split is ``inside`` the interval.

    Raises:
        SettingsError: no fit, several families and none named, budgets that are not positive, or no such probability.
        LawError: the law has no compute-optimal size at a budget.

    References:
        hoffmann2022training
    """
    fit = check_fit(fit, "loss_map_data")
    check_prob(prob)
    if group is None and len(fit.groups) > 1:
        raise SettingsError(f"loss_map draws one family; name it with group=, one of {', '.join(fit.groups)}.")
    runs = own_runs(fit, group)
    largest = float(runs["own_compute"].max())
    budgets = _budgets(runs) if compute is None else np.unique(positive_numbers("compute", compute, "in FLOP"))
    optimum = _optimum(fit, group, budgets, prob)
    frontier = _frontier(fit, group, min(runs["own_compute"].min(), budgets[0]), max(largest, budgets[-1]))
    own = runs[["params", "tokens", "loss"]].assign(part="run")
    known = pd.concat([own, optimum[optimum["inside"]], frontier])
    ends = [(float(known[name].min()) / 1.6, float(known[name].max()) * 1.6) for name in ("params", "tokens")]
    table = pd.concat([_map(fit, group, ends), own, frontier, optimum], ignore_index=True)
    compute_of = COST(table["params"].to_numpy(), table["tokens"].to_numpy())
    table = table.assign(group=group_label(fit, group), prob=float(prob), extrapolation=compute_of / largest)
    return table.reindex(columns=list(COLUMNS))


def loss_map(
    source: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    prob: float = 0.9,
    group: str | None = None,
    compute: Sequence[float] | float | None = None,
) -> Axes:
    """Draw contours of the loss over size and tokens, budget lines, and the posterior of the best split of each.

    A budget's density stands on its line; what is filled is the highest-density interval. Runs are filled with the
    colour of their measured loss, so that a run whose colour is not that of the map lies off the law.

    Args:
        source: a fit, or :func:`loss_map_data` of one, which then brings all that follows.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the highest-density interval of the best split.
        group: the family; it can be left out where there is only one.
        compute: budgets in FLOP; see :func:`loss_map_data`.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither a fit nor such a table, or what :func:`loss_map_data` refuses.

    References:
        hoffmann2022training
    """
    data = table_of(source, loss_map_data, COLUMNS, prob=prob, group=group, compute=compute)
    ax = style.new_axes(width=8.0, height=4.8)[0] if ax is None else ax
    surface = data[data["part"] == "map"]
    ax.set(xscale="log", yscale="log")
    ax.set_xlim(surface["params"].min(), surface["params"].max())
    ax.set_ylim(surface["tokens"].min(), surface["tokens"].max())
    entries = map_drawing.draw(ax, data)
    style.set_axes(ax, style.axis_label(PARAMS), style.axis_label(TOKENS))
    ax.grid(False)
    ticks.count_axis(ax.xaxis)
    ticks.count_axis(ax.yaxis)
    ax.set_title(f"{style.plain(data['group'].iloc[0])}, compute {COST.name}", fontsize=style.MEDIUM, parse_math=False)
    style.legend(ax, entries)
    return ax


def _budgets(runs: pd.DataFrame) -> np.ndarray:
    """Powers of ten from the data to beyond, not more than a figure can hold."""
    low, high = np.log10(runs["own_compute"].min()), np.log10(BEYOND * runs["own_compute"].max())
    whole = np.arange(np.ceil(low), np.floor(high) + 1)
    step = int(np.ceil(whole.size / MOST))
    return np.asarray(10.0 ** whole[::-1][::step][::-1])


def _optimum(fit: Fit, group: str | None, budgets: np.ndarray, prob: float) -> pd.DataFrame:
    """The density of the best split along each budget."""
    draws = allocate(fit, compute=budgets, group=group, cost=COST, discrepancy=None).draws["params"]
    parts = []
    for place, budget in enumerate(budgets):
        logs = np.log(draws.isel(budget=place).to_numpy().ravel())
        at, density, inside = highest_density(logs, prob, RIDGE)
        params = np.exp(at)
        about = {"part": "optimum", "budget": budget, "density": density, "inside": inside}
        parts.append(pd.DataFrame({"params": params, "tokens": COST.tokens(params, budget), **about}))
    return pd.concat(parts, ignore_index=True)


def _frontier(fit: Fit, group: str | None, low: float, high: float) -> pd.DataFrame:
    """The median of the best size from the least to the largest compute."""
    compute = np.geomspace(low, high, FRONTIER)
    draws = allocate(fit, compute=compute, group=group, cost=COST, discrepancy=None).draws["params"]
    params = np.median(draws.to_numpy(), axis=(0, 1))
    return pd.DataFrame(
        {"part": "frontier", "budget": compute, "params": params, "tokens": COST.tokens(params, compute)}
    )


def _map(fit: Fit, group: str | None, ends: list[tuple[float, float]]) -> pd.DataFrame:
    """The median of the loss over all pairs of sizes and tokens."""
    sizes, tokens = (axis.ravel() for axis in np.meshgrid(*(np.geomspace(*pair, GRID) for pair in ends)))
    made: Any = predict(fit, params=sizes, tokens=tokens, group=group, kind="law", discrepancy=None)
    loss = np.median(made.draws[fit.law.response.name].to_numpy(), axis=(0, 1))
    return pd.DataFrame({"part": "map", "params": sizes, "tokens": tokens, "loss": loss})
