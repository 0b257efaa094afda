"""A question about plans: a fit or a law, what runs cost, and what is random in the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from bayescale.costs import ComputeError, Cost
from bayescale.decisions.allocation.constraints import Constraint, UniqueTokens
from bayescale.decisions.allocation.problem import Problem
from bayescale.decisions.beyond import find_discrepancy, shift_of, words_of
from bayescale.decisions.counting import check_cost, check_counting
from bayescale.decisions.draws import check_error, family_draws, group_label, labelled, law_of, seed_of, with_error
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import number_of
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, TOKENS, UNIQUE_TOKENS, Quantity
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy


@dataclass(frozen=True, eq=False)
class Question:
    """What plans of any budgets are made from; the answer at a budget does not depend on the budgets beside it.

    Args:
        fit, cost, group, seed, error, discrepancy: as of :func:`allocate`, the error as ``compute_error``.
        inputs: what else the law takes, one number each.

    Raises:
        SettingsError, LawError: as :func:`allocate`.
    """

    fit: Fit | Law
    cost: Cost
    group: str | None
    seed: int | None
    error: ComputeError | None
    discrepancy: str | Discrepancy | None
    inputs: Mapping[str, float]

    def __post_init__(self) -> None:
        check_cost(self.cost)
        check_error(self.error, self.fit)
        if isinstance(self.fit, Law):
            if self.group is not None:
                raise SettingsError("A law at parameter values has no families; leave the group out.")
        else:
            check_counting(self.cost, self.fit)
        self._check_law(self.fit if isinstance(self.fit, Law) else self.fit.law)

    @property
    def label(self) -> str:
        """What tables call the family."""
        return self.fit.name if isinstance(self.fit, Law) else group_label(self.fit, self.group)

    def problem(self, budgets: np.ndarray) -> Problem:
        """Return the budgets to be split, with the draws, the error of compute and what lies beyond the data."""
        if isinstance(self.fit, Law):
            return Problem(self.fit, budgets, self.cost, inputs=self.inputs)
        law, draws = self._law_and_draws
        counted = None if self.error is None else with_error(self.error, budgets, draws, self._seed)
        shift = shift_of(self.fit, self.group, self._seed, self.beyond(budgets), self._chosen)
        return Problem(law, budgets, self.cost, counted, self.inputs, shift)

    def beyond(self, budgets: np.ndarray) -> np.ndarray:
        """Budgets over the largest cost of a run in the data, NaN where there are none."""
        if isinstance(self.fit, Law):
            return np.full(budgets.size, np.nan)
        return budgets / largest_compute(self.fit, self.group, self.cost)

    def labelled(self, problem: Problem, values: Mapping[Quantity, np.ndarray]) -> xr.Dataset:
        """Return draws over chain, draw and budget with all that is to be known of them."""
        beyond = self.beyond(problem.budgets)
        attrs: dict[str, Any] = {"group": self.label, "cost": self._cost_name}
        owner = None if isinstance(self.fit, Law) else self.fit
        if owner is not None:
            attrs["params_convention"] = owner.runs.params_convention
            attrs |= words_of(self._chosen, problem.shift, beyond)
        return labelled(values, "budget", {COMPUTE: problem.budgets}, beyond, fit=owner, attrs=attrs)

    @property
    def _cost_name(self) -> str:
        return self.cost.name if self.error is None else f"{self.cost.name}, sd {self.error.relative_sd:g}"

    @cached_property
    def _seed(self) -> int:
        assert isinstance(self.fit, Fit)
        return seed_of(self.fit, self.seed)

    @cached_property
    def _chosen(self) -> Discrepancy | None:
        assert isinstance(self.fit, Fit)
        return find_discrepancy(self.fit, self.discrepancy)

    @cached_property
    def _law_and_draws(self) -> tuple[Law, int]:
        assert isinstance(self.fit, Fit)
        with computing():
            values, effect_sd = family_draws(self.fit, self.group, self._seed)
        return law_of(self.fit, values), effect_sd.size

    def _check_law(self, law: type[Law] | Law) -> None:
        if law.response.name != LOSS.name:
            raise LawError(f"A plan makes the loss least, and the law {law.name!r} predicts {law.response.label}.")
        others = set(law.inputs()) - {PARAMS.name, TOKENS.name}
        if len(others) != len(law.inputs()) - 2:
            raise LawError(f"A plan splits compute into params and tokens; the law {law.name!r} takes {law.inputs()}.")
        if missing := sorted(others - set(self.inputs)):
            raise LawError(
                f"The law {law.name!r} also takes {' and '.join(missing)}; give a number for it, as {missing[0]}=..."
            )


def inputs_of(fit: Fit | Law, given: Mapping[str, Any], constraints: Sequence[Constraint]) -> dict[str, float]:
    """Return what a law takes beside params and tokens, one number each; unique tokens also from their constraint.

    Raises:
        SettingsError: an input that is not one number of its quantity.
    """
    law = fit if isinstance(fit, Law) else fit.law
    known = {q.name: q for q in law.arguments.values() if q.name not in (PARAMS.name, TOKENS.name)}
    unique = next((one.unique for one in constraints if isinstance(one, UniqueTokens)), None)
    found = {} if unique is None or UNIQUE_TOKENS.name not in known else {UNIQUE_TOKENS.name: float(unique)}
    for name, value in given.items():
        if name not in known:
            further = ", ".join(known) or "none"
            raise SettingsError(f"Plans take no {name!r}; further inputs of the law {law.name!r}: {further}.")
        found[name] = number_of(known[name], value)
    return found
