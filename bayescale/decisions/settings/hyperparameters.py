"""The best learning rate and batch size of a planned run, from posteriors or from published laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import Cost, SixND
from bayescale.decisions.beyond import notes_of, words_of
from bayescale.decisions.draws import described
from bayescale.decisions.extrapolation import largest_compute, noted, notes_of_points, with_note
from bayescale.decisions.inputs import compute_of
from bayescale.decisions.settings.sources import Source, plan_coords, points_of_plan, sources_of
from bayescale.inference.evaluate import by_points, curve, one_by_one
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.summary import check_prob, interval
from bayescale.language.quantities import BATCH, COMPUTE, LEARNING_RATE, Quantity
from bayescale.laws import Law
from bayescale.laws.bowl import Bowl


@dataclass(frozen=True, eq=False, repr=False)
class Hyperparameters:
    """The best settings of planned runs, draw by draw; made by :func:`hyperparameters`.

    Args:
        draws: a dataset per source: ``lr``, ``batch_tokens`` or both over draw and point, with what the plan is
            (params, tokens, ...) and extrapolation over point; each with ``long_name`` and ``units``. Attributes:
            group, source, notes (of each point). Draws of two sources are not paired.
        note: what there is to know of plans beyond the data, a sentence; empty where there are none.
    """

    draws: tuple[xr.Dataset, ...]
    note: str

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval of each setting.

        Args:
            prob: probability of the intervals, in (0, 1).

        Returns:
            a row per source, plan and setting: group, source (``"posterior"``, ``"published KEY"``, ``"given values"``
            or ``"given draws"``), the plan, setting (``lr`` or ``batch_tokens``), unit, prob, median, lower, upper,
            extrapolation (compute over the largest in the data, missing where it is not known); ``attrs["note"]`` is
            the note, ``attrs["notes"]`` that of each row.

        Raises:
            SettingsError: no such probability.
        """
        check_prob(prob)
        table = _in_order(pd.concat([_rows(one, prob) for one in self.draws], ignore_index=True))
        return noted(table, self.note)

    def __repr__(self) -> str:
        return with_note(f"Best settings\n{self.table().to_string(index=False)}", self.note)


def hyperparameters(
    fit: Fit | Law | str | Sequence[Fit | Law | str],
    *,
    group: str | None = None,
    seed: int | None = None,
    cost: Cost | None = None,
    **plan: Any,
) -> Hyperparameters:
    """Find the learning rate and batch size that are best for planned runs, draw by draw.

    Of a law of the loss over both, such as ``step-law``, they are the centre of its bowl. Of a law of one of them, such
    as ``step-law-lr`` or ``deepseek-batch``, they are its curve: :func:`bayescale.predict` has the scatter around it.

    Args:
        fit: a fit of such a law; such a law at parameter values, where one value each gives no interval and a flat
            array each gives draws, such as authors' bootstrap; the key of a paper whose laws are in the catalogue,
            such as ``"li2025predictable"``; or a list of these.
        group: a family of the data, for example a cell of the grid; None is one that is not in the data, whose best
            settings scatter around the law as those of the cells do, or the only one there is.
        seed: of a new family's draws; by default that of the fit.
        cost: what turns params and tokens into compute, for laws that take compute, and for how far a plan lies beyond
            the data; 6ND by default.
        plan: what the best settings depend on, such as ``params`` and ``tokens``: positive numbers, or flat lists.

    Returns:
        a :class:`Hyperparameters`. Nothing is added to a law of settings beyond the data, and its note says so.

    Raises:
        LawError: a law of something else, or a paper without such laws.
        SettingsError: an unknown group, or inputs that are not those of the law, not positive or of two lengths.

    References:
        li2025predictable, bi2024deepseek

    Examples:
        >>> table = hyperparameters("li2025predictable", params=1e9, tokens=1e11).table()
        >>> [f"{setting} {value:.3g}" for setting, value in zip(table["setting"], table["median"])]
        ['lr 0.00163', 'batch_tokens 1.11e+06']
        >>> table["source"].unique().tolist()
        ['published li2025predictable']
    """
    counted = SixND() if cost is None else cost
    found, beyond = [], np.zeros(0)
    for source in sources_of(fit, group, seed):
        points = points_of_plan(source.law, plan, counted)
        compute = compute_of(points, counted)
        largest = largest_compute(source.fit, source.group, counted) if source.fit else np.nan
        found.append(_dataset(source, points, compute / largest))
        beyond = np.append(beyond, compute / largest)
    return Hyperparameters(tuple(found), words_of(None, None, beyond)["note"])


def _dataset(source: Source, points: dict[str, np.ndarray], extrapolation: np.ndarray) -> xr.Dataset:
    """Settings over draw and point of one source."""
    return xr.Dataset(
        {q.name: (("draw", "point"), draws, described(q)) for q, draws in settings_of(source, points)},
        coords=plan_coords(source.law, points, extrapolation),
        attrs={"group": source.label, "source": source.kind, "notes": notes_of(None, None, extrapolation)},
    )


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """What was asked before what is answered: some sources have a compute of the plan, and others none."""
    answered = list(table.columns[list(table.columns).index("setting") :])
    asked = [name for name in table.columns if name not in answered]
    if COMPUTE.name in answered:
        answered.remove(COMPUTE.name)
        asked.append(COMPUTE.name)
    return table[[*asked, *answered]]


def _rows(source: xr.Dataset, prob: float) -> pd.DataFrame:
    """A row per plan and setting of one source."""
    points = {str(name): source[name].to_numpy() for name in source.coords if name != "extrapolation"}
    parts = []
    for name, draws in source.items():
        median, lower, upper = interval(draws, prob, axis=0)
        columns = {"setting": str(name), "unit": draws.attrs["units"], "prob": float(prob)}
        spread = {"median": median, "lower": lower, "upper": upper}
        beyond = {"extrapolation": source["extrapolation"].to_numpy(), "note": notes_of_points(source)}
        asked = {"group": source.attrs["group"], "source": source.attrs["source"], **points}
        parts.append(pd.DataFrame({**asked, **columns, **spread, **beyond}))
    return pd.concat(parts).sort_index(kind="stable")


def settings_of(source: Source, points: dict[str, np.ndarray]) -> list[tuple[Quantity, np.ndarray]]:
    """The settings that a source speaks of, each draw x plan."""
    with computing():
        law = source.law
        if not issubclass(law, Bowl):
            taken = {name: points[name] for name in law.inputs()}
            return [(law.response, np.atleast_2d(curve(source.draws, taken)))]
        taken = {name: points[name] for name in law.plan()}
        rate, batch = by_points(partial(_centres, source.draws), taken)
    return [(LEARNING_RATE, np.atleast_2d(rate)), (BATCH, np.atleast_2d(batch))]


def _centre(law: Any, plan: dict[str, Any]) -> Any:
    return law.centre(**plan)


@jax.jit
def _centres(law: Any, plan: dict[str, Any]) -> Any:
    """Best learning rate and batch size, stacked, where parameters and plan broadcast to."""
    return jnp.stack(one_by_one(_centre, law, plan))
