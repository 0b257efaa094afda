"""The error of predictions that is learnt from other curves is the one that they were made with."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)


@pytest.fixture(scope="module")
def scoring():
    """The module, whose neighbours are imported by name."""
    sys.path.insert(0, str(FOLDER))
    try:
        import final_loss_table

        yield final_loss_table
    finally:
        sys.path.remove(str(FOLDER))


def predictions(curves: int, mean: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Draws that scatter by 0.01 around a centre; the truth is off by as much, and by another error."""
    rng = np.random.default_rng(0)
    centre = rng.normal(1.0, 0.1, curves)
    truth = centre + 0.01 * rng.standard_normal(curves) + mean + sd * rng.standard_normal(curves)
    return truth, centre[:, None] + 0.01 * rng.standard_normal((curves, 1000))


def test_the_error_beyond_the_draws_is_found(scoring):
    """Of 400 curves: standard errors of mean and sd are 0.0011 and about 0.0009."""
    mean, sd = scoring.learnt_error(*predictions(400, -0.02, 0.02))
    assert mean == pytest.approx(-0.02, abs=0.0045)
    assert sd == pytest.approx(0.02, abs=0.0036)


def test_with_it_intervals_of_another_group_hold_and_without_they_do_not(scoring):
    """300 curves of two groups: coverage of 90 % has a standard error of 1.7 %."""
    truth, draws = predictions(300, -0.02, 0.02)
    table = pd.DataFrame({"truth": np.exp(truth), "model": "m", "group": np.arange(300) % 2, "part": 1.0})
    inside = [(np.abs(scoring._scores(table, draws, learnt)["place"] - 0.5) < 0.45).mean() for learnt in (False, True)]
    assert inside[0] < 0.6
    assert inside[1] == pytest.approx(0.9, abs=0.06)
