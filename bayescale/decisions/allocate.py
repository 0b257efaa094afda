"""Compute-optimal plans: how a budget splits into model size and tokens, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import Cost, SixND
from bayescale.decisions.draws import chain_draw, family_draws, group_label, largest_compute
from bayescale.decisions.inputs import positive_numbers
from bayescale.decisions.optimum import numeric_optimum
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import LawError, SettingsError
from bayescale.laws import Law

QUANTITIES = {"params": "parameters", "tokens": "tokens", "tokens_per_param": "tokens/parameter", "loss": "nats/token"}


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Draws of the compute-optimal plan: the posterior of the argmin, not the argmin of the mean.

    Args:
        group: the family, ``"(new family)"``, ``"(all)"``, or the name of a law for a law instance.
        draws: params, tokens, tokens_per_param and loss (the law's curve at the optimum) over chain, draw, budget,
            with coordinates compute (FLOP) and extrapolation.
    """

    group: str
    draws: xr.Dataset

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval per budget and quantity, in long form.

        Args:
            prob: probability of the interval.

        Returns:
            columns group, compute, quantity (params, tokens, tokens_per_param, loss), unit, prob, median, lower,
            upper, extrapolation: the budget over the largest compute in the data.
        """
        rows = []
        for quantity, unit in QUANTITIES.items():
            median, lower, upper = interval(self.draws[quantity], check_prob(prob), axis=(0, 1))
            rows.append(
                pd.DataFrame(
                    {
                        "group": self.group,
                        "compute": self.draws["compute"].to_numpy(),
                        "quantity": quantity,
                        "unit": unit,
                        "prob": float(prob),
                        "median": median,
                        "lower": lower,
                        "upper": upper,
                        "extrapolation": self.draws["extrapolation"].to_numpy(),
                    }
                )
            )
        whole = pd.concat(rows, ignore_index=True)
        order = {compute: i for i, compute in enumerate(self.draws["compute"].to_numpy())}
        return whole.sort_values("compute", key=lambda c: c.map(order), kind="stable", ignore_index=True)

    def __repr__(self) -> str:
        return f"Compute-optimal plan, {self.group}\n{self.table().to_string(index=False)}"


def allocate(fit: Fit | Law, *, compute: Any, cost: Cost | None = None, group: str | None = None) -> Plan:
    """Split budgets into model size and tokens so that the law's loss is least.

    Args:
        fit: a fit, or a law at parameter values, which gives a point answer.
        compute: budget or budgets in FLOP.
        cost: what a run costs; 6ND by default.
        group: a family of the fit; None is a new family, or the only one there is.

    Returns:
        a :class:`Plan`.

    Raises:
        SettingsError: budgets that are not positive, an unknown group, a cost that is none.
        LawError: a law that does not take params and tokens, or has no optimum at a budget.

    References:
        hoffmann2022training
    """
    budgets, cost = positive_numbers("compute", compute, "in FLOP"), SixND() if cost is None else cost
    if not isinstance(cost, Cost):
        raise SettingsError(f"cost must be a Cost such as costs.SixND(), got {cost!r}.")
    if isinstance(fit, Law):
        if group is not None:
            raise SettingsError("A law at parameter values has no families; leave the group out.")
        fields = {p.name: np.reshape(getattr(fit, p.name), (1, 1)) for p in fit.parameters}
        plan = _solve(fit.replace(**fields), budgets, cost)
        coords = {"compute": ("budget", budgets), "extrapolation": ("budget", np.full(budgets.size, np.nan))}
        draws = xr.Dataset({n: (("chain", "draw", "budget"), v[None]) for n, v in plan.items()}, coords=coords)
        return Plan(fit.name, draws)
    label = group_label(fit, group)
    with computing():
        values, _ = family_draws(fit, group, jax.random.key(seed_for(fit.seed, f"allocate/{group}")))
    own = {p.name: np.asarray(values[p.name])[:, None] for p in fit.law.parameters}
    plan = _solve(fit.model.law_at(own, fit.anchors), budgets, cost)
    beyond = budgets / largest_compute(fit, group)
    coords = {"compute": ("budget", budgets), "extrapolation": ("budget", beyond)}
    return Plan(label, chain_draw(fit, plan, "budget", coords))


def _solve(law: Law, budgets: np.ndarray, cost: Cost) -> dict[str, np.ndarray]:
    """Optimal plan of every draw (first axis of the law's parameters) at every budget."""
    if set(law.inputs()) != {"params", "tokens"}:
        raise LawError(f"allocate splits compute into params and tokens; the law {law.name!r} takes {law.inputs()}.")
    with computing():
        closed = law.optimum(budgets, cost)
    params, tokens = closed if closed is not None else numeric_optimum(law, budgets, cost)
    params, tokens = np.asarray(params, float), np.asarray(tokens, float)
    with computing():
        loss = np.asarray(law.at(params=params, tokens=tokens), float)
    return {"params": params, "tokens": tokens, "tokens_per_param": tokens / params, "loss": loss}
