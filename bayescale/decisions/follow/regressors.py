"""What of a run the level of its curve follows: size, length, passes over the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayescale.decisions.follow.bend import SLOPE, bent, flat
from bayescale.decisions.follow.situation import Curve, Situation
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS, REPEATS

# Siblings that are left to say how runs scatter, beyond the coefficients of a line.
SPARE = 2
# A variable of which the others leave less than this of its sd says nothing of its own.
OWN = 0.2
# Logs of inputs that differ by less are the same: a line through them says nothing of other runs.
SAME = 0.05


@dataclass(frozen=True, eq=False)
class Regressors:
    """A line in logs of inputs.

    Args:
        names: of the inputs.
        siblings: sibling x (1 + input), standardised.
        run: of the run in flight.
        outside: how far the run is outside its siblings, as the root of the sum of squares over inputs of
            :func:`bent` where a line follows the input and of :func:`flat` where none does; 0 among the siblings.
        unused: inputs in which the run differs from all its siblings, which are alike in them.
        spared: inputs in which siblings differ that are too many for so few of them.
        ranges: by input in which siblings differ, the run's over the largest of theirs or the smallest, 1 among them.
    """

    names: tuple[str, ...]
    siblings: np.ndarray
    run: np.ndarray
    outside: float
    unused: tuple[str, ...]
    spared: tuple[str, ...]
    ranges: dict[str, float]


def regressors_of(situation: Situation, siblings: Sequence[Curve], inputs: Sequence[str] | None) -> Regressors:
    """Return the line.

    Args:
        situation: what is known.
        siblings: those that are used.
        inputs: the names of the inputs; None for those of params, the end of training and repeats that differ between
            siblings and do not follow from each other, as long as enough siblings are left.

    Raises:
        SettingsError: an input that is not there, does not differ, or is one too many.
    """
    usual = (PARAMS.name, situation.place.name, REPEATS.name)
    columns, run, names = [np.ones(len(siblings))], [1.0], []
    products, unused, spared, ranges = [], [], [], {}
    for name in dict.fromkeys(usual if inputs is None else inputs):
        every = [one.values.get(name, np.nan) for one in (*siblings, situation.run)]
        if not all(value > 0 for value in every):
            _refuse(inputs, name, "is not one positive number in each run")
            continue
        logs, own = np.log(every[:-1]), np.log(every[-1])
        if np.ptp(logs) < SAME:
            _refuse(inputs, name, "is the same in all siblings, within 5 %")
            products.append(flat(logs, own))
            if products[-1] > SLOPE * SAME:
                unused.append(name)
            continue
        ranges[name] = every[-1] / np.clip(every[-1], min(every[:-1]), max(every[:-1]))
        line = np.stack(columns, axis=1)
        left = logs - line @ np.linalg.lstsq(line, logs, rcond=None)[0]
        if left.std() < OWN * logs.std():
            _refuse(inputs, name, "follows from the inputs before it")
        elif len(siblings) - len(columns) - 1 < SPARE:
            _refuse(inputs, name, f"is one input too many for {len(siblings)} siblings")
            spared.append(name)
            products.append(flat(logs, own))
        else:
            columns.append((logs - logs.mean()) / logs.std())
            run.append((own - logs.mean()) / logs.std())
            names.append(name)
            products.append(bent(logs, own))
    outside, matrix = float(np.linalg.norm(products)), np.stack(columns, axis=1)
    return Regressors(tuple(names), matrix, np.array(run), outside, tuple(unused), tuple(spared), ranges)


def _refuse(inputs: Sequence[str] | None, name: str, why: str) -> None:
    """Raise for an input that was asked for."""
    if inputs is not None:
        raise SettingsError(f"The input {name!r} cannot say how curves of siblings differ: it {why}.")
