"""Trade-offs: plans of which none is better in loss, in training cost and in serving cost at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayescale.costs import Cost, RateCard, SixND, WithInference
from bayescale.decisions.allocation.action import best_action
from bayescale.decisions.allocation.budgets import budgets_of
from bayescale.decisions.allocation.constraints import Constraint
from bayescale.decisions.allocation.feasible import Feasible, check_constraints, feasible
from bayescale.decisions.allocation.objectives import Objective, check_objective
from bayescale.decisions.allocation.question import Question, inputs_of
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.extrapolation import added_to, note_of, noted, notes_of_points
from bayescale.decisions.inputs import positive_numbers
from bayescale.decisions.plan_table import PlanTable
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS, PARAMS, TOKENS
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy


@dataclass(frozen=True, eq=False, repr=False)
class Pareto(PlanTable):
    """Plans that no other plan beats in loss, training cost and serving cost together."""

    @property
    def title(self) -> str:
        """See :class:`PlanTable`."""
        return "Plans that no other beats in loss, training and serving"

    def table(self) -> pd.DataFrame:
        """Return the plans, by training compute and size.

        Returns:
            columns group, cost, compute (of training, FLOP), serving (FLOP of the tokens served), total (with serving
            at its price), dollars (of total) where there is a rate card, params, tokens, tokens_per_param, objective,
            value (of the objective), expected_loss, prob, lower, upper, extrapolation, discrepancy;
            ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each row.
        """
        return self.results.copy()


def pareto(
    fit: Fit | Law,
    *,
    served: float,
    compute: Any = None,
    dollars: Any = None,
    device_hours: Any = None,
    hours: Any = None,
    rate_card: RateCard | None = None,
    cost: Cost | None = None,
    inference_price: float = 1.0,
    params: Any = None,
    count: int = 13,
    down_to: float = 0.1,
    objective: Objective | None = None,
    constraints: Constraint | Sequence[Constraint] = (),
    group: str | None = None,
    seed: int | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    prob: float = 0.9,
    **inputs: Any,
) -> Pareto:
    """Return the Pareto front of loss, training cost and serving cost.

    At a training budget the loss is least at the best size; smaller models are worse and cheaper to serve, larger ones
    are worse and dearer, so that no front has them. Plans of several budgets are compared with each other, too.

    Args:
        fit: a fit, or a law at parameter values.
        served: tokens of prompts and answers together, over the model's life.
        compute, dollars, device_hours, hours: training budgets, in one of these.
        rate_card: what hardware delivers and costs.
        cost: what training costs; 6ND by default. Serving is a third of it per token.
        inference_price: of an inference FLOP over a training FLOP; see :meth:`costs.RateCard.inference_price`.
        params: the sizes to choose from; by default ``count`` for each budget, from its best size down.
        count: of sizes per budget.
        down_to: the smallest of them over the best, in (0, 1).
        objective: what stands for the loss: expected loss by default.
        constraints, group, seed, discrepancy, inputs: as for :func:`allocate`.
        prob: probability of the interval of the loss, in (0, 1).

    Returns:
        a :class:`Pareto`.

    Raises:
        SettingsError, LawError: as :func:`allocate`; also a count or ``down_to`` that are none.

    References:
        sardana2024beyond

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["besiroglu2024chinchilla"]
        >>> front = pareto(law, served=1e13, compute=1e23, count=3).table()
        >>> [f"{row.params:.2g} {row.serving:.2g} {row.expected_loss:.3f}" for row in front.itertuples()]
        ['2.9e+09 5.9e+22 2.108', '9.3e+09 1.9e+23 2.050', '2.9e+10 5.9e+23 2.032']
    """
    given = {"compute": compute, "dollars": dollars, "device_hours": device_hours, "hours": hours}
    budgets = np.unique(budgets_of(given, rate_card))
    training = SixND() if cost is None else cost
    serving = WithInference(served, training=training, price=inference_price)
    if isinstance(count, bool) or not isinstance(count, int) or count < 2 or not 0 < down_to < 1:
        raise SettingsError(f"count must be 2 or more and down_to in (0, 1), got {count!r} and {down_to!r}.")
    kept, chosen = check_constraints(constraints), check_objective(objective)
    question = Question(fit, training, group, seed, None, discrepancy, inputs_of(fit, inputs, kept))
    allowed = feasible(kept, training, budgets)
    best = best_action(question.problem(budgets), chosen, allowed)
    if params is None:
        sizes = best * np.geomspace(down_to, 1.0, count)[:, None]
        sizes = np.maximum(sizes, allowed.low) if allowed.sizes is None else allowed.sizes[:, None] + 0 * budgets
    else:
        sizes = positive_numbers(PARAMS.name, params, "the sizes to choose from")[:, None] + 0 * budgets
    plans = _plans(question, chosen, serving, budgets, sizes, check_prob(prob))
    within = allowed.has(plans[PARAMS.name].to_numpy(), np.searchsorted(budgets, plans["compute"].to_numpy()))
    if not within.any():
        raise SettingsError(
            f"No size of {PARAMS.name} is one that the constraints allow at any budget: between "
            f"{allowed.low.min():.4g} and {allowed.high.max():.4g}{_listed(allowed)}. Give others, or none."
        )
    table = plans[within].drop_duplicates(["compute", PARAMS.name])
    front = table[not_dominated(table[["value", "compute", "serving"]].to_numpy())]
    front = front.sort_values(["compute", PARAMS.name], ignore_index=True)
    if rate_card is not None:
        front.insert(5, "dollars", rate_card.dollars(front["total"].to_numpy()))
    return Pareto(noted(front, plans.attrs["note"]))


def not_dominated(values: np.ndarray) -> np.ndarray:
    """Return which points no other is at least as good as in every column and better in one; less is better.

    Args:
        values: point x column.

    Examples:
        >>> not_dominated(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])).tolist()
        [True, True, False]
    """
    no_worse = (values[:, None, :] <= values[None, :, :]).all(axis=-1)
    better = (values[:, None, :] < values[None, :, :]).any(axis=-1)
    return ~(no_worse & better).any(axis=0)


def _listed(allowed: Feasible) -> str:
    """What the list of sizes is, where there is one."""
    if allowed.sizes is None:
        return ""
    return f", one of {', '.join(f'{size:.4g}' for size in allowed.sizes)}"


def _plans(
    question: Question,
    objective: Objective,
    serving: WithInference,
    budgets: np.ndarray,
    sizes: np.ndarray,
    prob: float,
) -> pd.DataFrame:
    """All sizes (size x budget) at all budgets, one row each."""
    problem = question.problem(budgets)
    rows = []
    for row in sizes:
        losses, tokens = problem.losses(row), np.asarray(question.cost.tokens(row, budgets), float)
        draws = question.labelled(problem, {LOSS: losses})
        _, lower, upper = interval(losses, prob, axis=0)
        forward = np.asarray(serving.inference(row), float)
        made = {"group": question.label, "cost": draws.attrs["cost"], "compute": budgets}
        made |= {"serving": forward / serving.price, "total": budgets + forward}
        made |= {PARAMS.name: row, TOKENS.name: tokens, "tokens_per_param": tokens / row}
        made |= {"objective": objective.name, "value": objective.value(losses), "expected_loss": losses.mean(axis=0)}
        made |= {"prob": prob, "lower": lower, "upper": upper}
        made |= {"extrapolation": draws["extrapolation"].to_numpy(), "discrepancy": added_to(draws)}
        made |= {"note": notes_of_points(draws)}
        rows.append(pd.DataFrame(made))
    table = pd.concat(rows, ignore_index=True)
    table.attrs["note"] = note_of(draws)
    return table
