"""Costs of curves and their slopes, and what of the law a curve has once."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from bayescale.inference.compressed import density
from bayescale.inference.compressed.compress import compress
from bayescale.inference.compressed.density import curve_costs
from bayescale.inference.compressed.points import log_likelihood_at, plausible_points

pytestmark = pytest.mark.usefixtures("double_precision")


def weighed(away, constant, linear, square, weight):
    return (weight[:, None] * curve_costs(away, constant, linear, square)).sum()


@pytest.mark.parametrize("nodes", [1, 5, density.WRITTEN_OUT, density.WRITTEN_OUT + 1])
def test_costs_and_slopes_are_those_of_the_whole_matrices(nodes):
    rng = np.random.default_rng(nodes)
    half = rng.normal(size=(3, nodes, nodes, 7))
    square, linear = half + half.transpose(0, 2, 1, 3), rng.normal(size=(3, nodes, 7))
    constant, away, weight = rng.normal(size=(3, 7)), rng.normal(size=(nodes, 7)), np.array([1.0, -1.6, 0.64])
    value, slope = jax.value_and_grad(weighed)(away, constant, linear, square, weight)
    product = np.einsum("aklc,lc->akc", square, away)
    costs = constant + np.einsum("akc,kc->ac", product - 2.0 * linear, away)
    assert value == pytest.approx((weight[:, None] * costs).sum(), rel=1e-12)
    assert slope == pytest.approx(2.0 * np.einsum("a,akc->kc", weight, product - linear), rel=1e-12, abs=1e-12)


def test_what_a_curve_has_once_is_kept_once_and_changes_nothing(table_of):
    runs, model, layout = table_of("ar1")
    found = compress(model, runs, layout)
    widths = sorted(part.shape[1] for part in found.arrays["fixed"])
    assert widths == [1, found.nodes]  # sizes, and tokens
    spread = tuple(np.broadcast_to(part, (part.shape[0], found.nodes)) for part in found.arrays["fixed"])
    points = plausible_points(model, found.pilot)
    one, other = (
        log_likelihood_at(model, points, found.arrays | {"fixed": fixed}) for fixed in (found.arrays["fixed"], spread)
    )
    assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-13)
