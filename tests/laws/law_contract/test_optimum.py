"""Closed forms of the best split against the generic solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pytest

from bayescale.costs import Cost, SixND
from bayescale.decisions import allocate
from bayescale.decisions.optimum import numeric_optimum

from .designs import one_draw, prior_draws
from .marks import closed_form_law, law_with_exponent, splitting_law


@dataclass(frozen=True)
class Unrecognised(Cost):
    """The same compute as 6ND, of a class that no closed form knows; its inverse is the generic bisection."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens


@closed_form_law
def test_the_closed_form_optimum_is_the_generic_one(law):
    """To 1e-6: a fourth-order difference of width 0.02 misses the root by 0.02^4/30 times f5/f2, under 1e-6."""
    budgets = np.array([1e19, 1e21, 5.76e23, 1e26])
    batch = jax.tree.map(lambda leaf: np.asarray(leaf)[:, None], prior_draws(law))
    closed = batch.optimum(budgets, SixND())
    inside = np.all((closed[0] > 1e2) & (closed[0] < 1e18), axis=1)
    assert inside.mean() > 0.9
    batch = jax.tree.map(lambda leaf: leaf[inside], batch)
    for found, exact in zip(numeric_optimum(batch, budgets, SixND()), closed, strict=True):
        np.testing.assert_allclose(found, exact[inside], rtol=1e-6)


@closed_form_law
def test_allocating_with_a_cost_of_ones_own_gives_the_closed_form_plan(law):
    one = one_draw(prior_draws(law, 3, seed=4), 1)
    assert one.optimum(1e21, Unrecognised()) is None
    own, usual = (allocate(one, compute=[1e20, 1e24], cost=cost).draws for cost in (Unrecognised(), None))
    for name in usual:
        np.testing.assert_allclose(own[name], usual[name], rtol=1e-6)
    np.testing.assert_allclose(6 * usual["params"] * usual["tokens"], usual["compute"].values[None, None], rtol=1e-12)


@splitting_law
def test_no_neighbour_on_the_budget_line_is_better_than_the_optimum(law):
    plan = allocate(one_draw(prior_draws(law, 1), 0), compute=1e22).draws
    one = one_draw(prior_draws(law, 1), 0)
    params = float(plan["params"].values.item())
    for factor in (0.9, 1.1):
        assert one.at(params=factor * params, tokens=1e22 / (6 * factor * params)) > plan["loss"].values.item()


@law_with_exponent
def test_the_derived_exponent_is_the_slope_of_the_optimum(law):
    one = one_draw(prior_draws(law, 1), 0)
    low, high = (float(one.optimum(c, SixND())[0]) for c in (1e21, 1e23))
    assert np.log(high / low) / np.log(100) == pytest.approx(float(one.a), rel=1e-9)
