"""Loss along training: checkpoints of runs, and the curve that was fitted to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayescale.data import Runs
from bayescale.decisions import predict
from bayescale.decisions.beyond import LEARNT
from bayescale.inference import Fits
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import QUANTITIES, Quantity
from bayescale.models.discrepancy import Discrepancy
from bayescale.show.figures import curves, style, ticks
from bayescale.show.figures.discrepancies import beyond_names, discrepancy_words
from bayescale.show.figures.sources import table_of

# What says how far a run is, the first that the law takes.
PLACES = ("tokens", "step", "examples")
POINTS = 61
# With more checkpoints than this their marks are small and pale, so that curves are seen on them.
FEW = 250
EARLY = "0.62"
PARTS = ("curve", "checkpoint", "early")
COLUMNS = (
    "run", "part", "place", "place_name", "response", "prob", "median", "lower", "upper", "value", "extrapolation",
    "discrepancy",
)  # fmt: skip


def learning_curves_data(
    source: Fit | Fits,
    *,
    early: Runs | None = None,
    runs: Sequence[str] | str | None = None,
    beyond: float = 2.0,
    prob: float = 0.9,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> pd.DataFrame:
    """Return the checkpoints of runs with the law's curve along each run.

    Args:
        source: a fit of checkpoints, whose law takes tokens, steps or examples; or many fits of one run each.
        early: the table before early checkpoints were dropped; rows of it that the fit does not have are shown as such.
        runs: names of runs, as in the column ``run`` of the result; all by default.
        beyond: how far curves go past the last checkpoint of their run, as a factor of at least 1.
        prob: probability of the equal-tailed interval of the curve, in (0, 1).
        discrepancy: what curves beyond the largest compute of the data have added, as for :func:`bayescale.predict`;
            only where the table gives compute.

    Returns:
        columns run, part (``"curve"``, ``"checkpoint"`` or ``"early"``), place (tokens, steps or examples), place_name,
        response (a name), prob, median, lower, upper (of curves), value (measured, of checkpoints), extrapolation (the
        place over that of the last checkpoint of the run), discrepancy (the name of what the curve's interval has
        added).

    Raises:
        SettingsError: no such source, a law that is not one of training, a run whose other inputs change along it, no
            such run, a factor below 1, or no such probability.
    """
    check_prob(prob)
    if not np.isfinite(beyond) or beyond < 1:
        raise SettingsError(f"beyond must be a factor of at least 1, got {beyond!r}; 2 goes to twice the length.")
    found = dict(_runs(source))
    chosen = list(found) if runs is None else [runs] if isinstance(runs, str) else list(runs)
    if unknown := [name for name in chosen if name not in found]:
        few = ", ".join(list(found)[:8])
        raise SettingsError(f"There is no run {unknown[0]!r}; there are {few}{', ...' if len(found) > 8 else ''}.")
    dropped = {} if early is None else dict(_tables(early))
    parts = []
    for name in chosen:
        fit, group, rows = found[name]
        parts.append(_of_run(fit, group, rows, dropped.get(name), beyond, prob, discrepancy).assign(run=name))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def learning_curves(
    source: Fit | Fits | pd.DataFrame,
    *,
    early: Runs | None = None,
    runs: Sequence[str] | str | None = None,
    ax: Axes | None = None,
    prob: float = 0.9,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> Axes:
    """Draw checkpoints and fitted curves with bands, dashed past the last checkpoint; dropped checkpoints are grey.

    Args:
        source: a fit, many fits of one run each, or :func:`learning_curves_data`, which then brings all else.
        early: the table before early checkpoints were dropped.
        runs: names of runs; all by default.
        ax: where to draw; by default a new figure outside pyplot.
        prob: probability of the equal-tailed interval of the curve.
        discrepancy: as for :func:`learning_curves_data`.

    Returns:
        the axes; ``.figure.savefig(path)`` writes them.

    Raises:
        SettingsError: neither of these, or what :func:`learning_curves_data` refuses.
    """
    asked = {"early": early, "runs": runs, "prob": prob, "discrepancy": discrepancy}
    data = table_of(source, learning_curves_data, COLUMNS, **asked)
    names = list(dict.fromkeys(data["run"]))
    many = len(names) >= style.MANY
    ax = style.new_axes(width=9.0 if many else 7.6, height=4.8 if many else 4.2)[0] if ax is None else ax
    ax.set_xscale("log")
    style.log_loss_axis(ax)
    measured = data[data["part"] != PARTS[0]]
    size = {"markersize": 2.2, "markeredgewidth": 0, "alpha": 0.4} if len(measured) > FEW else {}
    entries: list[tuple[str, Any]] = []
    for index, name in enumerate(names):
        rows, look = data[data["run"] == name], style.look(index)
        kept, left = rows[rows["part"] == PARTS[1]], rows[rows["part"] == PARTS[2]]
        ax.plot(left["place"], left["value"], linestyle="none", zorder=2, **{**look.points, "color": EARLY, **size})
        ax.plot(kept["place"], kept["value"], linestyle="none", zorder=2.5, **{**look.points, **size})
        curves.draw_curve(ax, rows[rows["part"] == PARTS[0]], x="place", colour=look.colour, among=len(names))
        entries.append((style.plain(name), look.key()))
    place, response = (QUANTITIES[str(data[column].iloc[0])] for column in ("place_name", "response"))
    style.set_axes(ax, style.axis_label(place), style.axis_label(response))
    ticks.count_axis(ax.xaxis)
    style.legend(ax, entries + _key(data))
    return ax


def _key(data: pd.DataFrame) -> list[tuple[str, Any]]:
    lines = data[data["part"] == PARTS[0]]
    key: list[tuple[str, Any]] = [("checkpoints that were fitted", style.Look(style.GREY, "o").key(line=False))]
    if (data["part"] == PARTS[2]).any():
        dot = Line2D([], [], linestyle="none", marker="o", markersize=4.4, color=EARLY, markeredgecolor="white")
        key.append(("early checkpoints, left out", dot))
    words = f"law, median and\n{style.interval_label(lines['prob'])}"
    key.append((words, (curves.key_band(), curves.key_line())))
    if curves.extrapolates(lines):
        words = f"beyond the last checkpoint,\n{discrepancy_words(beyond_names(lines))}"
        key.append((words, (curves.key_band(True), curves.key_line(True))))
    return key


def _runs(source: Any) -> Iterator[tuple[str, tuple[Fit, str | None, pd.DataFrame]]]:
    """Every run by name, with its fit, its family there and its rows."""
    if isinstance(source, Fits):
        made = source.checks["status"].to_numpy() != "failed"
        for label, there in zip(source.labels, made, strict=True):
            if there:
                own = source[label]
                yield str(label), (own, None, own.runs.table)
    elif isinstance(source, Fit):
        for name, rows in _tables(source.runs):
            group = str(rows["family"].iloc[0]) if len(source.groups) > 1 else None
            yield name, (source, group, rows)
    else:
        raise SettingsError(f"learning_curves takes a Fit, Fits or their table, got {type(source).__name__}.")


def _tables(runs: Runs) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of every run by its name: that of the run, with the family before it where runs share names."""
    table = runs.table
    keys = [name for name in ("family", "run") if name in table]
    if not keys:
        yield "run", table
        return
    own = table[[*keys]].drop_duplicates()
    last = keys[-1]
    shared = len(own) > own[last].nunique()
    for key, rows in table.groupby(keys, sort=False):
        yield " / ".join(map(str, key)) if shared else str(key[-1]), rows


def _of_run(
    fit: Fit,
    group: str | None,
    rows: pd.DataFrame,
    before: pd.DataFrame | None,
    beyond: float,
    prob: float,
    discrepancy: str | Discrepancy | None,
) -> pd.DataFrame:
    place, others = _inputs(fit, rows)
    response, last = fit.law.response.name, float(rows[place.name].max())
    at = np.geomspace(float(rows[place.name].min()), last, POINTS)
    if beyond > 1:
        at = np.concatenate([at, np.geomspace(last, beyond * last, POINTS // 3)[1:]])
    points: dict[str, Any] = {place.name: at, **others}
    made = predict(fit, group=group, kind="law", discrepancy=discrepancy, **points)
    line = made.table(prob=prob)[["prob", "median", "lower", "upper", "discrepancy"]].assign(part=PARTS[0], place=at)
    parts = [line, pd.DataFrame({"part": PARTS[1], "place": rows[place.name], "value": rows[response]})]
    if before is not None:
        left = before[~before[place.name].isin(rows[place.name])]
        parts.append(pd.DataFrame({"part": PARTS[2], "place": left[place.name], "value": left[response]}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(place_name=place.name, response=response, extrapolation=table["place"] / last)


def _inputs(fit: Fit, rows: pd.DataFrame) -> tuple[Quantity, dict[str, float]]:
    """What runs along a run, and the values of the law's other inputs, which do not."""
    inputs = fit.law.inputs()
    place = next((name for name in PLACES if name in inputs), None)
    if place is None:
        raise SettingsError(
            f"The law {fit.law.name!r} takes {', '.join(inputs)}, none of which grows along a run; learning curves are "
            f"of laws that take {', '.join(PLACES[:-1])} or {PLACES[-1]}."
        )
    # The size is given to laws without it, too, so that it is known how far beyond the data a curve goes.
    names = [name for name in inputs if name != place]
    names += ["params"] if "params" in rows and place == "tokens" and "params" not in inputs else []
    if changing := [name for name in names if rows[name].nunique() > 1]:
        raise SettingsError(
            f"{changing[0]!r} changes along a run, and a curve is drawn at one value of it; draw "
            "observed_predicted(fit) instead, or give the table a column 'run'."
        )
    return QUANTITIES[place], {name: float(rows[name].iloc[0]) for name in names}
