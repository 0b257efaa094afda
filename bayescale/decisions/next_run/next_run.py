"""The door of next_run: which run to train next, and whether it is worth its price."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.costs import Cost, RateCard, SixND
from bayescale.decisions.beyond import LEARNT, find_discrepancy
from bayescale.decisions.counting import check_cost, check_counting
from bayescale.decisions.draws import group_label, seed_of
from bayescale.decisions.inputs import positive_number
from bayescale.decisions.money import Money
from bayescale.decisions.next_run.aim import Aim
from bayescale.decisions.next_run.box import Box, search
from bayescale.decisions.next_run.candidates import Candidates, boxed, listed
from bayescale.decisions.next_run.goals import Goal, default_goal
from bayescale.decisions.next_run.problem import ORDERS, Problem
from bayescale.decisions.next_run.result import NextRun
from bayescale.decisions.next_run.situation import Situation
from bayescale.inference.fit import Fit
from bayescale.inference.settings import seed_for
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy


def next_run(
    fit: Fit,
    goal: Goal | None = None,
    candidates: Any = None,
    *,
    size: int = 1,
    once: bool = False,
    budget: float | None = None,
    price: RateCard | float | None = None,
    order: str = "per_price",
    cost: Cost | None = None,
    group: str | None = None,
    seed: int | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> NextRun:
    """Rank runs that might be trained next by what they are expected to be worth.

    The value of a run is the expected fall of a loss: of the regret of a plan, of the variance of a forecast, of the
    entropy of parameters. It is computed before the run from the draws of the fit: these give the covariance of the
    goal's targets with the candidate's log response, and a normal run updates it. ``NextRun.nested`` checks that
    without linearising.

    Beyond the largest compute of the data the law's own error is part of the draws: a run at larger compute tells of
    its path up to there, and a forecast further out has less of it left. Runs at one budget share it.

    Args:
        fit: a fit with noise of the log of its response.
        goal: ``Regret``, ``Forecast`` or ``Parameters`` of ``bayescale.goals``; by default the regret of a plan at ten
            times the largest compute, or all parameters of a law that has no plans.
        candidates: a table with a row per run that might be trained, with the law's inputs and, if it does not follow
            from params and tokens, what each costs in FLOP (``cost``); a mapping of inputs to the values of a grid; a
            :class:`Box`, which is searched; by default a grid of sizes and budgets over what the runs span.
        size: runs that are chosen together, at least 1; see :meth:`NextRun.batch`.
        once: whether no candidate may be chosen twice; a second run of one would be of another seed.
        budget: FLOP that all runs chosen may cost together; without limit by default.
        price: of compute: a :class:`bayescale.costs.RateCard`, a number per FLOP, or None to pay compute in compute.
        order: ``"per_price"`` (value over price), ``"net"`` (value less price, of goals with a worth) or ``"value"``.
        cost: what a run and a plan cost; 6ND by default.
        group: a family of the fit; None is a new one, or the only one there is.
        seed: of the new family and of the discrepancy; by default that of the fit.
        discrepancy: as for :func:`bayescale.predict`.

    Returns:
        a :class:`NextRun`: ``.table()``, ``.best``, ``.batch()``, ``.worth_it``, ``.note``, ``.nested()``.

    Raises:
        SettingsError: a goal, candidates, numbers, a cost or a fit that it cannot take.
        LawError: a goal that the fit's law has not.

    References:
        hoffmann2022training

    Examples:
        >>> import bayescale as bs
        >>> fit = bs.fit("chinchilla", bs.datasets.load("pile-families").select("Cerebras-GPT"), seed=0)
        >>> runs = {"params": [1e9, 1e10], "tokens": [2e10, 2e11]}
        >>> found = next_run(fit, bs.goals.Forecast(params=7e10, tokens=1.4e12), runs, order="value")
        >>> f"{found.best['params']:.0e} {found.best['tokens']:.0e}"
        '1e+10 2e+11'
    """
    if not isinstance(fit, Fit):
        raise SettingsError(f"next_run values runs by the draws of a Fit, got {type(fit).__name__}.")
    counted = SixND() if cost is None else cost
    check_cost(counted)
    check_counting(counted, fit)
    if order not in ORDERS:
        raise SettingsError(f"order must be one of {', '.join(ORDERS)}, got {order!r}.")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise SettingsError(f"size must be a whole number of runs, at least 1, got {size!r}.")
    limit = np.inf if budget is None else positive_number("budget", budget, "in FLOP")
    group_label(fit, group)
    situation = Situation(fit, group, seed_of(fit, seed), counted, find_discrepancy(fit, discrepancy))
    money = Money.of(price)
    chosen = default_goal(situation) if goal is None else goal
    if not isinstance(chosen, Goal):
        raise SettingsError(f"goal must be a Regret, Forecast or Parameters of bayescale.goals, got {goal!r}.")
    aim = chosen.aim(situation, money)
    if order == "net" and not aim.priced:
        raise SettingsError("order='net' takes the price from the value; give the goal a worth, in the unit of prices.")
    runs = _runs(situation, aim, money, candidates, order, limit)
    problem = Problem(situation, aim, money, runs, order, limit)
    return NextRun(problem, problem.records(), problem.batch(size, once))


def _runs(situation: Situation, aim: Aim, money: Money, given: Any, order: str, budget: float) -> Candidates:
    """The candidates; of a box those that a search for the best visits."""
    if not isinstance(given, Box):
        return listed(situation, given)

    def score(unit: np.ndarray) -> np.ndarray:
        problem = Problem(situation, aim, money, boxed(situation, given, unit), order, budget)
        return problem.score(problem.value(problem.belief), budget)

    return boxed(situation, given, search(given, score, seed_for(situation.seed, "box")))
