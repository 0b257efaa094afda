"""The run in flight and its finished siblings, as the table has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayescale.data import Runs
from bayescale.data.checkpoints import place_of, run_codes
from bayescale.decisions.inputs import positive_number
from bayescale.decisions.run_rows import rows_of_run
from bayescale.language.errors import DataError, SettingsError
from bayescale.language.quantities import STEP, TOKENS, Quantity

# Ends of training that are further apart than this are counted in different units.
UNITS = 1000.0


@dataclass(frozen=True, eq=False)
class Curve:
    """The checkpoints of one run.

    Args:
        name: of the run.
        place: tokens or steps, increasing.
        loss: nats/token.
        end: where its training ends.
        values: what does not change along the run, by column; ``tokens`` or ``step`` is its end.
    """

    name: str
    place: np.ndarray
    loss: np.ndarray
    end: float
    values: dict[str, float]

    @property
    def shares(self) -> np.ndarray:
        """Shares of training of its checkpoints."""
        return self.place / self.end


@dataclass(frozen=True, eq=False)
class Situation:
    """What is known.

    Args:
        run: the one in flight.
        siblings: finished runs, whose last rows are their ends.
        group: the family, empty where the table has none.
        place: the quantity that says how far a run is.
    """

    run: Curve
    siblings: tuple[Curve, ...]
    group: str
    place: Quantity

    @property
    def share(self) -> float:
        """How much of training is seen."""
        return float(self.run.shares[-1])

    @classmethod
    def of(
        cls,
        runs: Runs,
        run: str,
        *,
        group: str | None,
        siblings: Sequence[str] | None,
        final_tokens: float | None,
        final_steps: float | None,
    ) -> Situation:
        """Find the run and its siblings; arguments and errors as of :func:`bayescale.follow`."""
        if not isinstance(runs, Runs):
            raise SettingsError(f"follow takes Runs, with the checkpoints of all runs, got {type(runs).__name__}.")
        if "loss" not in runs.table:
            raise DataError("A run in flight is followed by its loss, and the table has none.")
        rows = rows_of_run(runs, run, group)
        place = TOKENS if place_of(runs) == TOKENS.name else STEP
        end = _end(place, final_tokens, final_steps)
        code, family = run_codes(runs), runs.table["family"] if runs.families else None
        own = np.ones(len(runs), bool) if family is None else (family == family.iloc[rows[0]]).to_numpy()
        if siblings is not None:
            own &= _named(runs.table["run"], own, siblings, run)
        flying = _curve(runs.table.iloc[rows], place, end)
        last = flying.place[-1]
        if last >= end:
            done = "has ended there" if last == end else f"has a checkpoint at {last:g}"
            raise SettingsError(
                f"A run in flight has not reached its end, {end:g} {place.unit}, and {run!r} {done}; give its own end."
            )
        others = [np.flatnonzero(code == one) for one in np.unique(code[own]) if one != code[rows[0]]]
        curves = tuple(_curve(runs.table.iloc[at], place, None) for at in others if at.size > 1)
        ratios = [max(one.end / end, end / one.end) for one in curves]
        if ratios and min(ratios) > UNITS:
            raise SettingsError(
                f"Runs of one family end within a factor of {UNITS:g} of each other: the siblings of {run!r} end at "
                f"{curves[int(np.argmin(ratios))].end:g} {place.unit} and it at {end:g}; give the end in single "
                f"{place.unit}."
            )
        return cls(flying, curves, "" if family is None else str(family.iloc[rows[0]]), place)


def _end(place: Quantity, tokens: float | None, steps: float | None) -> float:
    """The end of the run's training, in what the table counts progress in."""
    name, other = ("final_tokens", "final_steps") if place is TOKENS else ("final_steps", "final_tokens")
    given, wrong = (tokens, steps) if place is TOKENS else (steps, tokens)
    if given is None or wrong is not None:
        what = "none" if given is None and wrong is None else other
        raise SettingsError(f"This table counts {place.unit}: give {name}, where the run will end; got {what}.")
    return positive_number(name, given, f"a number of {place.unit}")


def _named(names: pd.Series, own: np.ndarray, siblings: Sequence[str], run: str) -> np.ndarray:
    """The rows of siblings that are asked for by name."""
    known = dict.fromkeys(name for name in names[own] if name != run)
    if isinstance(siblings, str) or not set(siblings) <= set(known):
        shown = f"{', '.join(list(known)[:8])}{', ...' if len(known) > 8 else ''}"
        raise SettingsError(f"siblings takes a list of other runs of the family, got {siblings!r}; it has {shown}.")
    return names.isin(list(siblings)).to_numpy()


def _curve(rows: pd.DataFrame, place: Quantity, end: float | None) -> Curve:
    rows = rows.sort_values(place.name)
    where, name = rows[place.name].to_numpy(float), str(rows["run"].iloc[0])
    rows, where = rows[where > 0], where[where > 0]
    if np.unique(where).size < where.size or not where.size:
        raise DataError(f"Run {name!r} must have one row for each place above 0; two lie at one, or none does.")
    own = [column for column in rows if pd.api.types.is_numeric_dtype(rows[column]) and rows[column].nunique() == 1]
    last = float(where[-1]) if end is None else end
    values = {column: float(rows[column].iloc[0]) for column in own} | {place.name: last}
    return Curve(name, where, rows["loss"].to_numpy(float), last, values)
