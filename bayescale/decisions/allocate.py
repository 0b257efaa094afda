"""Compute-optimal plans: how a budget splits into model size and tokens, draw by draw and over all draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bayescale.costs import ComputeError, Cost, RateCard, SixND
from bayescale.decisions.allocation.action import best_of_draws
from bayescale.decisions.allocation.budgets import budgets_of
from bayescale.decisions.allocation.constraints import Constraint
from bayescale.decisions.allocation.feasible import check_constraints, feasible
from bayescale.decisions.allocation.objectives import Objective, check_objective
from bayescale.decisions.allocation.plan import Plan
from bayescale.decisions.allocation.question import Question, inputs_of
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.chain import Chain
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS, PARAMS, TOKENS, TOKENS_PER_PARAM
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy

__all__ = ["Plan", "allocate"]


def allocate(
    fit: Fit | Law,
    *,
    compute: Any = None,
    dollars: Any = None,
    device_hours: Any = None,
    hours: Any = None,
    rate_card: RateCard | None = None,
    cost: Cost | None = None,
    objective: Objective | None = None,
    constraints: Constraint | Sequence[Constraint] = (),
    group: str | None = None,
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> Plan:
    """Split budgets into model size and tokens so that the law's loss is least.

    The plan has two answers: the posterior of each draw's own best split, and the one split per budget that makes an
    objective least over all draws (``plan.action``), with its regret.

    Args:
        fit: a fit, or a law at parameter values, which gives a point answer.
        compute: budget or budgets in FLOP, positive.
        dollars, device_hours, hours: budgets in money, hours of one device or hours of all devices, instead.
        rate_card: what hardware delivers and costs; for budgets in money or hours, and for tables with them.
        cost: what a run costs; 6ND by default.
        objective: what the action makes least: expected loss by default, or a ``Quantile``, ``CVaR`` or ``Exceedance``
            of ``bayescale.allocation``.
        constraints: one or several of ``bayescale.allocation``, such as ``ParamsBetween(most=7e10)``; both answers keep
            them.
        group: a family of the fit; None is a new family, drawn from the population, or the only one there is.
        seed: of the new family; by default that of the fit. It is the family, draw by draw, that ``predict`` has at
            the same seed.
        compute_error: how far the cost is from what hardware does, where budgets are what hardware does: each draw
            then plans with a budget of its own in the cost's count. Only of a fit.
        discrepancy: as for :func:`bayescale.predict`. It is one of compute, so that it moves and widens the loss of a
            budget and leaves each draw's split of it as it is.
        inputs: what else the law takes, by canonical name, one number each, such as ``experts=8``.

    Returns:
        a :class:`Plan`, its draws over chain, draw, budget.

    Raises:
        SettingsError: budgets that are not positive, an unknown group, a cost that is none or counts parameters
            otherwise than the fit's table, an error of compute that is none, no seed, no objective, or constraints that
            no plan keeps.
        LawError: a law that takes no params and tokens, or lacks an input, or has no optimum at a budget.

    References:
        hoffmann2022training

    Examples:
        >>> from bayescale.decisions.allocation import ParamsBetween
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["besiroglu2024chinchilla"]
        >>> table = allocate(law, compute=5.76e23).table()
        >>> [f"{value:.2g}" for value in table["median"]]
        ['7.2e+10', '1.3e+12', '18', '2']
        >>> table["unit"].tolist()
        ['parameters', 'tokens', 'tokens/parameter', 'nats/token']
        >>> small = allocate(law, compute=5.76e23, constraints=ParamsBetween(most=3e10))
        >>> small.binding, f"{small.regret()['constraints_percent'].item():.0f} %"
        (['at most 3e+10 parameters'], '31 %')
    """
    if isinstance(fit, Chain):
        raise SettingsError(
            f"allocate plans for a loss, and {fit.name} is a chain; bs.allocate_score plans for its score."
        )
    given = {"compute": compute, "dollars": dollars, "device_hours": device_hours, "hours": hours}
    budgets, cost = budgets_of(given, rate_card), SixND() if cost is None else cost
    kept, chosen = check_constraints(constraints), check_objective(objective)
    question = Question(fit, cost, group, seed, compute_error, discrepancy, inputs_of(fit, inputs, kept))
    allowed, problem = feasible(kept, cost, budgets), question.problem(budgets)
    params = best_of_draws(problem, allowed)
    tokens = problem.tokens(params)
    values = {PARAMS: params, TOKENS: tokens, TOKENS_PER_PARAM: tokens / params, LOSS: problem.losses(params)}
    draws = question.labelled(problem, values)
    return Plan(question.label, cost, draws, problem, allowed, chosen, rate_card)
