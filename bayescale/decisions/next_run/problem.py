"""A question about the next run, whole: goal, candidates, belief, prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from bayescale.decisions.draws import group_label
from bayescale.decisions.extrapolation import is_beyond
from bayescale.decisions.money import Money
from bayescale.decisions.next_run.aim import Aim
from bayescale.decisions.next_run.candidates import Candidates
from bayescale.decisions.next_run.preposterior import Belief, beliefs_of_parts, jackknife_error
from bayescale.decisions.next_run.situation import Situation

ORDERS = ("per_price", "net", "value")


@dataclass(frozen=True, eq=False)
class Problem:
    """What is asked.

    Args:
        situation: the fit, a family, the discrepancy.
        aim: the goal in numbers.
        money: what a FLOP costs.
        candidates: the runs.
        order: ``"per_price"``, ``"net"`` or ``"value"``.
        budget: FLOP that all chosen runs together may cost.
    """

    situation: Situation
    aim: Aim
    money: Money
    candidates: Candidates
    order: str
    budget: float = field(default=np.inf)

    @property
    def group(self) -> str:
        """What tables call the family."""
        return group_label(self.situation.fit, self.situation.group)

    @property
    def price(self) -> np.ndarray:
        """Of every candidate."""
        return self.candidates.cost * self.money.per_flop

    @cached_property
    def log_responses(self) -> np.ndarray:
        """What runs would scatter around, draw x candidate."""
        return self.situation.log_responses(self.candidates.points)

    @cached_property
    def noise(self) -> np.ndarray:
        """Variance of runs around these, over candidates."""
        return self.situation.noise_variance(self.candidates.points)

    @cached_property
    def belief(self) -> Belief:
        """Before any of the runs."""
        return Belief.of_draws(self.aim.targets, self.log_responses, self.noise)

    @cached_property
    def extrapolation(self) -> np.ndarray:
        """Compute (6ND) over the largest in the data, over candidates."""
        return self.situation.beyond(self.candidates.points)

    @property
    def note(self) -> str:
        """What there is to know of candidates beyond the data; empty where there are none."""
        if not is_beyond(self.extrapolation).any():
            return ""
        if self.situation.discrepancy is None:
            return "Runs beyond the data are valued as if the law were exact there."
        return f"Runs beyond the data are valued with the discrepancy {self.situation.discrepancy.name}."

    def value(self, belief: Belief) -> np.ndarray:
        """The value of each candidate as the one next run."""
        return self.aim.value(self.belief.now, belief.now, belief.after)

    def score(self, value: np.ndarray, budget: float) -> np.ndarray:
        """What candidates are ordered by; -inf for those that the budget does not pay for."""
        score = {"per_price": value / self.price, "net": value - self.price, "value": value}[self.order]
        return np.where(self.candidates.cost <= budget, score, -np.inf)

    def records(self) -> pd.DataFrame:
        """The rows of :meth:`NextRun.table`."""
        value = self.value(self.belief)
        score = self.score(value, np.inf)
        affordable = self.candidates.cost <= self.budget
        parts = beliefs_of_parts(self.aim.targets, self.log_responses, self.noise)
        error = jackknife_error(np.stack([self.aim.value(now, now, after) for now, after in parts]))
        rows = self._rows(self.belief, np.arange(value.size), value).assign(affordable=affordable)
        rows.insert(list(rows.columns).index("unit") + 1, "value_error", error)
        rows = rows.iloc[np.lexsort((-score, ~affordable))].reset_index(drop=True)
        rows.insert(0, "rank", np.arange(1, len(rows) + 1))
        return rows

    def batch(self, size: int, once: bool) -> pd.DataFrame:
        """The rows of :meth:`NextRun.batch`: greedy, each run given those before it; ``once`` takes none twice."""
        belief, left, rows = self.belief, self.budget, []
        free = np.ones(self.noise.size, bool)
        for _ in range(size):
            value = self.value(belief)
            score = np.where(free, self.score(value, left), -np.inf)
            # By value alone the first may cost more than it is worth, and another less.
            score = np.where(value > self.price, score, -np.inf) if self.aim.priced else score
            best = int(np.argmax(score))
            if score[best] == -np.inf:
                break
            rows.append(self._rows(belief, np.array([best]), value))
            belief, left = belief.trained(best), left - self.candidates.cost[best]
            free[best] = not once
        empty = self._rows(belief, np.array([], int), self.value(belief))
        chosen = pd.concat(rows, ignore_index=True) if rows else empty
        chosen.insert(0, "rank", np.arange(1, len(chosen) + 1))
        return chosen

    def _rows(self, belief: Belief, index: np.ndarray, value: np.ndarray) -> pd.DataFrame:
        rows = self.candidates.table().iloc[index].reset_index(drop=True)
        price = self.price[index]
        return rows.assign(
            price=price,
            group=self.group,
            goal=self.aim.words,
            sd_before=float(self.aim.sd(belief.now)),
            sd_after=self.aim.sd(belief.after[index]),
            value=value[index],
            unit=self.aim.unit,
            value_per_price=value[index] / price,
            extrapolation=self.extrapolation[index],
        )
