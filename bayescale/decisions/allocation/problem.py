"""What plans are made from: draws of a law, budgets, what a run costs, and what lies beyond the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.along import SCALE, mean_slopes, path
from bayescale.decisions.optimum import optimum, with_inputs
from bayescale.inference.evaluate import curve
from bayescale.inference.precision import computing
from bayescale.laws import Law


@dataclass(frozen=True, eq=False)
class Problem:
    """Budgets to be split under all draws of a law.

    Args:
        law: parameters of shape draws x 1, or scalars for one draw.
        budgets: in FLOP, over budget.
        cost: what a run costs.
        counted: the budgets in the cost's count, where each draw has its own: draw x budget; else None.
        inputs: what else the law takes, one number each.
        shift: what a discrepancy adds to the log of the loss, draw x budget, or None.
    """

    law: Law
    budgets: np.ndarray
    cost: Cost
    counted: np.ndarray | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    shift: np.ndarray | None = None

    @cached_property
    def one_law(self) -> Law:
        """The law with parameters of shape draws x 1 in every case."""
        return jax.tree.map(lambda leaf: np.reshape(np.asarray(leaf, float), (-1, 1)), self.law)

    @property
    def spent(self) -> np.ndarray:
        """Budgets as the cost counts them, over budget or draw x budget."""
        return self.budgets if self.counted is None else self.counted

    @cached_property
    def draws(self) -> int:
        """How many draws there are."""
        return max(np.shape(leaf)[0] for leaf in jax.tree.leaves(self.one_law))

    @cached_property
    def best(self) -> np.ndarray:
        """The size at which each draw's loss is least without constraints, draw x budget."""
        params, _ = optimum(self.one_law, self.spent, self.cost, self.inputs)
        return np.broadcast_to(params, (self.draws, self.budgets.size))

    def tokens(self, params: np.ndarray) -> np.ndarray:
        """Tokens that the budgets buy at sizes, over budget or draw x budget."""
        return np.asarray(self.cost.tokens(params, self.spent), float)

    def curves(self, params: np.ndarray) -> np.ndarray:
        """The law's loss at sizes, draw x budget; the sizes over budget or draw x budget."""
        params, tokens = np.broadcast_arrays(params, self.tokens(params))
        with computing():
            found = curve(self.one_law, with_inputs({"params": params, "tokens": tokens}, self.inputs))
        return np.broadcast_to(found, (self.draws, self.budgets.size))

    def losses(self, params: np.ndarray) -> np.ndarray:
        """The loss at sizes with what a discrepancy adds, draw x budget."""
        found = self.curves(params)
        return found if self.shift is None else found * np.exp(self.shift)

    def mean_slopes(self, log_params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope and bend in log size of the expected loss, over budget, at sizes over budget."""
        columns = with_inputs(path(self.cost, np.exp(log_params), self.spent), self.inputs)
        if self.shift is not None:
            columns[SCALE] = np.exp(self.shift)
        with computing():
            return mean_slopes(self.one_law, columns)

    def part(self, index: np.ndarray) -> Problem:
        """Return the same of some budgets."""
        counted, shift = (None if values is None else values[:, index] for values in (self.counted, self.shift))
        made = replace(self, budgets=self.budgets[index], counted=counted, shift=shift)
        if "best" in vars(self):
            vars(made)["best"] = self.best[:, index]
        return made

    def thinned(self, most: int) -> Problem:
        """Return the same of no more than so many draws, evenly taken."""
        step = -(-self.draws // most)
        counted, shift = (None if values is None else values[::step] for values in (self.counted, self.shift))
        law = jax.tree.map(lambda leaf: leaf[::step] if leaf.shape[0] == self.draws else leaf, self.one_law)
        made = replace(self, law=law, counted=counted, shift=shift)
        vars(made)["best"] = self.best[::step]
        return made
