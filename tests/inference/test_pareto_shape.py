"""Pareto shapes of many fits are ArviZ's of each, and what has no tail has none."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayescale.inference.pareto_shape import pareto_shapes

TAILS = {
    "light": lambda rng, shape: -rng.exponential(size=shape),
    "of shape one half": lambda rng, shape: 0.5 * rng.exponential(size=shape),
    "of shape two": lambda rng, shape: 2.0 * rng.exponential(size=shape),
    "bounded": lambda rng, shape: np.log(rng.uniform(0.5, 1.0, shape)),
    "with weights of zero": lambda rng, shape: np.where(rng.uniform(size=shape) < 0.3, -np.inf, rng.normal(size=shape)),
    "of few weights above zero": lambda rng, shape: np.where(np.arange(shape[1]) < 60, rng.normal(size=shape), -np.inf),
    "far below one": lambda rng, shape: rng.normal(size=shape) - 1e4,
}


def by_arviz(log_weight: np.ndarray) -> float:
    """It takes log likelihoods, whose negatives are the log weights of leaving one out, and no infinities."""
    return float(array_stats.psislw(-np.maximum(log_weight, -1e9))[1])


@pytest.mark.parametrize("draws", [60, 225, 226, 4200])
@pytest.mark.parametrize("tail", TAILS)
def test_shapes_are_those_of_arviz(tail, draws):
    """To rounding: sums of some hundred numbers, in another order."""
    log_weight = TAILS[tail](np.random.default_rng(1), (9, draws))
    np.testing.assert_allclose(pareto_shapes(log_weight), [by_arviz(row) for row in log_weight], rtol=1e-9, atol=1e-12)


def test_the_shape_of_a_pareto_distribution_is_found():
    """Of 4,200 draws the tail has 194: its shape is known to (1 + k) / sqrt(194), 0.11, and forty fits' mean to 0.02.

    The prior, worth ten draws at one half, is within that here.
    """
    weights = 0.5 * np.random.default_rng(2).exponential(size=(40, 4200))
    assert pareto_shapes(weights).mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    "log_weight",
    [np.full(100, -np.inf), np.zeros(100), np.random.default_rng(3).normal(size=20)],
    ids=["no weight", "equal weights", "too few draws"],
)
def test_what_has_no_tail_has_no_shape(log_weight):
    assert np.isnan(pareto_shapes(log_weight[None])).all()


def test_fits_are_measured_by_themselves():
    log_weight = np.random.default_rng(4).normal(size=(11, 500))
    log_weight[3] = -np.inf
    together = pareto_shapes(log_weight)
    np.testing.assert_array_equal(together, np.concatenate([pareto_shapes(row[None]) for row in log_weight]))
