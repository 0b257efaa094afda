"""Compute-optimal plans: how a budget splits into model size and tokens, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import ComputeError, Cost, SixND
from bayescale.decisions.beyond import LEARNT, find_discrepancy, shift_of, words_of
from bayescale.decisions.draws import check_error, family_draws, group_label, labelled, law_of, seed_of, with_error
from bayescale.decisions.extrapolation import added_to, largest_compute, note_of, with_note
from bayescale.decisions.inputs import positive_numbers
from bayescale.decisions.optimum import closed_optimum, numeric_optimum
from bayescale.inference.evaluate import curve
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, TOKENS, TOKENS_PER_PARAM, Quantity
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy

QUANTITIES = (PARAMS, TOKENS, TOKENS_PER_PARAM, LOSS)


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Draws of the compute-optimal plan: the posterior of the argmin, not the argmin of the mean.

    Args:
        group: the family (also where the data have only one), ``"(new family)"``, ``"(all)"`` for a fit without
            families, or the name of a law for a law instance.
        cost: what the budgets are counted in.
        draws: params, tokens, tokens_per_param and loss (the law's curve at the optimum) over chain, draw, budget,
            with compute (FLOP) and extrapolation over budget; each with ``long_name`` and ``units``. Attributes:
            group, cost (its name, with the sd of its error), params_convention, the way in which the fit's table counts
            parameters, discrepancy and note, as of a :class:`Prediction`.
    """

    group: str
    cost: Cost
    draws: xr.Dataset

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval per budget and quantity, in long form.

        Args:
            prob: probability of the interval, in (0, 1).

        Returns:
            columns group, compute, cost (the name of what compute counts, with the sd of its error), quantity (params,
            tokens, tokens_per_param, loss), unit, prob, median, lower, upper, extrapolation: the budget over the
            largest cost of a run in the data, discrepancy (what was added to the loss beyond the data, or
            ``"none"``); ``attrs["note"]`` is the note.

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
                        "compute": self.draws["compute"].to_numpy(),
                        "cost": self.draws.attrs["cost"],
                        "quantity": quantity.name,
                        "unit": draws.attrs["units"],
                        "prob": float(prob),
                        "median": median,
                        "lower": lower,
                        "upper": upper,
                        "extrapolation": self.draws["extrapolation"].to_numpy(),
                        "discrepancy": added_to(self.draws) if quantity.name == LOSS.name else "none",
                    }
                )
            )
        whole = pd.concat(rows, ignore_index=True)
        order = {compute: i for i, compute in enumerate(self.draws["compute"].to_numpy())}
        table = whole.sort_values("compute", key=lambda c: c.map(order), kind="stable", ignore_index=True)
        table.attrs["note"] = self.note
        return table

    @property
    def note(self) -> str:
        """What there is to know of budgets beyond the data, a sentence; empty where there are none."""
        return note_of(self.draws)

    def __repr__(self) -> str:
        return with_note(f"Compute-optimal plan, {self.group}\n{self.table().to_string(index=False)}", self.note)


def allocate(
    fit: Fit | Law,
    *,
    compute: Any,
    cost: Cost | None = None,
    group: str | None = None,
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> Plan:
    """Split budgets into model size and tokens so that the law's loss is least.

    Args:
        fit: a fit, or a law at parameter values, which gives a point answer.
        compute: budget or budgets in FLOP, positive.
        cost: what a run costs; 6ND by default.
        group: a family of the fit; None is a new family, drawn from the population, or the only one there is.
        seed: of the new family; by default that of the fit. It is the family, draw by draw, that ``predict`` has at
            the same seed.
        compute_error: how far the cost is from what hardware does, where budgets are what hardware does: each draw
            then plans with a budget of its own in the cost's count. Only of a fit.
        discrepancy: as for :func:`bayescale.predict`. It is one of compute, so that it moves and widens the loss of a
            budget and leaves the split of it as it is.

    Returns:
        a :class:`Plan`, its draws over chain, draw, budget.

    Raises:
        SettingsError: budgets that are not positive, an unknown group, a cost that is none or counts parameters
            otherwise than the fit's table, an error of compute that is none, no seed.
        LawError: a law that does not take params and tokens, or has no optimum at a budget.

    References:
        hoffmann2022training

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> plan = allocate(Chinchilla.published["besiroglu2024chinchilla"], compute=5.76e23)
        >>> table = plan.table()
        >>> [f"{value:.2g}" for value in table["median"]]
        ['7.2e+10', '1.3e+12', '18', '2']
        >>> table["unit"].tolist()
        ['parameters', 'tokens', 'tokens/parameter', 'nats/token']
    """
    budgets, cost = positive_numbers("compute", compute, "in FLOP"), SixND() if cost is None else cost
    if not isinstance(cost, Cost):
        raise SettingsError(f"cost must be a Cost such as costs.SixND(), got {cost!r}.")
    check_error(compute_error, fit)
    if isinstance(fit, Law):
        if group is not None:
            raise SettingsError("A law at parameter values has no families; leave the group out.")
        attrs = {"group": fit.name, "cost": cost.name}
        beyond, plan, owner = np.full(budgets.size, np.nan), _solve(fit, budgets, cost), None
    else:
        attrs = {"group": group_label(fit, group), **_counting(fit, cost, compute_error)}
        beyond, seed = budgets / largest_compute(fit, group, cost), seed_of(fit, seed)
        chosen = find_discrepancy(fit, discrepancy)
        shift = shift_of(fit, group, seed, beyond, chosen)
        plan, owner = _of_fit(fit, group, seed, budgets, cost, compute_error), fit
        if shift is not None:
            plan[LOSS] = plan[LOSS] * np.exp(shift)
        attrs |= words_of(chosen, shift, beyond)
    return Plan(attrs["group"], cost, labelled(plan, "budget", {COMPUTE: budgets}, beyond, fit=owner, attrs=attrs))


def _of_fit(
    fit: Fit, group: str | None, seed: int, budgets: np.ndarray, cost: Cost, error: ComputeError | None
) -> dict[Quantity, np.ndarray]:
    """The plans of all draws, draw x budget."""
    with computing():
        values, effect_sd = family_draws(fit, group, seed)
    return _solve(law_of(fit, values), with_error(error, budgets, effect_sd.size, seed), cost)


def _counting(fit: Fit, cost: Cost, error: ComputeError | None) -> dict[str, str]:
    """How compute and parameters are counted, if cost and table agree.

    Raises:
        SettingsError: the cost takes parameters to be counted otherwise than in the fit's table.
    """
    table = fit.runs.params_convention
    if cost.params_convention not in (None, table):
        raise SettingsError(
            f"The cost {cost.name} counts parameters as {cost.params_convention!r}, the fit's table as {table!r}; "
            f"give the cost shapes with params_convention={table!r}, or convert the fit."
        )
    name = cost.name if error is None else f"{cost.name}, sd {error.relative_sd:g}"
    return {"cost": name, "params_convention": table}


def _solve(law: Law, budgets: np.ndarray, cost: Cost) -> dict[Quantity, np.ndarray]:
    """Optimal plan of every draw (first axis of the law's parameters) at every budget."""
    if law.response.name != LOSS.name:
        raise LawError(f"allocate makes the loss least, and the law {law.name!r} predicts {law.response.label}.")
    if set(law.inputs()) != {"params", "tokens"}:
        raise LawError(f"allocate splits compute into params and tokens; the law {law.name!r} takes {law.inputs()}.")
    params, tokens = closed_optimum(law, budgets, cost) or numeric_optimum(law, budgets, cost)
    with computing():
        loss = curve(law, {"params": params, "tokens": tokens})
    return {PARAMS: params, TOKENS: tokens, TOKENS_PER_PARAM: tokens / params, LOSS: loss}
