"""Plans in a score: the split of a budget with the best expected accuracy or error, and what a run of it will reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayescale.decisions.allocation.budgets import in_order
from bayescale.decisions.allocation.objectives import Mean
from bayescale.decisions.allocation.plan import Plan
from bayescale.decisions.chain import Chain
from bayescale.decisions.extrapolation import added_to, noted, notes_of_points, with_note
from bayescale.decisions.predict import predict
from bayescale.decisions.scores.link import Link
from bayescale.decisions.stages import ChainPrediction
from bayescale.inference.summary import check_prob, interval
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, TOKENS, TOKENS_PER_PARAM

# Scores that differ by less are equal.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class ScorePlan:
    """Splits of budgets and the scores that they reach; made by :func:`bayescale.allocate_score`.

    Args:
        chain: the fits.
        plan: of the first stage; its action has the best expected score, its ``table`` the posterior of the best split.
        link: from losses to scores.
        target: the score that is to be reached, or None.
        asked: how the new runs at the action are predicted: group, seed, discrepancy and inputs.
    """

    chain: Chain
    plan: Plan
    link: Link
    target: float | None
    asked: Mapping[str, Any]

    @property
    def response(self) -> str:
        """The name of the score."""
        return self.link.response.name

    @property
    def note(self) -> str:
        """What there is to know of budgets beyond the data; empty where there are none."""
        return self.plan.note

    @cached_property
    def scores(self) -> np.ndarray:
        """The curve's score of the action, draw x budget."""
        return self.link.scores(self._flat(self.plan.action[LOSS.name]))

    @cached_property
    def best_scores(self) -> np.ndarray:
        """The curve's score of each draw's own best split, draw x budget."""
        return self.link.scores(self._flat(self.plan.draws[LOSS.name]))

    @cached_property
    def forecast(self) -> ChainPrediction:
        """New runs of the action at every budget, all stages."""
        action = self.plan.action
        return predict(
            self.chain, params=action[PARAMS.name].to_numpy(), tokens=action[TOKENS.name].to_numpy(), **self.asked
        )

    @cached_property
    def loss_plan(self) -> Plan:
        """The plan with the least expected loss instead, of the same draws and constraints."""
        return replace(self.plan, objective=Mean())

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """The posterior of the best split and of the score there, in long form.

        A score that falls with the loss is best where the loss is least, so that the splits are those of the loss.

        Args:
            prob: probability of the equal-tailed intervals, in (0, 1).

        Returns:
            the columns of :meth:`Plan.table`, with a row for the score at each budget.

        Raises:
            SettingsError: no such probability.
        """
        table = self.plan.table(prob=prob)
        table["note"] = table.attrs["notes"]
        median, lower, upper = interval(self.best_scores, prob)
        own = table[table["quantity"] == LOSS.name].assign(
            quantity=self.response, unit=self.link.response.unit, median=median, lower=lower, upper=upper
        )
        return noted(in_order(pd.concat([table, own], ignore_index=True), self._compute), self.note)

    def action_table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """The split to choose, one row per budget.

        Args:
            prob: probability of the equal-tailed intervals, in (0, 1).

        Returns:
            columns group, compute, cost; dollars, device_hours and hours where there is a rate card; objective, params,
            tokens, tokens_per_param, response, expected (score of the curve), prob, lower, upper, run_lower and
            run_upper (of a new run), regret (expected score given up against each draw's own best split), loss_params
            (the size with the least expected loss), loss_regret (expected score that size gives up against this
            plan), outside (share of draws whose loss lies outside the range of the second stage's table), target and
            reaches (the probability that a new run reaches it) where there is one, binding, extrapolation,
            discrepancy; ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each row.

        Raises:
            SettingsError: no such probability.
        """
        _, lower, upper = interval(self.scores, check_prob(prob))
        runs = self._flat(self.forecast.last.draws[self.response])
        _, run_lower, run_upper = interval(runs, prob)
        sign, loss_action = (1.0 if self.link.rises else -1.0), self.loss_plan.action
        of_loss = self.link.scores(self._flat(loss_action[LOSS.name])).mean(axis=0)
        columns = {
            "objective": self.plan.objective.name,
            **{q.name: self.plan.action[q.name].to_numpy() for q in (PARAMS, TOKENS, TOKENS_PER_PARAM)},
            "response": self.response,
            "expected": self.scores.mean(axis=0),
            "prob": float(prob),
            **{"lower": lower, "upper": upper, "run_lower": run_lower, "run_upper": run_upper},
            "regret": _rounded(sign * (self.best_scores - self.scores).mean(axis=0)),
            "loss_params": loss_action[PARAMS.name].to_numpy(),
            "loss_regret": _rounded(sign * (self.scores.mean(axis=0) - of_loss)),
            "outside": self.forecast.outside[1],
        }
        if self.target is not None:
            reached = runs >= self.target if self.link.rises else runs <= self.target
            columns |= {"target": self.target, "reaches": reached.mean(axis=0)}
        draws = self.plan.draws
        last: dict[str, Any] = {"extrapolation": draws["extrapolation"].to_numpy(), "discrepancy": added_to(draws)}
        last |= {"note": notes_of_points(draws)}
        table = pd.DataFrame({**self.plan.asked_columns(), **columns, "binding": self.plan.binding, **last})
        return noted(table, self.note)

    def __repr__(self) -> str:
        head = f"Plan for {self.response} by {self.chain.name}, {self.plan.group}"
        return with_note(f"{head}\n{self.action_table().to_string(index=False)}", self.note)

    @property
    def _compute(self) -> np.ndarray:
        return self.plan.draws[COMPUTE.name].to_numpy()

    def _flat(self, values: Any) -> np.ndarray:
        """Draws x budgets."""
        return values.to_numpy().reshape(-1, self._compute.size)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Scores given up, without what is rounding alone."""
    return np.where(np.abs(values) < ROUNDING, 0.0, values)
