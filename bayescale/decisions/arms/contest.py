"""The losses of all arms at budgets, draw by draw, with errors that arms share drawn once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.allocation.action import best_action
from bayescale.decisions.allocation.feasible import feasible
from bayescale.decisions.allocation.objectives import Mean
from bayescale.decisions.allocation.question import Question, inputs_of
from bayescale.decisions.arms.entrants import TOGETHER, Arm
from bayescale.decisions.asked import Asked
from bayescale.decisions.beyond import find_discrepancy, noise_scale, notes_of, words_of
from bayescale.decisions.extrapolation import decades_beyond
from bayescale.inference.evaluate import curve
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS, TOKENS
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy, name_of


@dataclass(frozen=True, eq=False)
class Outcome:
    """What arms reach at budgets.

    Args:
        loss: draw x arm x budget.
        params, tokens: of the plans, arm x budget.
        beyond: budgets over the largest cost of a run of the arm's data, arm x budget; NaN where there are none.
        added: the name of the discrepancy of each arm.
        note: what there is to know of budgets beyond the data.
        notes: the same of each arm at each budget.
    """

    loss: np.ndarray
    params: np.ndarray
    tokens: np.ndarray
    beyond: np.ndarray
    added: tuple[str, ...]
    note: str
    notes: np.ndarray


@dataclass(frozen=True, eq=False)
class Contest:
    """A comparison that can be held at any budgets.

    Args:
        arms: who competes.
        seed: of what is random.
        cost: what a run costs.
        discrepancy: of every arm, as for :func:`allocate`.
        inputs: what else the laws take.
        sizes: as a function of budgets, params that all arms have there; None for each arm's own best split.
    """

    arms: tuple[Arm, ...]
    seed: int
    cost: Cost
    discrepancy: str | Discrepancy | None
    inputs: Mapping[str, Any]
    sizes: Any = None

    def outcome(self, budgets: np.ndarray, kind: str) -> Outcome:
        """Return what all arms reach at budgets; the answer at a budget does not depend on the budgets beside it."""
        found = [self._of(arm, budgets, kind) for arm in self.arms]
        losses, params, tokens, beyond, shifts, added = zip(*found, strict=True)
        return Outcome(
            np.stack(np.broadcast_arrays(*losses), axis=1),
            np.stack(params),
            np.stack(tokens),
            np.stack(beyond),
            tuple(name_of(one) for one in added),
            self._note(np.stack(beyond), shifts, added),
            np.array([notes_of(*of) for of in zip(added, shifts, beyond, strict=True)], object),
        )

    def _of(self, arm: Arm, budgets: np.ndarray, kind: str) -> tuple[Any, ...]:
        inputs = inputs_of(arm.fit, self.inputs, ())
        question = Question(arm.fit, self.cost, arm.group, arm.seed, None, None, inputs)
        params = self._sizes(question, budgets)
        tokens = np.asarray(self.cost.tokens(params, budgets), float)
        points = {PARAMS.name: params, TOKENS.name: tokens}
        points |= {name: np.full(budgets.size, value) for name, value in inputs.items()}
        beyond = question.beyond(budgets)
        if isinstance(arm.fit, Law):
            if kind != "law":
                raise SettingsError(f"The law of arm {arm.name!r} has no noise; compare curves with kind='law'.")
            with computing():
                losses = np.broadcast_to(curve(arm.fit, points), (arm.draws.size, budgets.size))
            return losses, params, tokens, beyond, None, None
        chosen = find_discrepancy(arm.fit, self.discrepancy)
        shift = self._shift(arm, arm.fit, beyond, chosen)
        asked = Asked(arm.fit, points, arm.group, arm.seed, None, shift)
        losses = asked.runs() if kind == "run" else asked.curves()
        return losses[arm.draws], params, tokens, beyond, shift, chosen

    def _sizes(self, question: Question, budgets: np.ndarray) -> np.ndarray:
        """The size that is trained: the same under all draws, as nobody knows which of them is true."""
        if self.sizes is not None:
            return np.asarray(self.sizes(budgets), float)
        return best_action(question.problem(budgets), Mean(), feasible((), self.cost, budgets))

    def _shift(self, arm: Arm, fit: Fit, beyond: np.ndarray, chosen: Discrepancy | None) -> np.ndarray | None:
        """What a discrepancy adds to the log loss, in the order of the fit's draws; shared parts in that of all arms.

        Of one fit whose arms are one cluster it is what :func:`allocate` and :func:`predict` add.
        """
        distance = decades_beyond(beyond)
        if chosen is None or not distance.any():
            return None
        own = "" if arm.cluster == TOGETHER else f" cluster/{arm.cluster}"
        scale = noise_scale(fit, arm.group)
        drawn = chosen.shifts(
            distance,
            scale[arm.draws],
            population=seed_for(self.seed, "discrepancy") if own else None,
            cluster=seed_for(self.seed, f"discrepancy{own}"),
            family=seed_for(self.seed, f"discrepancy/{arm.name}"),
        )
        shift = np.zeros((scale.size, distance.size))
        shift[arm.draws] = drawn
        return shift

    def _note(self, beyond: np.ndarray, shifts: tuple[Any, ...], added: tuple[Any, ...]) -> str:
        """The note of the arm that goes furthest beyond its data, and what arms share there."""
        far = np.nan_to_num(beyond, nan=0.0).max(axis=1)
        furthest = int(far.argmax())
        words = words_of(added[furthest], shifts[furthest], beyond[furthest])["note"]
        if shifts[furthest] is None:
            return words
        clusters = len({arm.cluster for arm in self.arms})
        said = (
            "All arms count as one cluster: the part of the error beyond the data that they share cancels."
            if clusters == 1
            else f"Arms of one of {clusters} clusters share a part of their error beyond the data, which cancels."
        )
        return f"{words} {said}"
