"""The runs that may be trained next, as they are given: a list, a grid, a box, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayescale.decisions.inputs import DESIGN, compute_of, numbers_of, points_of
from bayescale.decisions.next_run.box import Box
from bayescale.decisions.next_run.grid import default_candidates
from bayescale.decisions.next_run.situation import Situation
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE

# The column of a table of candidates that says what each costs, in FLOP.
COST = "cost"


@dataclass(frozen=True, eq=False)
class Candidates:
    """Runs that may be trained.

    Args:
        points: the law's inputs, over candidates, and size and tokens where they are known.
        cost: of each in FLOP.
    """

    points: dict[str, np.ndarray]
    cost: np.ndarray

    def table(self) -> pd.DataFrame:
        """Inputs and cost, a row per candidate."""
        return pd.DataFrame({**self.points, COST: self.cost})


def listed(situation: Situation, given: Any) -> Candidates:
    """Return the candidates of a list or a grid; of the default grid where nothing is given.

    Args:
        situation: whose law they are of.
        given: a table with a row per run, a mapping of inputs to the values of a grid, or None.

    Raises:
        SettingsError: inputs that are missing or no numbers that they may be, or runs whose cost is not known.
    """
    law = situation.fit.law
    quantities = {q.name: q for q in law.arguments.values()}
    table = _table(situation, given)
    names = [name for name in (*quantities, *DESIGN) if name in table]
    points = points_of(law.name, quantities, {name: table[name].to_numpy() for name in dict.fromkeys(names)})
    own = numbers_of(COMPUTE, table[COST].to_numpy()) if COST in table else None
    return _costed(situation, points, own)


def boxed(situation: Situation, box: Box, unit: np.ndarray) -> Candidates:
    """Return the candidates at some places in a box.

    Args:
        situation: whose law they are of.
        box: the ends of every input.
        unit: places in the unit cube, candidate x input.

    Raises:
        SettingsError: inputs that the law does not take or lacks.
    """
    law = situation.fit.law
    quantities = {q.name: q for q in law.arguments.values()}
    return _costed(situation, points_of(law.name, quantities, box.inputs(unit)), None)


def _table(situation: Situation, given: Any) -> pd.DataFrame:
    if given is None:
        family = situation.group
        runs = situation.fit.runs if family is None else situation.fit.runs.select(family)
        return default_candidates(situation.fit.law, runs)
    if isinstance(given, pd.DataFrame):
        if not len(given):
            raise SettingsError("There are no candidates; give a table with a row per run that might be trained.")
        return given.reset_index(drop=True)
    if isinstance(given, Mapping):
        axes = [np.atleast_1d(np.asarray(values, float)) for values in given.values()]
        grid = np.meshgrid(*axes, indexing="ij")
        return pd.DataFrame({name: values.ravel() for name, values in zip(given, grid, strict=True)})
    raise SettingsError(
        "candidates must be a DataFrame with a row per run, a mapping of inputs to the values of a grid, a Box, or "
        f"None; got {type(given).__name__}."
    )


def _costed(situation: Situation, points: dict[str, np.ndarray], own: np.ndarray | None) -> Candidates:
    cost = compute_of(points, situation.cost) if own is None else own
    if not np.isfinite(cost).all():
        raise SettingsError(
            f"What runs cost does not follow from the inputs of {situation.fit.law.name!r}; give candidates params and "
            f"tokens too, or a column {COST!r} in FLOP."
        )
    return Candidates(points, np.asarray(cost, float))
