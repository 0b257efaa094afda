"""Exponents of scaling curves: what is fitted, to which points, and that the standard error is one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "power_law.py"
if not PATH.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
SPEC = importlib.util.spec_from_file_location("benchmarks_power_law", PATH)
POWER_LAW = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = POWER_LAW  # a dataclass looks its module up
SPEC.loader.exec_module(POWER_LAW)
SIZES = np.repeat([100.0, 300.0, 1000.0, 3000.0], 3)


def test_a_power_law_is_found():
    law = POWER_LAW.fit_power_law(SIZES, 0.02 * SIZES**0.7, 100)
    assert (law.exponent, law.factor, law.least, law.most) == pytest.approx((0.7, 0.02, 100, 3000))
    assert law.error == pytest.approx(0.0, abs=1e-12)
    assert law(np.array([500.0]))[0] == pytest.approx(0.02 * 500**0.7)


def test_sizes_below_the_least_do_not_count():
    sizes = np.concatenate([[1.0, 3.0, 10.0], SIZES])
    costs = np.where(sizes < 100, 5.0, 0.02 * sizes**0.7)
    assert POWER_LAW.fit_power_law(sizes, costs, 100).exponent == pytest.approx(0.7)
    assert POWER_LAW.fit_power_law(sizes, costs, 1).exponent != pytest.approx(0.7, abs=0.1)


def test_the_standard_error_is_that_of_the_exponent():
    rng, repeats, degrees = np.random.default_rng(0), 2000, len(SIZES) - 2
    laws = [POWER_LAW.fit_power_law(SIZES, SIZES * np.exp(0.2 * rng.standard_normal(12)), 100) for _ in range(repeats)]
    squares = np.mean([((law.exponent - 1.0) / law.error) ** 2 for law in laws])
    # Squares of a Student-t with 10 degrees: mean 1.25, variance 3 * 1.25**2; four standard errors of their mean.
    assert squares == pytest.approx(degrees / (degrees - 2), abs=4 * np.sqrt(3 / repeats) * 1.25)


def test_too_few_points_have_no_exponent():
    with pytest.raises(ValueError, match="two sizes and three points from 1000 on, got 2 points"):
        POWER_LAW.fit_power_law([100.0, 1000.0, 3000.0], [1.0, 2.0, 3.0], 1000)
