"""Plans: the posterior of the best split of a budget, and the one split that is best over the posterior."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import Cost, RateCard
from bayescale.decisions.allocation.action import best_action
from bayescale.decisions.allocation.budgets import check_afforded, in_order, money_columns
from bayescale.decisions.allocation.feasible import Feasible
from bayescale.decisions.allocation.objectives import Mean, Objective
from bayescale.decisions.allocation.problem import Problem
from bayescale.decisions.allocation.regret import wasted_compute
from bayescale.decisions.extrapolation import added_to, note_of, noted, notes_of_points, with_note
from bayescale.decisions.inputs import positive_numbers
from bayescale.inference.monte_carlo import monte_carlo_errors
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, TOKENS, TOKENS_PER_PARAM

# Regrets, in nats or per cent, below which a plan is the best one.
ROUNDING = 1e-11
QUANTITIES = (PARAMS, TOKENS, TOKENS_PER_PARAM, LOSS)


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """The posterior of the compute-optimal split of budgets, and the split to choose.

    ``table`` is of the posterior of the argmin, draw by draw. ``action_table`` is of the one plan per budget that makes
    the objective least over all draws, with what it loses against each draw's own best: its ``regret``.

    Args:
        group: the family (also where the data have only one), ``"(new family)"``, ``"(all)"`` for a fit without
            families, or the name of a law for a law instance.
        cost: what the budgets are counted in.
        draws: params, tokens, tokens_per_param and loss (the law's curve at the optimum) over chain, draw, budget,
            with compute (FLOP) and extrapolation over budget; each with ``long_name`` and ``units``. Attributes:
            group, cost (its name, with the sd of its error), params_convention, the way in which the fit's table counts
            parameters, discrepancy and note, as of a :class:`Prediction`. Where there are constraints, the optimum is
            that of the plans that keep them.
        problem: what the plan is made from.
        objective: what the action makes least.
        allowed: what constraints allow.
        rate_card: what hardware costs, or None.
    """

    group: str
    cost: Cost
    draws: xr.Dataset
    problem: Problem
    allowed: Feasible
    objective: Objective = field(default_factory=Mean)
    rate_card: RateCard | None = None

    @cached_property
    def action(self) -> xr.Dataset:
        """The plan that makes the objective least, computed when first asked for.

        Returns:
            over budget: params, tokens, tokens_per_param and ``objective``, its value; over chain, draw and budget: the
            loss of that plan, the law's curve with what a discrepancy adds.
        """
        params = best_action(self.problem, self.objective, self.allowed)
        return self._plan_of(params)

    @cached_property
    def binding(self) -> list[str]:
        """The words of the limit that holds the action back at each budget, empty where none does."""
        return self.allowed.binding(self.action["params"].to_numpy())

    def table(self, *, prob: float = 0.9, mcse: bool = False) -> pd.DataFrame:
        """Median and equal-tailed interval per budget and quantity, in long form.

        Args:
            prob: probability of the interval, in (0, 1).
            mcse: add the Monte-Carlo standard errors median_mcse, lower_mcse and upper_mcse after upper.

        Returns:
            columns group, compute, cost (the name of what compute counts, with the sd of its error), quantity (params,
            tokens, tokens_per_param, loss), unit, prob, median, lower, upper, extrapolation: the budget over the
            largest cost of a run in the data, discrepancy (what was added to the loss beyond the data, or
            ``"none"``); ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each row.

        Raises:
            SettingsError: no such probability.
        """
        rows = []
        for quantity in QUANTITIES:
            draws = self.draws[quantity.name]
            median, lower, upper = interval(draws, check_prob(prob), axis=(0, 1))
            rows.append(
                pd.DataFrame(
                    {
                        "group": self.group,
                        "compute": self._compute,
                        "cost": self.draws.attrs["cost"],
                        "quantity": quantity.name,
                        "unit": draws.attrs["units"],
                        "prob": float(prob),
                        "median": median,
                        "lower": lower,
                        "upper": upper,
                        **(monte_carlo_errors(draws, prob) if mcse else {}),
                        "extrapolation": self.draws["extrapolation"].to_numpy(),
                        "discrepancy": added_to(self.draws) if quantity.name == LOSS.name else "none",
                        "note": notes_of_points(self.draws),
                    }
                )
            )
        return noted(in_order(pd.concat(rows, ignore_index=True), self._compute), self.note)

    def action_table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """The plan to choose, one row per budget.

        Args:
            prob: probability of the interval of the loss, in (0, 1).

        Returns:
            columns group, compute, cost; dollars, device_hours and hours where there is a rate card; objective,
            params, tokens, tokens_per_param, value (of the objective), expected_loss, prob, lower, upper (of the loss
            of this plan), regret_percent and within_1_percent as in :meth:`regret`, binding (the limit that holds the
            plan back, or empty), extrapolation, discrepancy; ``attrs["note"]`` is the note, ``attrs["notes"]`` that of
            each row.

        Raises:
            SettingsError: no such probability.
        """
        action, losses = self.action, self.action["loss"]
        _, lower, upper = interval(losses, check_prob(prob), axis=(0, 1))
        regret = self.regret(prob=prob)
        columns = {
            "objective": self.objective.name,
            **{q.name: action[q.name].to_numpy() for q in QUANTITIES[:3]},
            "value": action["objective"].to_numpy(),
            "expected_loss": losses.mean(("chain", "draw")).to_numpy(),
            "prob": float(prob),
            "lower": lower,
            "upper": upper,
            "regret_percent": regret["percent"].to_numpy(),
            "within_1_percent": regret["within"].to_numpy(),
            "binding": self.binding,
            "extrapolation": self.draws["extrapolation"].to_numpy(),
            "discrepancy": added_to(self.draws),
            "note": notes_of_points(self.draws),
        }
        return noted(pd.DataFrame({**self.asked_columns(), **columns}), self.note)

    def regret(self, *, params: Any = None, prob: float = 0.9, within: float = 0.01) -> pd.DataFrame:
        """What a plan loses against the best that constraints allow, under each draw.

        In compute, that is how many per cent more the plan spends than the law's frontier needs for the same loss,
        relative to the best plan that is allowed; near it 50 (alpha + beta) times the square of log(N / N*).

        Args:
            params: sizes to judge, one for all budgets or one each; by default the action's.
            prob: probability of the intervals, in (0, 1).
            within: share of compute that a good plan may waste, such as 0.01 for 1 %.

        Returns:
            one row per budget: group, compute, cost, params, tokens, prob, loss (expected regret in loss), loss_lower,
            loss_upper, percent (expected waste of compute), percent_lower, percent_upper, share (that is within),
            within (the probability that waste is at most that), constraints_percent (expected waste of the best
            plan that is allowed, against one without constraints).

        Raises:
            SettingsError: sizes, a probability or a share that are none.
        """
        sizes = self.action[PARAMS.name].to_numpy() if params is None else self._sizes(params)
        share = float(positive_numbers("within", within, "a share of compute such as 0.01")[0])
        best = self._flat(PARAMS.name)
        loss = self.problem.losses(sizes) - self.problem.losses(best)
        of_best = np.ones(best.shape) if self.allowed.is_free else wasted_compute(self.problem, best)
        percent = 100 * (wasted_compute(self.problem, sizes) / of_best - 1)
        spread: dict[str, Any] = {}
        for name, exact in (("loss", loss), ("percent", percent)):
            # The best plan differs from itself by rounding, which is no regret.
            values = np.where(np.abs(exact) < ROUNDING, 0.0, exact)
            _, lower, upper = interval(values, check_prob(prob), axis=0)
            spread |= {name: values.mean(axis=0), f"{name}_lower": lower, f"{name}_upper": upper}
        chosen = {PARAMS.name: sizes, TOKENS.name: self._tokens(sizes), "prob": float(prob)}
        held = {
            "share": share,
            "within": (percent <= 100 * share).mean(axis=0),
            "constraints_percent": 100 * (of_best.mean(axis=0) - 1),
        }
        return pd.DataFrame({**self.asked_columns(), **chosen, **spread, **held})

    @property
    def note(self) -> str:
        """What there is to know of budgets beyond the data, a sentence; empty where there are none."""
        return note_of(self.draws)

    def __repr__(self) -> str:
        return with_note(f"Compute-optimal plan, {self.group}\n{self.table().to_string(index=False)}", self.note)

    @property
    def _compute(self) -> np.ndarray:
        return self.draws[COMPUTE.name].to_numpy()

    def asked_columns(self) -> dict[str, Any]:
        """The columns that say what was asked, budgets in money and time among them."""
        asked: dict[str, Any] = {"group": self.group, "compute": self._compute, "cost": self.draws.attrs["cost"]}
        return asked | money_columns(self.rate_card, self._compute)

    def _plan_of(self, params: np.ndarray) -> xr.Dataset:
        """A size per budget, with its tokens, its losses and the value of the objective."""
        losses, tokens = self.problem.losses(params), self._tokens(params)
        shape = self.draws[LOSS.name].shape
        chosen = {PARAMS: params, TOKENS: tokens, TOKENS_PER_PARAM: tokens / params}
        unit = LOSS.unit if self.objective.is_loss else ""
        made: dict[str, Any] = {
            q.name: ("budget", values, {"long_name": q.label, "units": q.unit}) for q, values in chosen.items()
        }
        words = {"long_name": self.objective.name}
        made["objective"] = ("budget", self.objective.value(losses), {**words, "units": unit})
        made["loss"] = (("chain", "draw", "budget"), losses.reshape(shape), dict(self.draws[LOSS.name].attrs))
        attrs = {**self.draws.attrs, "objective": self.objective.name}
        return xr.Dataset(made, self.draws.coords, attrs)

    def _tokens(self, params: np.ndarray) -> np.ndarray:
        """Tokens of a plan at the budgets as they were asked for."""
        return np.asarray(self.cost.tokens(params, self._compute), float)

    def _flat(self, name: str) -> np.ndarray:
        """Draws x budgets."""
        return self.draws[name].to_numpy().reshape(-1, self._compute.size)

    def _sizes(self, params: Any) -> np.ndarray:
        sizes = positive_numbers(PARAMS.name, params, "one size for all budgets or one each")
        if sizes.size not in (1, self._compute.size):
            raise SettingsError(f"params must be one size or {self._compute.size}, one per budget, got {sizes.size}.")
        sizes = np.broadcast_to(sizes, self._compute.shape).copy()
        check_afforded(sizes, self._compute, self.cost)
        return sizes
