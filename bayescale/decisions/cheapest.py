"""The other way round: the least budget with which a plan reaches a loss with a probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from bayescale.costs import ComputeError, Cost, RateCard, SixND
from bayescale.decisions.allocation.action import best_action
from bayescale.decisions.allocation.budgets import check_card, money_columns
from bayescale.decisions.allocation.constraints import Constraint
from bayescale.decisions.allocation.feasible import check_constraints, feasible
from bayescale.decisions.allocation.objectives import Quantile
from bayescale.decisions.allocation.question import Question, inputs_of
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.extrapolation import added_to, note_of, noted, notes_of_points
from bayescale.decisions.inputs import numbers_of
from bayescale.decisions.plan_table import PlanTable
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import LOSS, PARAMS, TOKENS
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy

# Decades of compute that are searched, how far apart budgets are at first, and how exact the answer is in log compute.
LOWEST, HIGHEST, APART, CLOSE = 12.0, 32.0, 0.25, 1e-8
# A loss that stands for none, where no size keeps the constraints.
MOST = 1e6
# Draws that tell roughly where a quantile is, and how many budgets on either side are then looked at with all draws.
FEW, NEAR = 500, 3


@dataclass(frozen=True, eq=False, repr=False)
class Cheapest(PlanTable):
    """The least budgets that reach losses with a probability, and the plans that do."""

    @property
    def title(self) -> str:
        """See :class:`PlanTable`."""
        return "Least budget for a loss"

    def table(self) -> pd.DataFrame:
        """Return the plans, one row per loss.

        Returns:
            columns group, loss (the target), prob, cost, compute (the least budget), dollars, device_hours and hours
            where there is a rate card, params, tokens, tokens_per_param, reached (the share of draws in which this plan
            reaches the loss), expected_loss, binding, extrapolation, discrepancy; ``attrs["note"]`` is the note,
            ``attrs["notes"]`` that of each row.
        """
        return self.results.copy()


def cheapest(
    fit: Fit | Law,
    *,
    loss: Any,
    prob: float = 0.9,
    rate_card: RateCard | None = None,
    cost: Cost | None = None,
    constraints: Constraint | Sequence[Constraint] = (),
    group: str | None = None,
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> Cheapest:
    """Return the least budget at which some plan reaches a loss with a probability.

    At each budget the plan is the one whose ``prob`` quantile of the loss is least; the answer is the first budget at
    which that quantile is no more than the target. It is about the law's curve, with what a discrepancy adds, not about
    the luck of one run.

    Args:
        fit: a fit, or a law at parameter values, of which every probability is 0 or 1.
        loss: target or targets, in the unit of the law's loss.
        prob: with which a plan is to reach it, in (0, 1).
        rate_card: what hardware delivers and costs; the table then has dollars and hours.
        cost, constraints, group, seed, compute_error, discrepancy, inputs: as for :func:`allocate`.

    Returns:
        a :class:`Cheapest` with a plan for each target.

    Raises:
        SettingsError: no budget from 1e12 to 1e32 FLOP reaches a target, or whatever :func:`allocate` refuses.
        LawError: as :func:`allocate`.

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> found = cheapest(Chinchilla.published["besiroglu2024chinchilla"], loss=1.9744414).table()
        >>> f"{found['compute'].item():.3g} FLOP, {found['params'].item():.3g} parameters"
        '5.76e+23 FLOP, 7.22e+10 parameters'
    """
    targets, cost = numbers_of(LOSS, loss), SixND() if cost is None else cost
    check_card(rate_card)
    objective, kept = Quantile(check_prob(prob)), check_constraints(constraints)
    search = _Search(
        Question(fit, cost, group, seed, compute_error, discrepancy, inputs_of(fit, inputs, kept)), kept, objective
    )
    wide = 10.0 ** np.arange(LOWEST, HIGHEST + APART / 2, APART)
    wide = search.with_optimum(wide)
    rough = search.values(wide, most_draws=FEW)
    budgets = np.array([search.least(float(target), *search.near(float(target), wide, rough)) for target in targets])
    return Cheapest(search.table(targets, budgets, rate_card))


@dataclass(frozen=True, eq=False)
class _Search:
    """The least quantile of the loss at budgets."""

    question: Question
    kept: tuple[Constraint, ...]
    objective: Quantile

    def with_optimum(self, budgets: np.ndarray) -> np.ndarray:
        """Return rising budgets from the first on that has a best size: of the smallest, serving may take all.

        Raises:
            LawError: not even the largest has one.
        """
        first, last = 0, budgets.size - 1
        while first < last:
            try:
                _ = self.question.problem(budgets[first : first + 1]).best
                break
            except LawError:
                first += 1
        return budgets[first:]

    def actions(self, budgets: np.ndarray, most_draws: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the sizes whose quantile is least, over budget, and their losses, draw x budget."""
        problem = self.question.problem(budgets)
        problem = problem if most_draws is None else problem.thinned(most_draws)
        params = best_action(problem, self.objective, feasible(self.kept, self.question.cost, budgets))
        return params, problem.losses(params)

    def values(self, budgets: np.ndarray, most_draws: int | None = None, *, or_infinite: bool = False) -> np.ndarray:
        """Return the least quantile of the loss, over budget; infinite where no size keeps the constraints.

        Raises:
            SettingsError: it is infinite everywhere, unless that may be.
        """
        good, problems = np.ones(budgets.size, bool), list[SettingsError]()
        for i in range(budgets.size):
            try:
                feasible(self.kept, self.question.cost, budgets[i : i + 1])
            except SettingsError as problem:
                good[i] = False
                problems.append(problem)
        if not good.any() and or_infinite:
            return np.full(budgets.size, np.inf)
        if not good.any():
            raise problems[len(problems) // 2]
        found = np.full(budgets.size, np.inf)
        found[good] = self.objective.value(self.actions(budgets[good], most_draws)[1])
        return found

    def near(self, target: float, budgets: np.ndarray, rough: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return budgets around where a target is reached, and the quantile there with all draws; else all budgets."""
        if (good := np.flatnonzero(rough <= target)).size:
            some = budgets[max(good[0] - NEAR, 0) : good[0] + NEAR + 1]
            values = self.values(some)
            if values[0] > target and (values <= target).any():
                return some, values
        return budgets, self.values(budgets)

    def least(self, target: float, budgets: np.ndarray, values: np.ndarray) -> float:
        """Return the first budget at which the quantile is at the target.

        Raises:
            SettingsError: there is none.
        """
        good = np.flatnonzero(values <= target)
        if not good.size:
            best = int(values.argmin())
            raise SettingsError(
                f"No budget up to {budgets[-1]:.3g} FLOP reaches a loss of {target:.6g} with probability "
                f"{self.objective.prob:g}; the least that is reached so is {values[best]:.6g}, at "
                f"{budgets[best]:.3g} FLOP. Ask for a higher loss or a lower probability."
            )
        if good[0] == 0:
            return float(budgets[0])
        ends = np.log(budgets[good[0] - 1 : good[0] + 1])

        def short_of(log_budget: float) -> float:
            return min(float(self.values(np.exp([log_budget]), or_infinite=True)[0]), MOST) - target

        # Where a budget is the answer itself, rounding may leave nothing between the two.
        if short_of(ends[1]) >= 0 or short_of(ends[0]) <= 0:
            return float(budgets[good[0]])
        return float(np.exp(brentq(short_of, *ends, xtol=CLOSE)))

    def table(self, targets: np.ndarray, budgets: np.ndarray, card: RateCard | None) -> pd.DataFrame:
        """Return one row per target."""
        params, losses = self.actions(budgets)
        tokens = np.asarray(self.question.cost.tokens(params, budgets), float)
        draws = self.question.labelled(self.question.problem(budgets), {LOSS: losses})
        table = pd.DataFrame(
            {
                "group": self.question.label,
                "loss": targets,
                "prob": self.objective.prob,
                "cost": draws.attrs["cost"],
                "compute": budgets,
                **money_columns(card, budgets),
                PARAMS.name: params,
                TOKENS.name: tokens,
                "tokens_per_param": tokens / params,
                # The budget is where the quantile equals the target, so rounding decides about one draw.
                "reached": (losses <= targets * (1 + 1e-9)).mean(axis=0),
                "expected_loss": losses.mean(axis=0),
                "binding": feasible(self.kept, self.question.cost, budgets).binding(params),
                "extrapolation": draws["extrapolation"].to_numpy(),
                "discrepancy": added_to(draws),
                "note": notes_of_points(draws),
            }
        )
        return noted(table, note_of(draws))
